//! The record of the end of a launch. Space for it is reserved at the start, so
//! that it can be written when the disk is full.

use std::io;

use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError};
use super::record::{Durability, Reserve};
use crate::sys::reaper::{Ending, signal_name};

/// The name of the record.
pub const NAME: &str = "exit";

/// The end of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub generation: u64,
    /// The boot in which it ended.
    pub boot: String,
    /// The ending of the main process; `None` when nothing could learn it.
    pub ending: Option<Ending>,
    /// The time in milliseconds since the Unix epoch; `None` when it was not
    /// observed.
    pub at_wall_ms: Option<u64>,
    /// True when somebody had asked for it.
    pub requested: bool,
    /// True when a signal to its shim had asked for it, and no verb. With `requested`,
    /// systemd was asked to stop its scope.
    pub by_signal: bool,
    /// The stop step that ended it; empty when none was taken.
    pub ended_by: String,
    pub oom_killed: bool,
    /// True when the game had become ready.
    pub was_ready: bool,
    /// The number of processes that had outlived the main one and were killed.
    pub killed_leftovers: u32,
    /// Bytes of output that were lost on a full disk.
    pub lost_output: u64,
    /// Further facts for a person; empty when there are none.
    pub note: String,
}

impl Exit {
    /// Makes the record of an exit of which nothing is known but that it was.
    pub fn unseen(generation: u64, boot: String, requested: bool, note: &str) -> Self {
        Self {
            generation,
            boot,
            ending: None,
            at_wall_ms: None,
            requested,
            by_signal: false,
            ended_by: String::new(),
            oom_killed: false,
            was_ready: false,
            killed_leftovers: 0,
            lost_output: 0,
            note: note.to_owned(),
        }
    }

    /// Returns the exit code, when the main process exited by itself.
    pub fn code(&self) -> Option<i32> {
        match self.ending {
            Some(Ending::Code(code)) => Some(code),
            _ => None,
        }
    }

    /// Returns the name of the signal that ended the main process.
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
        document.push_some("by_signal", self.by_signal.then_some(true));
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
            by_signal: document.parse("by_signal").unwrap_or(false),
            ended_by: document.parse("ended_by").unwrap_or_default(),
            oom_killed: document.parse("oom_killed").unwrap_or(false),
            was_ready: document.parse("was_ready").unwrap_or(false),
            killed_leftovers: document.parse("killed_leftovers").unwrap_or(0),
            lost_output: document.parse("lost_output").unwrap_or(0),
            note: document.parse("note").unwrap_or_default(),
        })
    }
}

/// Reads the last exit; `None` when there was none.
pub fn read(dir: &InstanceDir) -> Result<Option<Exit>, ReadError> {
    dir.read(NAME, Exit::from_document)
}

/// Returns the exit of this launch that its shim had written into the reserve when
/// it was killed, before it could give it its name.
pub fn written(dir: &InstanceDir, generation: u64) -> Option<Exit> {
    let exit = dir.read_reserve(NAME, Exit::from_document);
    exit.filter(|exit| exit.generation == generation)
}

/// Reserves space for the exit of a launch to come.
///
/// # Errors
/// Fails where the disk is full: nothing should be started then.
pub fn reserve(dir: &InstanceDir) -> io::Result<Reserve> {
    dir.reserve(NAME)
}

/// Writes an exit into its reserve or, where that is gone, a new file, and makes
/// it the last one. Before the name is durable, [`written`] finds it after a power
/// cut.
///
/// # Errors
/// Fails when neither can be written.
pub fn write(dir: &InstanceDir, reserve: Option<&Reserve>, exit: &Exit, durability: Durability) -> io::Result<()> {
    dir.write(NAME, &exit.to_document(), reserve, durability)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::format::Checksum;
    use crate::store::testing::instance;

    fn sample(ending: Option<Ending>) -> Exit {
        Exit {
            generation: 3,
            boot: "b".into(),
            ending,
            at_wall_ms: Some(77),
            requested: true,
            by_signal: true,
            ended_by: "stdin: say \"bye\"\u{1b}".into(),
            oom_killed: true,
            was_ready: true,
            killed_leftovers: 2,
            lost_output: 5,
            note: String::new(),
        }
    }

    #[test]
    fn round_trip_through_the_reserve() {
        let (_tmp, dir) = instance();
        assert_eq!(read(&dir).unwrap(), None);
        let endings = [
            None,
            Some(Ending::Code(0)),
            Some(Ending::Code(255)),
            Some(Ending::Signal(9, false)),
            Some(Ending::Signal(11, true)),
        ];
        for ending in endings {
            let reserve = reserve(&dir).unwrap();
            let exit = sample(ending);
            write(&dir, Some(&reserve), &exit, Durability::Now).unwrap();
            assert_eq!(read(&dir).unwrap(), Some(exit));
        }
        assert_eq!((sample(None).code(), sample(None).signal()), (None, None));
        let unseen = Exit::unseen(9, "b".into(), false, "why");
        write(&dir, None, &unseen, Durability::Now).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(unseen));
    }

    #[test]
    fn an_exit_written_again_after_a_failure_is_still_the_last_one() {
        let (_tmp, dir) = instance();
        let before = sample(None);
        write(&dir, reserve(&dir).ok().as_ref(), &before, Durability::Now).unwrap();
        let reserve = reserve(&dir).unwrap();
        let exit = sample(Some(Ending::Code(4)));
        for _ in 0..2 {
            write(&dir, Some(&reserve), &exit, Durability::WithFolder).unwrap();
            assert_eq!(read(&dir).unwrap().as_ref(), Some(&exit));
            assert_eq!(dir.read_reserve(NAME, Exit::from_document).as_ref(), Some(&before));
        }
        // The reserve has lost both names: what stands under them is another
        // exit's.
        write(&dir, None, &before, Durability::Now).unwrap();
        write(&dir, Some(&reserve), &exit, Durability::Now).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(exit));
        assert!(!dir.is_still(NAME, &std::fs::File::open(dir.path().join("exit.next")).unwrap()));
    }

    #[test]
    fn every_truncation_is_damage_and_never_no_exit() {
        let (_tmp, dir) = instance();
        let exit = sample(Some(Ending::Code(3)));
        write(&dir, reserve(&dir).ok().as_ref(), &exit, Durability::Now).unwrap();
        let whole = std::fs::read(dir.path().join(NAME)).unwrap();
        let text = exit.to_document().to_text(NAME, 1, Checksum::Crc32);
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
