//! The time for which an instance has been ready.

use std::time::Duration;

/// Measures how long an instance is ready, up to its end.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadyTime {
    since_ms: Option<u64>,
    /// The time for which it had been ready, while it is stopping.
    ran_ms: Option<u64>,
}

impl ReadyTime {
    pub(super) fn since_ms(&self) -> Option<u64> {
        self.since_ms
    }

    /// Returns when it will have been ready for so long; `None` while it is not.
    pub(super) fn lasts_ms(&self, wait: Duration) -> Option<u64> {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.since_ms.map(|since| since.saturating_add(wait_ms))
    }

    /// Begins where it has not begun. Returns true when it has begun with this.
    pub(super) fn begin(&mut self, now_ms: u64, uptime_seconds: u64) -> bool {
        let begins = self.since_ms.is_none();
        if begins {
            self.since_ms = Some(now_ms.saturating_sub(uptime_seconds.saturating_mul(1000)));
        }
        begins
    }

    /// Ends the time; what was measured is kept for the end that is to come.
    pub(super) fn ends_soon(&mut self, now_ms: u64) {
        self.ran_ms = self.measured(now_ms).or(self.ran_ms);
        self.since_ms = None;
    }

    /// Ends the time, and returns it in milliseconds; 0 when it never was ready.
    pub(super) fn end(&mut self, now_ms: u64) -> u64 {
        let ran_ms = self.measured(now_ms).or(self.ran_ms);
        *self = Self::default();
        ran_ms.unwrap_or(0)
    }

    pub(super) fn measured(&self, now_ms: u64) -> Option<u64> {
        self.since_ms.map(|since| now_ms.saturating_sub(since))
    }
}
