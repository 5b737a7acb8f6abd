//! Signal masks and dispositions. See `signal(7)`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Signals read from a descriptor instead of interrupting anything.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks every signal that can be, and opens a descriptor from which
    /// `wanted` can be read. What is blocked and not wanted has no effect: the
    /// hang-up of a terminal, a stop from the keyboard, a broken pipe.
    ///
    /// # Errors
    /// `EMFILE`, `ENOMEM`.
    pub fn block_all_but_read(wanted: &[Signal]) -> io::Result<Self> {
        let mut blocked = SigSet::all();
        // Blocking what the program's own faults raise would hide them.
        for fault in [
            Signal::SIGSEGV,
            Signal::SIGBUS,
            Signal::SIGFPE,
            Signal::SIGILL,
            Signal::SIGABRT,
            Signal::SIGTRAP,
        ] {
            blocked.remove(fault);
        }
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&blocked), None)?;
        let mut read = SigSet::empty();
        for signal in wanted {
            read.add(*signal);
        }
        let fd = SignalFd::with_flags(&read, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self(fd))
    }

    /// The next signal that has come, if any.
    pub fn next(&self) -> Option<Signal> {
        let info = self.0.read_signal().ok()??;
        i32::try_from(info.ssi_signo)
            .ok()
            .and_then(|n| Signal::try_from(n).ok())
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Gives every signal its default disposition and blocks none, for a program
/// about to be executed. Shells start background jobs with SIGINT and SIGQUIT
/// ignored, `nohup` with SIGHUP, and the Rust runtime ignores SIGPIPE; all of
/// these would otherwise be inherited through the exec.
pub fn reset_all() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: setting the default disposition installs no handler. The
        // two that cannot be changed, and those the C library keeps to itself,
        // answer with an error, which is as well.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
}
