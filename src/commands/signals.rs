//! The signals to a command that waits.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::FailureKind;
use crate::host::Error;

/// The handlers of SIGINT and SIGTERM.
pub(super) struct Interrupt {
    int: Signal,
    term: Signal,
}

impl Interrupt {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
        })
    }

    /// # Cancel safety
    /// Safe.
    pub(super) async fn signalled(&mut self) -> FailureKind {
        tokio::select! {
            _ = self.int.recv() => FailureKind::Interrupted,
            _ = self.term.recv() => FailureKind::Terminated,
        }
    }
}

/// Works until the work ends or a signal comes, which becomes the exit code.
pub(super) async fn unless_interrupted(work: impl Future<Output = Result<u8, Error>>) -> Result<u8, Error> {
    let mut interrupt = Interrupt::new()?;
    tokio::select! {
        code = work => code,
        signal = interrupt.signalled() => Ok(signal.exit_code()),
    }
}

/// A signal to a command that keeps a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signalled {
    /// SIGINT or SIGTERM.
    Interrupt(FailureKind),
    Hangup,
    /// SIGTSTP: the terminal is given back before the process stops.
    Suspend,
    /// SIGCONT.
    Resume,
    /// SIGWINCH.
    Resize,
}

pub(super) struct ScreenSignals {
    interrupt: Interrupt,
    hangup: Signal,
    suspend: Signal,
    resume: Signal,
    resize: Signal,
}

impl ScreenSignals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: Interrupt::new()?,
            hangup: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            resume: signal(SignalKind::from_raw(libc::SIGCONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> Signalled {
        tokio::select! {
            biased;
            kind = self.interrupt.signalled() => Signalled::Interrupt(kind),
            _ = self.hangup.recv() => Signalled::Hangup,
            _ = self.suspend.recv() => Signalled::Suspend,
            _ = self.resume.recv() => Signalled::Resume,
            _ = self.resize.recv() => Signalled::Resize,
        }
    }
}
