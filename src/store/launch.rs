//! The record of the current or last launch: the identity of the game, the time,
//! and the frame in which its pid is to be read. The shim writes it before the
//! game's first instruction.

use std::io;

use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError};
use super::record::Durability;
use crate::sys::host::Frame;
use crate::sys::procfs::ProcessId;
use crate::sys::tree::Mark;

/// The name of the record.
pub const NAME: &str = "launch";

/// The FIFO behind a game's standard input.
pub const INPUT: &str = "in";

/// A place in the console log that survives rotation: a file by its inode, and
/// a byte in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct LogPosition {
    /// The inode of the file that was current.
    pub inode: u64,
    /// The number of bytes that it held.
    pub offset: u64,
}

/// The time at which an instance became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReadyAt {
    /// On the boot-time clock, in milliseconds.
    pub boot_ms: u64,
    /// On the wall clock, in milliseconds.
    pub wall_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The launches of an instance are numbered, upwards.
    pub generation: u64,
    /// The frame in which the pids are to be read.
    pub frame: Frame,
    pub shim: ProcessId,
    /// The game.
    pub main: ProcessId,
    pub launched_wall_ms: u64,
    pub launched_boot_ms: u64,
    /// The beginning of its output in the console log.
    pub log: LogPosition,
    /// The number of the pipe behind its standard output and error; 0 when it
    /// has a pseudo-terminal.
    pub output: u64,
    pub ready: Option<ReadyAt>,
    /// The automatic restarts since the last start by a verb.
    pub restarts: u32,
    /// True when the shim took over a game that it did not start: it then cannot
    /// know every exit code.
    pub adopted: bool,
    /// The tag of the game's processes: see [`InstanceDir::tree_tag`]. A record
    /// with the tag of another folder was copied from there. It is empty in a
    /// record from before there were tags.
    pub tree_tag: String,
    /// The random token in the environment of each of its processes, and of no
    /// other: see [`crate::sys::host::random_token`]. It is empty in a record from before there
    /// were tokens.
    pub token: String,
    /// The real users that its processes were seen to run as.
    pub users: Vec<u32>,
}

/// Returns the variable, as `NAME=value`, in the environment of every process of the
/// launch with this token.
pub fn token_entry(token: &str) -> String {
    format!("GAMECTL_TOKEN={token}")
}

impl Launch {
    /// Returns true unless the record was copied from another folder.
    pub fn is_of(&self, dir: &InstanceDir) -> bool {
        self.tree_tag.is_empty() || dir.tree_tag().is_ok_and(|tag| tag == self.tree_tag)
    }

    /// Returns what its processes are known by.
    pub fn mark(&self, dir: &InstanceDir) -> io::Result<Mark> {
        if self.token.is_empty() || !self.is_of(dir) {
            return Ok(Mark::of_anybody(dir.tree_tag()?));
        }
        Ok(Mark {
            entry: token_entry(&self.token),
            users: self.users.clone(),
        })
    }

    fn to_document(&self) -> Document {
        let mut document = Document::default()
            .with("generation", self.generation)
            .with("boot", &self.frame.boot)
            .with("machine", &self.frame.machine)
            .with("namespaces", &self.frame.namespaces)
            .with("shim", id_text(self.shim))
            .with("main", id_text(self.main))
            .with("launched_wall_ms", self.launched_wall_ms)
            .with("launched_boot_ms", self.launched_boot_ms)
            .with("log_inode", self.log.inode)
            .with("log_offset", self.log.offset)
            .with("output", self.output)
            .with("restarts", self.restarts)
            .with("adopted", self.adopted)
            .with("mark", &self.tree_tag)
            .with("gamectl", env!("CARGO_PKG_VERSION"));
        if !self.token.is_empty() {
            document.push("token", &self.token);
            let users: Vec<String> = self.users.iter().map(u32::to_string).collect();
            document.push("users", users.join(","));
        }
        if let Some(ready) = self.ready {
            document.push("ready_boot_ms", ready.boot_ms);
            document.push("ready_wall_ms", ready.wall_ms);
        }
        document
    }

    fn from_document(document: &Document) -> Result<Self, ParseError> {
        let ready = match (document.parse("ready_boot_ms"), document.parse("ready_wall_ms")) {
            (Some(boot_ms), Some(wall_ms)) => Some(ReadyAt { boot_ms, wall_ms }),
            _ => None,
        };
        Ok(Self {
            generation: document.require("generation")?,
            frame: Frame {
                boot: document.require("boot")?,
                machine: document.require("machine")?,
                namespaces: document.require("namespaces")?,
            },
            shim: parse_id(document.get("shim"))?,
            main: parse_id(document.get("main"))?,
            launched_wall_ms: document.require("launched_wall_ms")?,
            launched_boot_ms: document.require("launched_boot_ms")?,
            log: LogPosition {
                inode: document.require("log_inode")?,
                offset: document.require("log_offset")?,
            },
            output: document.parse("output").unwrap_or(0),
            ready,
            restarts: document.require("restarts")?,
            adopted: document.parse("adopted").unwrap_or(false),
            tree_tag: document.parse("mark").unwrap_or_default(),
            token: document.parse("token").unwrap_or_default(),
            users: document.get("users").map(users_of).unwrap_or_default(),
        })
    }
}

fn users_of(text: &str) -> Vec<u32> {
    text.split(',').filter_map(|user| user.parse().ok()).collect()
}

/// Writes a process as text: `pid,start`.
pub fn id_text(id: ProcessId) -> String {
    format!("{},{}", id.pid, id.start)
}

/// Parses what [`id_text`] wrote.
///
/// # Errors
/// Fails when it is something else, or names a process that no game can be.
pub fn parse_id(text: Option<&str>) -> Result<ProcessId, ParseError> {
    let parsed = text.and_then(|text| {
        let (pid, start) = text.split_once(',')?;
        let id = ProcessId {
            pid: pid.parse().ok()?,
            start: start.parse().ok()?,
        };
        // 0, 1 and negative numbers mean whole groups, or everybody, to kill(2).
        (id.pid > 1).then_some(id)
    });
    parsed.ok_or(ParseError::Damaged("it names no process"))
}

/// Reads the record; `None` when the instance was never launched.
pub fn read(dir: &InstanceDir) -> Result<Option<Launch>, ReadError> {
    dir.read(NAME, Launch::from_document)
}

/// Writes the record, under the shim's lock. After a power cut the one before may
/// be back, which makes no difference: neither is of that boot.
pub fn write(dir: &InstanceDir, launch: &Launch) -> std::io::Result<()> {
    let reserve = dir.reserve(NAME)?;
    // A game waits for this. What is overwritten in place needs no disk: it stays
    // whole, as one record or the other.
    let durability = match reserve.is_new {
        true => Durability::WithFolder,
        false => Durability::ThisBoot,
    };
    dir.write(NAME, &launch.to_document(), Some(&reserve), durability)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::store::testing::instance;

    pub(crate) fn sample() -> Launch {
        Launch {
            generation: 7,
            frame: Frame {
                boot: "boot".into(),
                machine: String::new(),
                namespaces: "pid:1 time:2".into(),
            },
            shim: ProcessId { pid: 100, start: 5 },
            main: ProcessId { pid: 101, start: 6 },
            launched_wall_ms: 1,
            launched_boot_ms: 2,
            log: LogPosition { inode: 3, offset: 4 },
            output: 5,
            ready: None,
            restarts: 0,
            adopted: false,
            tree_tag: "GAMECTL_TREE=1-2".into(),
            token: "ab".into(),
            users: vec![0, 7],
        }
    }

    #[test]
    fn round_trip() {
        let (_tmp, dir) = instance();
        assert_eq!(read(&dir).unwrap(), None);
        let mut launch = sample();
        write(&dir, &launch).unwrap();
        assert_eq!(read(&dir).unwrap().as_ref(), Some(&launch));
        launch.ready = Some(ReadyAt { boot_ms: 8, wall_ms: 9 });
        launch.adopted = true;
        write(&dir, &launch).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(launch));
    }

    #[test]
    fn a_record_cannot_name_everybody() {
        for text in ["0,5", "1,5", "-1,5", "5", "", "a,b", "99999999999,1"] {
            assert!(parse_id(Some(text)).is_err(), "{text}");
        }
        assert!(parse_id(None).is_err());
        assert_eq!(parse_id(Some("2,3")).unwrap(), ProcessId { pid: 2, start: 3 });
    }
}
