//! The clock of a host as it is seen from here. Pure.

use std::fmt;
use std::time::Duration;

/// The difference of two clocks that is none yet. Clocks that are set by the network
/// differ by milliseconds, and the times that are shown are whole seconds: with less than
/// this they are right, and with more one of the two clocks is not kept.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// A clock that was read there at some time between a question and its answer.
#[derive(Debug, Clone)]
pub(super) struct ClockSight {
    /// The clock here when it was asked, in milliseconds since 1970.
    pub(super) asked_ms: u64,
    pub(super) round_trip: Duration,
    pub(super) there_ms: u64,
}

/// The verdict on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockVerdict {
    /// They agree, to this.
    Agrees(Duration),
    /// That one is ahead of this one.
    Ahead(Duration),
    Behind(Duration),
}

impl ClockSight {
    /// Compares the clock there with the middle of the trip. A slow way proves less.
    pub(super) fn verdict(&self) -> ClockVerdict {
        let half = self.round_trip / 2;
        let here = Duration::from_millis(self.asked_ms).saturating_add(half);
        let there = Duration::from_millis(self.there_ms);
        let differs = there.abs_diff(here);
        match differs <= CLOCK_SLACK.saturating_add(half) {
            true => ClockVerdict::Agrees(differs),
            false if there > here => ClockVerdict::Ahead(differs),
            false => ClockVerdict::Behind(differs),
        }
    }
}

impl ClockVerdict {
    /// The step that mends two clocks that do not agree.
    pub(super) const MEND: &str = "set the one that is wrong, or have it set: `timedatectl set-ntp true` as root";
}

/// Writes what stands behind `the clock there`.
impl fmt::Display for ClockVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: &Duration| humantime::format_duration(Duration::from_secs(time.as_secs()));
        match self {
            Self::Agrees(differs) => write!(f, "agrees with this one, to {} ms", differs.as_millis()),
            Self::Ahead(differs) => write!(f, "is {} ahead of this one", seconds(differs)),
            Self::Behind(differs) => write!(f, "is {} behind this one", seconds(differs)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_the_middle_of_the_trip() {
        for (there_ms, round_trip, wanted) in [
            (100_002, 4, "agrees with this one, to 0 ms"),
            (102_000, 0, "agrees with this one, to 2000 ms"),
            (98_000, 0, "agrees with this one, to 2000 ms"),
            (102_001, 0, "is 2s ahead of this one"),
            // A slow way proves less.
            (102_900, 2000, "agrees with this one, to 1900 ms"),
            (40_000, 0, "is 1m behind this one"),
            (0, 0, "is 1m 40s behind this one"),
        ] {
            let sight = ClockSight {
                asked_ms: 100_000,
                round_trip: Duration::from_millis(round_trip),
                there_ms,
            };
            assert_eq!(sight.verdict().to_string(), wanted, "{there_ms}");
        }
        let absurd = ClockSight {
            asked_ms: 0,
            round_trip: Duration::MAX,
            there_ms: u64::MAX,
        };
        assert!(matches!(absurd.verdict(), ClockVerdict::Agrees(_)));
    }
}
