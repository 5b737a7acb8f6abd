//! Pipes and FIFOs. See `pipe(7)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, SFlag, fstat};

pub fn pending(fd: impl AsFd) -> io::Result<usize> {
    Ok(usize::try_from(rustix::io::ioctl_fionread(fd)?).unwrap_or(0))
}

/// Asks for a capacity in bytes; returns what it is afterwards. A user has a
/// limited sum of pipe memory, so it may stay what it was.
pub fn set_capacity(fd: impl AsFd, bytes: usize) -> usize {
    let wanted = i32::try_from(bytes).unwrap_or(i32::MAX);
    let _ = fcntl(fd.as_fd(), FcntlArg::F_SETPIPE_SZ(wanted));
    fcntl(fd, FcntlArg::F_GETPIPE_SZ).map_or(0, |n| usize::try_from(n).unwrap_or(0))
}

/// Returns true when the reader of a pipe, socket or terminal is gone. A
/// file never is.
pub fn is_hung_up(fd: impl AsFd) -> bool {
    hang_up(fd, PollTimeout::ZERO)
}

/// Waits until the reader is gone. Returns false where that cannot be awaited.
pub fn wait_for_hang_up(fd: impl AsFd) -> bool {
    hang_up(fd, PollTimeout::NONE)
}

fn hang_up(fd: impl AsFd, limit: PollTimeout) -> bool {
    // Nothing is asked for: errors and hang-ups are always told (poll(2)).
    let mut polled = [PollFd::new(fd.as_fd(), PollFlags::empty())];
    while poll(&mut polled, limit) == Err(Errno::EINTR) {}
    let told = polled.iter().filter_map(PollFd::revents);
    told.into_iter()
        .any(|told| told.intersects(PollFlags::POLLERR | PollFlags::POLLHUP))
}

/// Waits until a descriptor can be read, or the writer of a pipe is gone. Returns true in the
/// first case.
pub fn wait_to_read_unless_gone(fd: impl AsFd, writer: impl AsFd) -> bool {
    let mut polled = [
        PollFd::new(fd.as_fd(), PollFlags::POLLIN),
        PollFd::new(writer.as_fd(), PollFlags::empty()),
    ];
    while poll(&mut polled, PollTimeout::NONE) == Err(Errno::EINTR) {}
    let [_, gone] = polled;
    !gone
        .revents()
        .is_none_or(|told| told.intersects(PollFlags::POLLERR | PollFlags::POLLHUP))
}

/// The end of a new pipe that is read, without blocking. Writing to it is
/// faster than to a FIFO, because no file system is told of each write.
pub fn anonymous() -> io::Result<OwnedFd> {
    // The other end is closed at once: there is a read end to open it by.
    let (read, _write) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    Ok(read)
}

/// Both ends of a pipe in one descriptor, which blocks: a process that writes to that
/// never gets a SIGPIPE.
///
/// # Errors
/// Returns the error of `open(2)`: `/proc` is needed (proc_pid_fd(5)).
pub fn both_ends(fd: impl AsFd) -> io::Result<OwnedFd> {
    let link = format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd());
    Ok(nix::fcntl::open(
        link.as_str(),
        OFlag::O_RDWR | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?)
}

/// Lets this process have a SIGIO whenever something is written to a pipe that
/// it reads, or have none. Unlike `poll(2)`, after which every later write to
/// the pipe costs the writer a wake-up (`pipe_poll` in the kernel's
/// fs/pipe.c), this leaves no trace when it is turned off. See `fcntl(2)`.
pub fn signal_input(fd: impl AsFd, on: bool) -> io::Result<()> {
    let fd = fd.as_fd();
    if on {
        // SAFETY: it takes an integer, and keeps nothing of ours.
        let result = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETOWN, libc::getpid()) };
        nix::errno::Errno::result(result)?;
    }
    let mut flags = OFlag::O_NONBLOCK;
    flags.set(OFlag::O_ASYNC, on);
    fcntl(fd, FcntlArg::F_SETFL(flags))?;
    Ok(())
}

/// The number of a pipe, by which its other descriptors are recognised while
/// this system is up.
pub fn number(fd: impl AsFd) -> io::Result<u64> {
    Ok(fstat(fd)?.st_ino)
}

/// Opens the end that is read of the pipe of that number, without blocking,
/// through a process that has it open.
pub fn open_of_process(pid: i32, number: u64) -> io::Result<OwnedFd> {
    let name = format!("pipe:[{number}]");
    for entry in std::fs::read_dir(format!("/proc/{pid}/fd"))? {
        let link = entry?.path();
        if std::fs::read_link(&link).is_ok_and(|target| target.as_os_str() == name.as_str()) {
            let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
            return Ok(nix::fcntl::open(&link, flags, Mode::empty())?);
        }
    }
    Err(io::Error::from(nix::errno::Errno::ENOENT))
}

/// Opens a FIFO in a directory for reading and writing at once, which neither
/// waits for the other side nor ever sees it close.
///
/// # Errors
/// Fails when it is not there, not a FIFO, not ours, or open to others.
pub fn open_fifo(dir: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let fd = nix::fcntl::openat(dir, name, flags, Mode::empty())?;
    match is_fifo(&fd)? {
        true => Ok(fd),
        false => Err(not_a_fifo(name)),
    }
}

/// Opens a FIFO in a directory for writing, without blocking. A write fails with
/// `BrokenPipe` once nobody has it open for reading, as the caller does not.
///
/// # Errors
/// Fails as `open_fifo` does, and with `ENXIO` where nobody has it open for reading.
pub fn open_fifo_to_write(dir: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let fd = nix::fcntl::openat(dir, name, flags, Mode::empty())?;
    match is_fifo(&fd)? {
        true => Ok(fd),
        false => Err(not_a_fifo(name)),
    }
}

/// Returns true when a process has a FIFO open for reading, in whatever namespace it
/// lives.
///
/// # Errors
/// Returns the error of `open(2)`, or that it is no FIFO.
pub fn has_reader(dir: BorrowedFd<'_>, name: &str) -> io::Result<bool> {
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    match nix::fcntl::openat(dir, name, flags, Mode::empty()) {
        Ok(fd) => is_fifo(&fd)?.then_some(true).ok_or_else(|| not_a_fifo(name)),
        // fifo(7): nobody reads it. A device or a socket would say so, too.
        Err(nix::errno::Errno::ENXIO) => {
            let stat = nix::sys::stat::fstatat(dir, name, nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW)?;
            is_fifo_mode(stat.st_mode)
                .then_some(false)
                .ok_or_else(|| not_a_fifo(name))
        }
        Err(errno) => Err(errno.into()),
    }
}

fn is_fifo(fd: &OwnedFd) -> io::Result<bool> {
    Ok(is_fifo_mode(fstat(fd)?.st_mode))
}

fn is_fifo_mode(mode: libc::mode_t) -> bool {
    SFlag::from_bits_truncate(mode & SFlag::S_IFMT.bits()) == SFlag::S_IFIFO
}

fn not_a_fifo(name: &str) -> io::Error {
    io::Error::other(format!("{name} is not a FIFO"))
}

/// Reads what is there, without waiting where the descriptor does not.
///
/// # Errors
/// Returns the error of `read(2)`; `WouldBlock` when there is nothing.
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
/// Returns the error of `write(2)`; `WouldBlock` when nothing is taken.
pub fn write(fd: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match nix::unistd::write(fd.as_fd(), bytes) {
            Err(nix::errno::Errno::EINTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_found_again_through_a_process_and_holds_what_was_written() {
        let reader = anonymous().unwrap();
        let number = number(&reader).unwrap();
        let game = both_ends(&reader).unwrap();
        drop(reader);
        assert_eq!(write(&game, b"kept").unwrap(), 4);
        let own = std::process::id() as i32;
        let found = open_of_process(own, number).unwrap();
        let mut bytes = [0; 8];
        assert_eq!(read(&found, &mut bytes).unwrap(), 4);
        assert_eq!(&bytes[..4], b"kept");
        let empty = read(&found, &mut bytes).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
        drop(game);
        assert_eq!(read(&found, &mut bytes).unwrap(), 0);
        drop(found);
        let gone = open_of_process(own, number).unwrap_err();
        assert_eq!(gone.raw_os_error(), Some(libc::ENOENT));
    }
}
