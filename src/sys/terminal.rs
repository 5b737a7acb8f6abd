//! The modes of the terminal that a person sits at. See `termios(3)`.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use nix::sys::termios::{self, InputFlags, LocalFlags, SetArg, Termios};

/// `TCSADRAIN` would wait for a write under way, on another thread too, and that ends
/// on no terminal that was stopped with Ctrl-S.
const AT_ONCE: SetArg = SetArg::TCSANOW;

/// A terminal in another mode, for as long as this is held.
#[derive(Debug)]
pub struct TerminalMode {
    fd: OwnedFd,
    before: Termios,
}

impl TerminalMode {
    /// Hands over every key at once, unseen, those for signals and flow
    /// control too. What is printed is treated as before.
    pub fn keys(fd: impl AsFd) -> io::Result<Self> {
        Self::with(&fd, |mode| {
            mode.local_flags
                .remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG | LocalFlags::IEXTEN);
            mode.input_flags.remove(InputFlags::IXON | InputFlags::ICRNL);
        })
    }

    /// Hands over every key at once, unseen; those for signals are signals
    /// still. What is printed is treated as before.
    pub fn single_keys(fd: impl AsFd) -> io::Result<Self> {
        Self::with(&fd, |mode| {
            mode.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        })
    }

    /// Hands over every byte as it is, and prints every byte as it is.
    pub fn raw(fd: impl AsFd) -> io::Result<Self> {
        Self::with(&fd, termios::cfmakeraw)
    }

    fn with(fd: &impl AsFd, change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
        let fd = fd.as_fd().try_clone_to_owned()?;
        let before = termios::tcgetattr(&fd)?;
        let mut mode = before.clone();
        change(&mut mode);
        give_back_on_panic();
        let held = Held {
            fd: fd.try_clone()?,
            before: before.clone(),
        };
        *lock(&HELD) = Some(held);
        termios::tcsetattr(&fd, AT_ONCE, &mode)?;
        Ok(Self { fd, before })
    }
}

impl Drop for TerminalMode {
    fn drop(&mut self) {
        lock(&HELD).take();
        let _ = termios::tcsetattr(&self.fd, AT_ONCE, &self.before);
    }
}

/// A terminal in another mode, and its own.
struct Held {
    fd: OwnedFd,
    before: Termios,
}

/// The one that is to be put right when the program panics, which drops
/// nothing.
static HELD: Mutex<Option<Held>> = Mutex::new(None);

fn lock(held: &Mutex<Option<Held>>) -> MutexGuard<'_, Option<Held>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // The panicking thread may hold it.
            if let Ok(mut held) = HELD.try_lock()
                && let Some(held) = held.take()
            {
                let _ = termios::tcsetattr(&held.fd, SetArg::TCSANOW, &held.before);
            }
            before(panic);
        }));
    });
}

/// Makes a terminal another size, in character cells. Processes that have it as
/// their controlling terminal are told by `SIGWINCH`.
pub fn resize(fd: impl AsFd, columns: u16, rows: u16) -> io::Result<()> {
    let size = rustix::termios::Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(rustix::termios::tcsetwinsize(fd, size)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::pty::Pty;

    #[test]
    fn a_terminal_gets_its_mode_back_at_the_end_and_at_a_panic() {
        let pty = Pty::open().unwrap();
        let flags = || termios::tcgetattr(&pty.slave).unwrap().local_flags;
        let found = flags();
        let mode = TerminalMode::single_keys(&pty.slave).unwrap();
        assert!(!flags().intersects(LocalFlags::ICANON | LocalFlags::ECHO));
        assert!(flags().contains(LocalFlags::ISIG));
        drop(mode);
        assert_eq!(flags(), found);
        let mode = TerminalMode::keys(&pty.slave).unwrap();
        assert_ne!(flags(), found);
        // Forgotten, as where a panic aborts.
        std::mem::forget(mode);
        let panic = std::thread::spawn(|| panic!("a bug, for once")).join();
        assert!(panic.is_err());
        assert_eq!(flags(), found);
    }
}
