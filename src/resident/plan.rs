//! What a keeper is about to do.

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::instancecmd::Resumed;

/// What a keeper is about to do.
pub(super) enum Plan {
    /// Nothing: it is as it should be, or somebody else acts.
    Nothing,
    /// Start it when the time has come.
    Due {
        /// When.
        at: Instant,
        /// The how many-th restart in a row.
        restarts: u32,
    },
    /// It is being launched.
    Launching {
        /// The launch.
        task: JoinHandle<Result<Resumed, Failure>>,
        /// The how many-th restart in a row.
        restarts: u32,
    },
    /// Somebody else was at work on it when it was due: start it if it is still
    /// down when next seen.
    Deferred {
        /// The how many-th restart in a row.
        restarts: u32,
    },
}

impl Plan {
    /// When the next step is due, if it waits for a time.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Due { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// Waits for a launch under way; for ever when there is none.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn launched(&mut self) -> (Result<Resumed, Failure>, u32) {
        match self {
            Self::Launching { task, restarts } => {
                let ended = task.await;
                let broken = |_| Err(Failure::failed("gamectl failed inside; please report this"));
                (ended.unwrap_or_else(broken), *restarts)
            }
            _ => std::future::pending().await,
        }
    }
}
