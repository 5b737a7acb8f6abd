//! Pseudo-terminals. See `pty(7)`.

use std::io;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};

#[derive(Debug)]
pub struct Pty {
    /// The end that is read and written here; it does not block.
    pub master: OwnedFd,
    /// The end that is the game's terminal.
    pub slave: OwnedFd,
}

impl Pty {
    /// Opens a pseudo-terminal of 80 columns and 24 rows.
    pub fn open() -> io::Result<Self> {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult { master, slave } = openpty(&size, None)?;
        fcntl(&master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        fcntl(&slave, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK | OFlag::O_RDWR))?;
        Ok(Self { master, slave })
    }
}

/// The path of the terminal that a descriptor is, where it is one.
pub fn name(fd: impl std::os::fd::AsFd) -> Option<std::path::PathBuf> {
    nix::unistd::ttyname(fd).ok()
}

/// Returns true when this process has a controlling terminal, whatever its streams are.
pub fn is_controlled() -> bool {
    // See tty(4): the open fails without one.
    std::fs::File::open("/dev/tty").is_ok()
}

/// Returns true when this process may read from, and set the mode of, its terminal
/// without being stopped: it is in the foreground there.
pub fn is_foreground(fd: impl std::os::fd::AsFd) -> bool {
    nix::unistd::tcgetpgrp(fd).is_ok_and(|group| group == nix::unistd::getpgrp())
}

/// Returns true where a terminal hands on each key at once, and not line by line.
pub fn is_raw(fd: impl std::os::fd::AsFd) -> bool {
    use rustix::termios::{LocalModes, tcgetattr};
    tcgetattr(fd).is_ok_and(|mode| !mode.local_modes.contains(LocalModes::ICANON))
}

/// The size of a terminal in character cells, columns first.
pub fn size(fd: impl std::os::fd::AsFd) -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(fd).ok()?;
    (size.ws_col > 0).then_some((size.ws_col, size.ws_row))
}
