//! The record of what an instance was last started by: its plane and its host, and what
//! these need to find it again once it has left the inventory.
//!
//! The plane `process` finds its games on this machine by the other records, so the file
//! is missing as long as an instance was never started by another plane, or elsewhere.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::fstatat;

use super::dir::StateDir;
use super::folder::{InstanceDir, ReadError};
use super::format::Document;
use super::record::Durability;
use super::{intent, launch, stack};
use crate::event::Want;

const NAME: &str = "origin";

const PLANE: &str = "plane";
const STOPPED: &str = "stopped";
const PROCESS: &str = "process";
const STACK: &str = "docker_compose";

/// A plane, with its own facts about one instance, and those of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    document: Document,
}

impl Origin {
    pub fn of(plane: &str) -> Self {
        Self {
            document: Document::default().with(PLANE, plane),
        }
    }

    /// Adds a fact of the plane.
    pub fn push(&mut self, key: &str, value: impl std::fmt::Display) {
        self.document.push(key, value);
    }

    pub fn plane(&self) -> &str {
        self.document.get(PLANE).unwrap_or(PROCESS)
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.document.get(key)
    }

    /// Returns the values of a key that may stand several times.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.document.all(key)
    }

    /// Returns true if a stop has found, or left, nothing of it running.
    pub fn is_stopped(&self) -> bool {
        self.document.get(STOPPED).is_some()
    }
}

/// Returns true if [`read`] may find something. This opens nothing: `status` asks
/// it of each instance that has no living shim.
pub fn may_be_on_record(state: &StateDir, id: &str) -> bool {
    let is_missing = |name: &&str| {
        let path = format!("instances/{id}/{name}");
        let found = fstatat(state.as_fd(), path.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
        found == Err(Errno::ENOENT)
    };
    ![NAME, stack::NAME].iter().all(is_missing)
}

/// Reads the record; `None` if the instance was never started, or by the plane
/// `process` alone.
pub fn read(dir: &InstanceDir) -> Result<Option<Origin>, ReadError> {
    let read = dir.read(NAME, |document| {
        document.require::<String>(PLANE)?;
        Ok(Origin {
            document: document.clone(),
        })
    });
    match read? {
        Some(origin) => Ok(Some(origin)),
        None => older(dir),
    }
}

/// Returns what the records of a gamectl without this record say: a stack that
/// no launch followed was started by the plane `docker_compose`. They do not say
/// which project it was.
fn older(dir: &InstanceDir) -> Result<Option<Origin>, ReadError> {
    let Some(stack) = stack::read(dir)? else {
        return Ok(None);
    };
    let is_later = |launch: &launch::Launch| launch.launched_wall_ms > stack.started_wall_ms;
    let was_followed = matches!(launch::read(dir), Ok(Some(launch)) if is_later(&launch));
    let mut origin = Origin::of(STACK);
    if matches!(intent::read(dir), Ok(Some(intent)) if intent.want == Want::Stopped) {
        origin.push(STOPPED, true);
    }
    Ok((!was_followed).then_some(origin))
}

/// Puts a start on record, unless the same is on record.
pub fn record(dir: &InstanceDir, origin: &Origin) -> io::Result<()> {
    match read(dir) {
        Ok(None) if *origin == Origin::of(PROCESS) => return Ok(()),
        Ok(Some(old)) if old == *origin => return Ok(()),
        Err(ReadError::Damaged(..)) => drop(dir.quarantine(NAME)?),
        Err(error @ ReadError::Future(..)) => return Err(io::Error::other(error.to_string())),
        _ => {}
    }
    write(dir, &origin.document)
}

/// Puts on record that nothing of the instance runs any more.
pub fn record_stopped(dir: &InstanceDir) -> io::Result<()> {
    match read(dir) {
        Ok(Some(origin)) if !origin.is_stopped() => write(dir, &origin.document.with(STOPPED, true)),
        _ => Ok(()),
    }
}

/// A power cut must not take the record away: containers come back after it.
fn write(dir: &InstanceDir, document: &Document) -> io::Result<()> {
    dir.write(NAME, document, None, Durability::Now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stack::Stack;
    use crate::store::testing::{instance, state};

    fn stack_of_shop() -> Origin {
        let mut origin = Origin::of(STACK);
        origin.push("project", "shop");
        origin
    }

    #[test]
    fn what_is_recorded_is_read() {
        let (_tmp, state) = state();
        let dir = state.create_instance("a").unwrap();
        record(&dir, &Origin::of(PROCESS)).unwrap();
        assert!(!dir.path().join(NAME).exists(), "a process needs no record");
        record_stopped(&dir).unwrap();
        assert_eq!(read(&dir).unwrap(), None);
        assert!(!may_be_on_record(&state, "a"));
        record(&dir, &stack_of_shop()).unwrap();
        assert!(may_be_on_record(&state, "a"));
        assert_eq!(read(&dir).unwrap(), Some(stack_of_shop()));
        record_stopped(&dir).unwrap();
        let stopped = read(&dir).unwrap().unwrap();
        assert!(stopped.is_stopped() && stopped.get("project") == Some("shop"));
        record(&dir, &stack_of_shop()).unwrap();
        assert!(!read(&dir).unwrap().unwrap().is_stopped());
        record(&dir, &Origin::of(PROCESS)).unwrap();
        assert_eq!(read(&dir).unwrap().unwrap().plane(), PROCESS);
    }

    #[test]
    fn a_newer_record_is_left_alone_and_a_damaged_one_quarantined() {
        let (_tmp, dir) = instance();
        let put = |text: &str| std::fs::write(dir.path().join(NAME), text).unwrap();
        put("gamectl origin 2\nplane ferry\n");
        assert!(matches!(read(&dir), Err(ReadError::Future(_, 2))));
        assert!(record(&dir, &stack_of_shop()).is_err());
        put("noise");
        assert!(matches!(read(&dir), Err(ReadError::Damaged(..))));
        record(&dir, &stack_of_shop()).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(stack_of_shop()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn the_stack_of_an_older_gamectl_is_one_of_compose() {
        let (_tmp, state) = state();
        let dir = state.create_instance("a").unwrap();
        stack::write(&dir, &Stack::default()).unwrap();
        assert!(may_be_on_record(&state, "a"));
        let origin = read(&dir).unwrap().unwrap();
        assert_eq!((origin.plane(), origin.get("project")), (STACK, None));
        assert!(!origin.is_stopped());
        intent::write(&dir, intent::Intent::now(Want::Stopped), Durability::Now).unwrap();
        assert!(read(&dir).unwrap().unwrap().is_stopped());
    }
}
