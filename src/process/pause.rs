//! Pauses between looks at what is about to change.

use std::time::Duration;

use tokio::time::Instant;

/// The longest pause between two looks of a verb.
pub(super) const PAUSE_MAX: Duration = Duration::from_millis(10);

/// The limit for a shim to launch a game, or to put its end on record.
pub(super) const TRANSITION_MAX: Duration = Duration::from_secs(10);

const PAUSE_MIN: Duration = Duration::from_micros(200);

/// Pauses that grow: most of what is about to change does so within a
/// millisecond.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
    until: Instant,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self {
            next: PAUSE_MIN,
            until: Instant::now() + TRANSITION_MAX,
        }
    }

    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(PAUSE_MAX);
    }

    /// Returns true once a transition has lasted for longer than it may.
    pub(super) fn are_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Begins anew, after something has changed.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}
