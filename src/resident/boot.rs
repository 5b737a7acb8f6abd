//! The time in which a launch is to become ready.

use std::time::{Duration, SystemTime};

use super::step::Moment;

/// Measures how long the present launch has not been ready.
#[derive(Debug, Clone, Default)]
pub(super) struct Boot {
    /// The time of the launch, by which it is known.
    launched: Option<SystemTime>,
    since_ms: Option<u64>,
    has_run_out: bool,
}

impl Boot {
    /// Follows a launch that is not ready.
    pub(super) fn follow(&mut self, launched: Option<SystemTime>, moment: &Moment) {
        if self.since_ms.is_none() || self.launched != launched {
            let for_time = moment.now.duration_since(launched.unwrap_or(moment.now));
            let for_time = for_time.unwrap_or_default();
            *self = Self {
                launched,
                since_ms: Some(moment.now_ms.saturating_sub(millis(for_time))),
                has_run_out: false,
            };
        }
    }

    /// Returns the time at which `timeout` has passed; `None` once that was taken in.
    pub(super) fn due_ms(&self, timeout: Duration) -> Option<u64> {
        let since = self.since_ms.filter(|_| !self.has_run_out)?;
        Some(since.saturating_add(millis(timeout)))
    }

    /// Returns true, once, when `timeout` has passed.
    pub(super) fn runs_out(&mut self, timeout: Duration, now_ms: u64) -> bool {
        let is_due = self.due_ms(timeout).is_some_and(|due| due <= now_ms);
        self.has_run_out |= is_due;
        is_due
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
