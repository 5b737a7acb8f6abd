//! The record of a command before a start that is under way: it outlives a gamectl that
//! was killed, and no other one is begun beside it.

use std::io;

use super::folder::InstanceDir;
use super::format::Document;
use super::record::Durability;
use crate::sys::procfs::ProcessId;

const NAME: &str = "before_start";

/// Returns the command that was under way when this was last written; `None` where it has
/// ended, or nobody knows.
pub fn read(dir: &InstanceDir) -> Option<ProcessId> {
    let read = dir.read(NAME, |document| {
        Ok(ProcessId {
            pid: document.require("pid")?,
            start: document.require("start")?,
        })
    });
    read.ok().flatten()
}

/// Puts a command on record.
///
/// # Errors
/// When that cannot be written.
pub fn write(dir: &InstanceDir, of: ProcessId) -> io::Result<()> {
    let document = Document::default().with("pid", of.pid).with("start", of.start);
    dir.write(NAME, &document, None, Durability::ThisBoot)
}

/// Removes the record, if there is one.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(dir: &InstanceDir) -> io::Result<()> {
    match dir.remove(NAME) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn it_is_there_until_the_command_has_ended() {
        let (_tmp, dir) = instance();
        assert_eq!(read(&dir), None);
        let of = ProcessId { pid: 7, start: 1 << 40 };
        write(&dir, of).unwrap();
        assert_eq!(read(&dir), Some(of));
        remove(&dir).unwrap();
        remove(&dir).unwrap();
        assert_eq!(read(&dir), None);
    }
}
