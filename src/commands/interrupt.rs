//! SIGINT and SIGTERM to a command that waits.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::FailureKind;

/// Listens for both.
pub(super) struct Interrupt {
    int: Signal,
    term: Signal,
}

impl Interrupt {
    /// Begins to listen.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
        })
    }

    /// Returns when one of them has come.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn signalled(&mut self) -> FailureKind {
        tokio::select! {
            _ = self.int.recv() => FailureKind::Interrupted,
            _ = self.term.recv() => FailureKind::Terminated,
        }
    }
}
