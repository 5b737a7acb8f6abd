//! The monotonic clock in milliseconds, as the runtime reads it: in a test with
//! a paused clock it stands still.

use std::time::Duration;

use tokio::time::Instant;

use crate::sys::clock;

/// Ties the runtime's instants to milliseconds that mean the same in another
/// process of this boot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    origin: Instant,
    origin_ms: u64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            origin: Instant::now(),
            origin_ms: clock::monotonic_ms(),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        let since = self.origin.elapsed().as_millis();
        self.origin_ms.saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }

    /// Returns the instant of a time, or one that no timer reaches where that is
    /// too far away for one.
    pub(super) fn instant(&self, at_ms: u64) -> Instant {
        const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
        let since = Duration::from_millis(at_ms.saturating_sub(self.origin_ms));
        self.origin + since.min(FAR)
    }
}
