//! Signal masks and dispositions. See `signal(7)`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Signals read from a descriptor instead of interrupting anything.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks every signal that can be, and opens a descriptor from which
    /// `wanted` can be read. What is blocked and not wanted has no effect: the
    /// hang-up of a terminal, a stop from the keyboard, a broken pipe.
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
        Self::read(wanted)
    }

    /// Opens a descriptor from which signals can be read that are blocked
    /// already.
    pub fn read(wanted: &[Signal]) -> io::Result<Self> {
        let mut read = SigSet::empty();
        for signal in wanted {
            read.add(*signal);
        }
        let fd = SignalFd::with_flags(&read, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self(fd))
    }

    pub fn next(&self) -> Option<Signal> {
        let info = self.0.read_signal().ok()??;
        i32::try_from(info.ssi_signo)
            .ok()
            .and_then(|n| Signal::try_from(n).ok())
    }
}

/// Stops this process until it gets SIGCONT: what Ctrl-Z does to a
/// program that does not handle it.
pub fn stop_self() {
    let _ = nix::sys::signal::raise(Signal::SIGSTOP);
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Ignores a signal from now on. Children whose `SIGCHLD` is ignored need not
/// be waited for: see `sigaction(2)`.
pub fn ignore(signal: Signal) -> io::Result<()> {
    dispose(signal, SigHandler::SigIgn)
}

pub fn restore(signal: Signal) -> io::Result<()> {
    dispose(signal, SigHandler::SigDfl)
}

fn dispose(signal: Signal, how: SigHandler) -> io::Result<()> {
    // SAFETY: no handler is installed.
    unsafe { nix::sys::signal::signal(signal, how) }?;
    Ok(())
}

/// Gives every signal its default disposition, on behalf of programs that are
/// to be executed: an exec resets handlers, but not what is ignored. Shells
/// start background jobs with SIGINT and SIGQUIT ignored, `nohup` with SIGHUP,
/// and the Rust runtime ignores SIGPIPE; all of these would otherwise be
/// inherited through the exec. The C library keeps two signals to itself, which
/// `posix_spawn(3)` leaves ignored: they are reached past it.
pub fn reset_dispositions() {
    // The kernel's own form of an action, whatever the order of its fields on
    // this machine: the default disposition, no flags, an empty mask.
    const DEFAULT: [u64; 8] = [0; 8];
    const SIGSET_BYTES: usize = 8;
    for signal in 1..=libc::SIGRTMAX() {
        let none = std::ptr::null_mut::<u64>();
        // SAFETY: setting the default disposition installs no handler, and the
        // kernel reads fewer bytes than there are. The two signals that cannot
        // be changed answer with an error, which is as well.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, DEFAULT.as_ptr(), none, SIGSET_BYTES) };
    }
}

/// Blocks a signal on this thread alone. A thread with SIGTTIN blocked that reads a
/// terminal from the background gets an error (EIO); else the process is stopped.
pub fn block_here(signal: Signal) {
    let _ = SigSet::from(signal).thread_block();
}

pub fn unblock_all() {
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
}
