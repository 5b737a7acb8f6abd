//! The modes of the terminal that somebody sits at. See `termios(3)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::sys::termios::{self, InputFlags, LocalFlags, SetArg, Termios};

/// A terminal in another mode, for as long as this is held.
#[derive(Debug)]
pub struct Mode {
    fd: OwnedFd,
    before: Termios,
}

impl Mode {
    /// Hands over every key at once, unseen, those for signals and flow
    /// control too. What is printed is treated as before.
    ///
    /// # Errors
    /// `ENOTTY` when it is no terminal.
    pub fn keys(fd: impl AsFd) -> io::Result<Self> {
        Self::with(&fd, |mode| {
            mode.local_flags
                .remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG | LocalFlags::IEXTEN);
            mode.input_flags.remove(InputFlags::IXON | InputFlags::ICRNL);
        })
    }

    /// Hands over every byte as it is, and prints every byte as it is.
    ///
    /// # Errors
    /// `ENOTTY` when it is no terminal.
    pub fn raw(fd: impl AsFd) -> io::Result<Self> {
        Self::with(&fd, termios::cfmakeraw)
    }

    fn with(fd: &impl AsFd, change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
        let fd = fd.as_fd().try_clone_to_owned()?;
        let before = termios::tcgetattr(&fd)?;
        let mut mode = before.clone();
        change(&mut mode);
        termios::tcsetattr(&fd, SetArg::TCSADRAIN, &mode)?;
        Ok(Self { fd, before })
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(&self.fd, SetArg::TCSADRAIN, &self.before);
    }
}

/// Makes a terminal another size, in character cells. Those who have it as
/// their controlling terminal are told by `SIGWINCH`.
///
/// # Errors
/// `ENOTTY` when it is no terminal.
pub fn resize(fd: impl AsFd, columns: u16, rows: u16) -> io::Result<()> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ reads one winsize through the pointer.
    let result = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    nix::errno::Errno::result(result).map(drop).map_err(io::Error::from)
}
