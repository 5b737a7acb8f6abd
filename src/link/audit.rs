//! The audit of requests: a line each, of which a flood makes no flood.

use std::time::Duration;

use tokio::time::Instant;

/// The lines about refusals in a period.
const LINES: u32 = 20;

const PERIOD: Duration = Duration::from_secs(10);

/// Counts what is not told.
#[derive(Debug)]
pub(super) struct AuditLimit {
    since: Instant,
    told: u32,
    untold: u64,
}

impl AuditLimit {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            told: 0,
            untold: 0,
        }
    }

    /// Takes in a request that is passed over.
    pub(super) fn pass_over(&mut self) {
        self.untold += 1;
    }

    /// Decides about the line of a refusal. Returns the number of those that were not told
    /// before it, or `None` if it is not told itself.
    pub(super) fn tell(&mut self, now: Instant) -> Option<u64> {
        if now.saturating_duration_since(self.since) >= PERIOD {
            (self.since, self.told) = (now, 0);
        }
        if self.told >= LINES {
            self.untold += 1;
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted() {
        let begin = Instant::now();
        let mut limit = AuditLimit::new(begin);
        let told = (0..1000).filter(|_| limit.tell(begin) == Some(0)).count();
        assert_eq!(told, LINES as usize);
        assert_eq!(limit.tell(begin + PERIOD), Some(980));
        assert_eq!(limit.tell(begin + PERIOD), Some(0));
    }
}
