//! Kernel locks on files. They vanish with their holder, however it dies, so
//! there is never a stale one.
//!
//! Whole-file locks are open file description locks: they belong to the open
//! file, not to the process, so that one part of a program cannot drop another
//! part's by closing a file. Slot locks are classic record locks on one byte
//! each of a shared file: thousands of processes can hold one each, and a
//! reader asks for each with one system call. See `fcntl_locking(2)`.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

fn whole_file(kind: libc::c_int) -> libc::flock {
    range(kind, 0, 0)
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

/// Tries to take the exclusive lock of a file, without waiting. The lock is
/// held until every descriptor of this open file is closed.
///
/// # Errors
/// What `fcntl(2)` said, other than that somebody holds it.
pub fn try_exclusive(file: impl AsFd) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_WRLCK))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Tries to take a lock of a file that keeps out whoever wants it exclusively,
/// without waiting. The file need not be open for writing.
///
/// # Errors
/// What `fcntl(2)` said, other than that somebody holds it exclusively.
pub fn try_shared(file: impl AsFd) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_RDLCK))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether somebody else holds the exclusive lock of a file. Takes nothing.
///
/// # Errors
/// What `fcntl(2)` said.
pub fn is_held(file: impl AsFd) -> io::Result<bool> {
    let mut lock = whole_file(libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}

/// Tries to take the lock of one byte for this process. It is dropped when this
/// process closes any descriptor of that file, or ends; a child does not
/// inherit it.
///
/// # Errors
/// What `fcntl(2)` said, other than that somebody holds it.
pub fn try_byte(file: impl AsFd, offset: i64) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_SETLK(&range(libc::F_WRLCK, offset, 1))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Lets go of the lock of one byte.
///
/// # Errors
/// What `fcntl(2)` said.
pub fn free_byte(file: impl AsFd, offset: i64) -> io::Result<()> {
    fcntl(file, FcntlArg::F_SETLK(&range(libc::F_UNLCK, offset, 1)))?;
    Ok(())
}

/// Waits for the lock of one byte, as this open file's own.
///
/// # Errors
/// What `fcntl(2)` said.
pub fn wait_byte(file: impl AsFd, offset: i64) -> io::Result<()> {
    loop {
        match fcntl(file.as_fd(), FcntlArg::F_OFD_SETLKW(&range(libc::F_WRLCK, offset, 1))) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Whether another process holds the lock of one byte. Takes nothing.
///
/// # Errors
/// What `fcntl(2)` said.
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
        assert!(!is_held(&two).unwrap());
        assert!(try_exclusive(&one).unwrap());
        assert!(is_held(&two).unwrap(), "a reader sees it without taking it");
        assert!(!try_exclusive(&two_rw).unwrap());
        drop(two);
        assert!(is_held(&two_rw).unwrap(), "closing another open file drops nothing");
        drop(one);
        assert!(!is_held(&two_rw).unwrap());
    }
}
