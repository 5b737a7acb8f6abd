//! How a launch ended. Room for it is reserved at the start, so that it can be
//! written when the disk is full.

use std::io;

use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError, Seal};
use super::room::{self, Room};
use crate::sys::reaper::{Ending, signal_name};

const NAME: &str = "exit";
const RESERVED: &str = "exit.next";
const KIND: &str = "exit";
const VERSION: u32 = 1;

/// How a launch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Which launch.
    pub generation: u64,
    /// The boot in which it ended.
    pub boot: String,
    /// How the main process ended; `None` when nobody could know.
    pub ending: Option<Ending>,
    /// When it ended, in milliseconds since the Unix epoch; `None` when
    /// nobody saw it.
    pub at_wall_ms: Option<u64>,
    /// Whether somebody had asked for it.
    pub requested: bool,
    /// The stop step that it is owed to; empty when none was taken.
    pub ended_by: String,
    /// Whether the out-of-memory killer was at work.
    pub oom_killed: bool,
    /// Whether the game had become ready.
    pub was_ready: bool,
    /// How many processes that had outlived the main one were killed.
    pub killed_leftovers: u32,
    /// Bytes of output that were lost on a full disk.
    pub lost_output: u64,
    /// What else a person should know; empty when there is nothing.
    pub note: String,
}

impl Exit {
    /// An exit of which nothing is known but that it was.
    pub fn unseen(generation: u64, boot: String, requested: bool, note: &str) -> Self {
        Self {
            generation,
            boot,
            ending: None,
            at_wall_ms: None,
            requested,
            ended_by: String::new(),
            oom_killed: false,
            was_ready: false,
            killed_leftovers: 0,
            lost_output: 0,
            note: note.to_owned(),
        }
    }

    /// The exit code, when the main process exited by itself.
    pub fn code(&self) -> Option<i32> {
        match self.ending {
            Some(Ending::Code(code)) => Some(code),
            _ => None,
        }
    }

    /// The name of the signal that ended the main process.
    pub fn signal(&self) -> Option<String> {
        match self.ending {
            Some(Ending::Signal(signal, _)) => Some(signal_name(signal)),
            _ => None,
        }
    }

    fn to_document(&self) -> Document {
        let mut document = Document::default()
            .with("generation", self.generation)
            .with("boot", &self.boot)
            .with("requested", self.requested)
            .with("ended_by", &self.ended_by)
            .with("oom_killed", self.oom_killed)
            .with("was_ready", self.was_ready)
            .with("killed_leftovers", self.killed_leftovers)
            .with("lost_output", self.lost_output)
            .with("note", &self.note);
        document.push_some("at_wall_ms", self.at_wall_ms);
        match self.ending {
            Some(Ending::Code(code)) => document.push("code", code),
            Some(Ending::Signal(signal, core)) => {
                document.push("signal", signal);
                document.push("core", core);
            }
            None => {}
        }
        document
    }

    fn from_document(document: &Document) -> Result<Self, ParseError> {
        let ending = match (document.parse("code"), document.parse("signal")) {
            (Some(code), _) => Some(Ending::Code(code)),
            (None, Some(signal)) => Some(Ending::Signal(signal, document.parse("core").unwrap_or(false))),
            (None, None) => None,
        };
        Ok(Self {
            generation: document.require("generation")?,
            boot: document.require("boot")?,
            ending,
            at_wall_ms: document.parse("at_wall_ms"),
            requested: document.require("requested")?,
            ended_by: document.parse("ended_by").unwrap_or_default(),
            oom_killed: document.parse("oom_killed").unwrap_or(false),
            was_ready: document.parse("was_ready").unwrap_or(false),
            killed_leftovers: document.parse("killed_leftovers").unwrap_or(0),
            lost_output: document.parse("lost_output").unwrap_or(0),
            note: document.parse("note").unwrap_or_default(),
        })
    }

    fn to_text(&self) -> String {
        self.to_document().to_text(KIND, VERSION, Seal::Checksum)
    }
}

/// Reads the last exit; `None` when there was none.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(dir: &InstanceDir) -> Result<Option<Exit>, ReadError> {
    read_from(dir, NAME)
}

/// The exit of this launch as its shim had written it into its reserved room
/// when it was killed, before it could put it in its place.
pub fn written(dir: &InstanceDir, generation: u64) -> Option<Exit> {
    let exit = read_from(dir, RESERVED).ok().flatten();
    exit.filter(|exit| exit.generation == generation)
}

fn read_from(dir: &InstanceDir, name: &str) -> Result<Option<Exit>, ReadError> {
    room::read(dir, name, |bytes| {
        dir.parse(name, bytes, KIND, VERSION, Exit::from_document)
    })
}

/// Puts a damaged exit out of the way.
///
/// # Errors
/// What `renameat(2)` said.
pub fn set_aside(dir: &InstanceDir) -> io::Result<String> {
    dir.set_aside(NAME)
}

/// Reserves room for the exit of a launch to come, which is durable once it is
/// settled. The room of an earlier launch is used again.
///
/// # Errors
/// `ENOSPC` and the like: nothing should be started then.
pub fn reserve(dir: &InstanceDir) -> io::Result<Room> {
    Room::find_or_make(dir, RESERVED)
}

/// Writes an exit into its reserved room, durably, and makes it the last one.
/// The room of the exit that it replaces is the reserve of the next. That the
/// two have swapped names is durable once the folder is synced; until then
/// [`written`] finds it after a power cut.
///
/// # Errors
/// When even that failed: a read-only filesystem, a broken disk.
pub fn write(dir: &InstanceDir, room: &Room, exit: &Exit) -> io::Result<()> {
    room.fill(&exit.to_text())?;
    give_name(dir, room)
}

fn give_name(dir: &InstanceDir, room: &Room) -> io::Result<()> {
    if room.is(dir, NAME) {
        // An earlier try got as far as that: swapped again, the names would
        // give the exit of the launch before.
        return Ok(());
    }
    if !room.is(dir, RESERVED) {
        return Err(io::ErrorKind::NotFound.into());
    }
    dir.swap(RESERVED, NAME)
}

/// Writes an exit for which no room was reserved.
///
/// # Errors
/// When it could not be written.
pub fn write_unreserved(dir: &InstanceDir, exit: &Exit) -> io::Result<()> {
    dir.replace(NAME, exit.to_text().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StateDir;

    fn sample(ending: Option<Ending>) -> Exit {
        Exit {
            generation: 3,
            boot: "b".into(),
            ending,
            at_wall_ms: Some(77),
            requested: true,
            ended_by: "stdin: say \"bye\"\u{1b}".into(),
            oom_killed: true,
            was_ready: true,
            killed_leftovers: 2,
            lost_output: 5,
            note: String::new(),
        }
    }

    #[test]
    fn round_trip_through_the_reserved_room() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        assert_eq!(read(&dir).unwrap(), None);
        let endings = [
            None,
            Some(Ending::Code(0)),
            Some(Ending::Code(255)),
            Some(Ending::Signal(9, false)),
            Some(Ending::Signal(11, true)),
        ];
        for ending in endings {
            let room = reserve(&dir).unwrap();
            let exit = sample(ending);
            write(&dir, &room, &exit).unwrap();
            assert_eq!(read(&dir).unwrap(), Some(exit));
        }
        let unseen = Exit::unseen(9, "b".into(), false, "why");
        write_unreserved(&dir, &unseen).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(unseen));
    }

    #[test]
    fn an_exit_written_again_after_a_failure_is_still_the_last_one() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        write(&dir, &reserve(&dir).unwrap(), &sample(None)).unwrap();
        let room = reserve(&dir).unwrap();
        let exit = sample(Some(Ending::Code(4)));
        for _ in 0..2 {
            write(&dir, &room, &exit).unwrap();
            assert_eq!(read(&dir).unwrap().as_ref(), Some(&exit));
        }
        // The reserved room has lost both names: what stands under them is
        // another exit's.
        write_unreserved(&dir, &exit).unwrap();
        assert!(write(&dir, &room, &exit).is_err());
        assert_eq!(read(&dir).unwrap(), Some(exit));
    }

    #[test]
    fn every_truncation_is_damage_and_never_no_exit() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        let exit = sample(Some(Ending::Code(3)));
        write(&dir, &reserve(&dir).unwrap(), &exit).unwrap();
        let whole = dir.read(NAME).unwrap().unwrap();
        let text = exit.to_text();
        for cut in 0..whole.len() {
            std::fs::write(dir.path().join(NAME), &whole[..cut]).unwrap();
            match read(&dir) {
                Err(ReadError::Damaged(..)) => assert!(cut < text.len()),
                Ok(Some(read)) => {
                    assert!(cut >= text.len());
                    assert_eq!(read, exit);
                }
                other => panic!("cut at {cut}: {other:?}"),
            }
        }
    }
}
