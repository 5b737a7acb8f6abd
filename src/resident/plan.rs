//! What a keeper is about to do.

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::instancecmd::Resumed;

/// The crash that a hung game counts as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hung {
    /// How long it had been ready, in milliseconds.
    pub(super) ran_ms: u64,
    /// The how many-th restart in a row the next one is.
    pub(super) restarts: u32,
}

/// What has come to its end.
pub(super) enum Done {
    /// A launch, and the how many-th restart in a row it was.
    Launch(Result<Resumed, Failure>, u32),
    /// The stop of what hung.
    Ending(Result<bool, Failure>, Hung),
}

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
    /// It hangs, and is being stopped.
    Ending {
        /// The stop; false when it was not needed.
        task: JoinHandle<Result<bool, Failure>>,
        /// The crash that it counts as.
        hung: Hung,
    },
    /// It was stopped because it hung, and is started again by its policy once
    /// it is seen to be down.
    Ended {
        /// The crash that it counts as.
        hung: Hung,
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

    /// Waits for a launch or a stop under way; for ever when there is none.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn done(&mut self) -> Done {
        let broken = || Failure::failed("gamectl failed inside; please report this");
        match self {
            Self::Launching { task, restarts } => {
                let ended = task.await;
                Done::Launch(ended.unwrap_or_else(|_| Err(broken())), *restarts)
            }
            Self::Ending { task, hung } => {
                let ended = task.await;
                Done::Ending(ended.unwrap_or_else(|_| Err(broken())), *hung)
            }
            _ => std::future::pending().await,
        }
    }
}
