//! SIGINT and SIGTERM to a command that waits.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::FailureKind;

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

    /// Waits for one of them.
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
