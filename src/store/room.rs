//! Files that are overwritten in room that they have had since an earlier
//! time: nothing is asked of the filesystem then, so that they can be written
//! when the disk is full, and syncing one costs no more than its one block.
//!
//! There are two files: the one that counts, and its reserve. What is new is
//! written into the reserve, which then swaps names with the other. Only one
//! process at a time may do that: the one that holds the shim's lock.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::folder::{InstanceDir, ReadError};

/// The room of one file, in bytes: one block, which is more than any of our
/// records takes.
const SIZE: usize = 4096;

/// Room on the disk for one record.
#[derive(Debug)]
pub struct Room {
    file: File,
    /// Whether it has been made just now, and never been synced.
    is_new: bool,
}

impl Room {
    /// The room that is reserved under this name; `None` when there is none
    /// that is whole.
    pub(super) fn find(dir: &InstanceDir, reserve: &str) -> Option<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let file = File::from(openat(dir.as_fd(), reserve, flags, Mode::empty()).ok()?);
        let stat = nix::sys::stat::fstat(&file).ok()?;
        let plain = stat.st_mode & libc::S_IFMT == libc::S_IFREG;
        let is_whole = plain && stat.st_size == SIZE as i64 && stat.st_blocks > 0 && stat.st_nlink == 1;
        is_whole.then_some(Self { file, is_new: false })
    }

    /// Room under this name, found or made. Before it is filled or settled, a
    /// power cut may take it away.
    ///
    /// # Errors
    /// `ENOSPC` and the like.
    pub(super) fn find_or_make(dir: &InstanceDir, reserve: &str) -> io::Result<Self> {
        if let Some(room) = Self::find(dir, reserve) {
            return Ok(room);
        }
        let file = dir.create_file(reserve)?;
        // Real bytes: on some filesystems an allocation alone promises nothing.
        file.write_all_at(&[b'\n'; SIZE], 0)?;
        Ok(Self { file, is_new: true })
    }

    /// Makes room that is new durable, but for its name.
    ///
    /// # Errors
    /// A broken disk, or one that has promised more than it has.
    pub fn settle(&self) -> io::Result<()> {
        if self.is_new {
            nix::unistd::fsync(&self.file)?;
        }
        Ok(())
    }

    /// Writes a record into the room, durably.
    ///
    /// # Errors
    /// A broken disk, or a record that is larger than any of ours.
    pub(super) fn fill(&self, record: &str) -> io::Result<()> {
        self.put(record)?;
        self.sync()
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// A broken disk.
    pub fn sync(&self) -> io::Result<()> {
        Ok(nix::unistd::fdatasync(&self.file)?)
    }

    /// Writes a record into the room.
    ///
    /// # Errors
    /// As [`Room::fill`].
    pub(super) fn put(&self, record: &str) -> io::Result<()> {
        let mut bytes = record.as_bytes().to_vec();
        if bytes.len() > SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // The rest is filled with newlines, which a reader takes off: the
        // length of the file never changes.
        bytes.resize(SIZE, b'\n');
        self.file.write_all_at(&bytes, 0)
    }

    /// Whether the room has this name.
    pub(super) fn is(&self, dir: &InstanceDir, name: &str) -> bool {
        dir.is_still(name, &self.file)
    }
}

/// Reads a record that is written this way; `None` when there is none.
///
/// # Errors
/// When it is there and cannot be read.
pub(super) fn read<T>(
    dir: &InstanceDir,
    name: &str,
    parse: impl Fn(&[u8]) -> Result<T, ReadError>,
) -> Result<Option<T>, ReadError> {
    let mut torn = None;
    loop {
        let Some(bytes) = dir.read(name)? else { return Ok(None) };
        let parsed = parse(without_padding(&bytes));
        // A file that was opened, and lost its name, may be written while it
        // is read. What is really damaged reads the same twice.
        if matches!(parsed, Err(ReadError::Damaged(..))) && torn.as_ref() != Some(&bytes) {
            torn = Some(bytes);
            continue;
        }
        return parsed.map(Some);
    }
}

fn without_padding(bytes: &[u8]) -> &[u8] {
    let padding = bytes.iter().rev().take_while(|b| **b == b'\n').count();
    let used = bytes.len() - padding.saturating_sub(1);
    bytes.get(..used).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StateDir;

    #[test]
    fn a_reader_that_is_overtaken_reads_again() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        let torn = |bytes: &[u8]| match bytes {
            b"whole\n" => Ok(()),
            _ => {
                // Somebody finishes writing while we look at half of it.
                std::fs::write(dir.path().join("x"), "whole\n\n\n").unwrap();
                Err(ReadError::Damaged(dir.path().join("x"), "torn".to_owned()))
            }
        };
        std::fs::write(dir.path().join("x"), "who").unwrap();
        assert!(matches!(read(&dir, "x", torn), Ok(Some(()))));
        let damaged = |_: &[u8]| Err::<(), _>(ReadError::Damaged(dir.path().join("x"), "torn".to_owned()));
        assert!(matches!(read(&dir, "x", damaged), Err(ReadError::Damaged(..))));
    }

    #[test]
    fn room_that_is_not_whole_is_none() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        assert!(Room::find(&dir, "r").is_none());
        let made = Room::find_or_make(&dir, "r").unwrap();
        assert!(made.is_new);
        made.settle().unwrap();
        let found = Room::find_or_make(&dir, "r").unwrap();
        assert!(!found.is_new);
        assert!(found.is(&dir, "r") && !found.is(&dir, "x"));
        assert!(found.fill(&"x".repeat(SIZE + 1)).is_err());
        std::fs::write(dir.path().join("r"), "short").unwrap();
        assert!(Room::find(&dir, "r").is_none());
        std::fs::remove_file(dir.path().join("r")).unwrap();
        std::fs::create_dir(dir.path().join("r")).unwrap();
        assert!(Room::find(&dir, "r").is_none());
    }
}
