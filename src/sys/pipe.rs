//! Pipes and FIFOs. See `pipe(7)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{Mode, SFlag, fstat};

/// How many bytes wait to be read.
///
/// # Errors
/// What `ioctl(2)` said.
pub fn pending(fd: impl AsFd) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD stores one int through the pointer.
    let result = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if result == 0 {
        Ok(usize::try_from(count).unwrap_or(0))
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Asks for a capacity in bytes; returns what it is afterwards. A user has a
/// limited sum of pipe memory, so it may stay what it was.
pub fn set_capacity(fd: impl AsFd, bytes: usize) -> usize {
    let wanted = i32::try_from(bytes).unwrap_or(i32::MAX);
    let _ = fcntl(fd.as_fd(), FcntlArg::F_SETPIPE_SZ(wanted));
    fcntl(fd, FcntlArg::F_GETPIPE_SZ).map_or(0, |n| usize::try_from(n).unwrap_or(0))
}

/// Whether whoever read the other end of a pipe, socket or terminal is gone. A
/// file never is.
pub fn is_hung_up(fd: impl AsFd) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    // Nothing is asked for: errors and hang-ups are always told (poll(2)).
    let mut polled = [PollFd::new(fd.as_fd(), PollFlags::empty())];
    let asked = poll(&mut polled, PollTimeout::ZERO);
    let told = polled.iter().filter_map(PollFd::revents);
    asked.is_ok()
        && told
            .into_iter()
            .any(|told| told.intersects(PollFlags::POLLERR | PollFlags::POLLHUP))
}

/// Opens a FIFO in a directory for reading and writing at once, which neither
/// waits for the other side nor ever sees it close.
///
/// # Errors
/// When it is not there, not a FIFO, not ours, or open to others.
pub fn open_fifo(dir: BorrowedFd<'_>, name: &str, blocking: bool) -> io::Result<OwnedFd> {
    let mut flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    if !blocking {
        flags |= OFlag::O_NONBLOCK;
    }
    let fd = nix::fcntl::openat(dir, name, flags, Mode::empty())?;
    let stat = fstat(&fd)?;
    if SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) != SFlag::S_IFIFO {
        return Err(io::Error::other(format!("{name} is not a FIFO")));
    }
    Ok(fd)
}

/// Reads what is there, without waiting where the descriptor does not.
///
/// # Errors
/// What `read(2)` said; `WouldBlock` when there is nothing.
pub fn read(fd: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match nix::unistd::read(fd.as_fd(), buffer) {
            Err(nix::errno::Errno::EINTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

/// Writes as much as is taken, without waiting where the descriptor does not.
///
/// # Errors
/// What `write(2)` said; `WouldBlock` when nothing is taken.
pub fn write(fd: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match nix::unistd::write(fd.as_fd(), bytes) {
            Err(nix::errno::Errno::EINTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}
