//! The pauses between attempts to connect.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// A connection that has lasted so long was a good one: the next pause is a short one.
pub(super) const GOOD: Duration = Duration::from_secs(5);

/// Returns the pause after so many attempts that have failed in a row; `chance` is from 0
/// to 1. Many that have lost the same server do not come back at the same time.
pub(super) fn pause(failed: u32, chance: f64) -> Duration {
    let whole = FIRST.saturating_mul(1 << failed.min(10)).min(LONGEST);
    whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        let seconds: Vec<u64> = (0..9).map(|failed| pause(failed, 1.0).as_millis() as u64).collect();
        assert_eq!(seconds, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(pause(u32::MAX, 1.0), LONGEST);
    }

    proptest! {
        #[test]
        fn no_chance_makes_them_too_short_or_too_long(failed in any::<u32>(), chance in 0.0..=1.0_f64) {
            let pause = pause(failed, chance);
            prop_assert!(pause >= FIRST / 2 && pause <= LONGEST, "{pause:?}");
        }
    }
}
