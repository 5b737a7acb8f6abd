//! Kernel locks on files. They vanish with their holder, however it dies, so
//! there is never a stale one.
//!
//! Locks of a [`Part`] are open file description locks: they belong to the open
//! file, not to the process, so that one part of a program cannot drop another
//! part's by closing a file. Slot locks are classic record locks on one byte
//! each of a shared file: thousands of processes can hold one each, and a
//! reader asks for each with one system call. See `fcntl_locking(2)`.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

/// The part of a file that a lock is for. It need not exist: a byte can be locked in
/// an empty file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    Byte(i64),
}

impl Part {
    fn lock(self, kind: libc::c_int) -> libc::flock {
        match self {
            Self::Whole => range(kind, 0, 0),
            Self::Byte(offset) => range(kind, offset, 1),
        }
    }
}

fn range(kind: libc::c_int, start: i64, len: i64) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: len,
        l_pid: 0,
    }
}

/// Returns false for a lock that another holder has.
fn is_taken(result: nix::Result<i32>) -> io::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Tries to take the exclusive lock of a part of a file, without waiting. The
/// lock is held until every descriptor of this open file is closed.
pub fn try_exclusive(file: impl AsFd, part: Part) -> io::Result<bool> {
    is_taken(fcntl(file, FcntlArg::F_OFD_SETLK(&part.lock(libc::F_WRLCK))))
}

/// Lets go of a lock of that part, whoever else has a descriptor of this open file.
pub fn release(file: impl AsFd, part: Part) -> io::Result<()> {
    fcntl(file, FcntlArg::F_OFD_SETLK(&part.lock(libc::F_UNLCK)))?;
    Ok(())
}

/// Tries to take a lock that excludes exclusive locks of that part,
/// without waiting. The file need not be open for writing.
pub fn try_shared(file: impl AsFd, part: Part) -> io::Result<bool> {
    is_taken(fcntl(file, FcntlArg::F_OFD_SETLK(&part.lock(libc::F_RDLCK))))
}

/// Returns true when another open file holds a lock of that part. Takes nothing.
pub fn is_held(file: impl AsFd, part: Part) -> io::Result<bool> {
    let mut lock = part.lock(libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}

/// Tries to take the lock of one byte for this process. It is dropped when this
/// process closes any descriptor of that file, or ends; a child does not
/// inherit it.
pub fn try_byte(file: impl AsFd, offset: i64) -> io::Result<bool> {
    is_taken(fcntl(file, FcntlArg::F_SETLK(&range(libc::F_WRLCK, offset, 1))))
}

pub fn free_byte(file: impl AsFd, offset: i64) -> io::Result<()> {
    fcntl(file, FcntlArg::F_SETLK(&range(libc::F_UNLCK, offset, 1)))?;
    Ok(())
}

/// Waits for the lock of one byte, as this open file's own.
pub fn wait_byte(file: impl AsFd, offset: i64) -> io::Result<()> {
    loop {
        match fcntl(file.as_fd(), FcntlArg::F_OFD_SETLKW(&range(libc::F_WRLCK, offset, 1))) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Returns true when another process holds the lock of one byte. Takes nothing.
pub fn is_byte_held(file: impl AsFd, offset: i64) -> io::Result<bool> {
    let mut lock = range(libc::F_WRLCK, offset, 1);
    fcntl(file, FcntlArg::F_GETLK(&mut lock))?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn the_lock_is_the_open_files_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let one = File::create(&path).unwrap();
        let two = File::open(&path).unwrap();
        let two_rw = File::options().write(true).open(&path).unwrap();
        assert!(!is_held(&two, Part::Whole).unwrap());
        assert!(try_exclusive(&one, Part::Whole).unwrap());
        assert!(
            is_held(&two, Part::Whole).unwrap(),
            "a reader sees it without taking it"
        );
        assert!(!try_exclusive(&two_rw, Part::Whole).unwrap());
        drop(two);
        assert!(
            is_held(&two_rw, Part::Whole).unwrap(),
            "closing another open file drops nothing"
        );
        drop(one);
        assert!(!is_held(&two_rw, Part::Whole).unwrap());
    }

    #[test]
    fn parts_of_a_file_are_locked_by_themselves() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let open = || {
            File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let (one, other, reader) = (open().unwrap(), open().unwrap(), File::open(&path).unwrap());
        let [first, second] = [Part::Byte(0), Part::Byte(1)];
        assert!(try_exclusive(&one, first).unwrap());
        assert!(!is_held(&reader, second).unwrap(), "the byte beside it is free");
        assert!(try_exclusive(&other, second).unwrap());
        assert!(!try_exclusive(&other, first).unwrap() && !try_exclusive(&one, second).unwrap());
        assert!(!try_shared(&reader, first).unwrap());
        assert!(!is_held(&one, first).unwrap(), "an own lock does not show as held");
        assert!(is_held(&one, second).unwrap() && is_held(&reader, Part::Whole).unwrap());
        drop(one);
        assert!(!is_held(&reader, first).unwrap() && is_held(&reader, second).unwrap());
        // A shared lock, on a read-only file, excludes exclusive ones only.
        assert!(try_shared(&reader, first).unwrap());
        assert!(!try_exclusive(&other, first).unwrap());
        assert!(try_shared(File::open(&path).unwrap(), first).unwrap());
    }
}
