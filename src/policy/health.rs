//! The decision that a game which does not answer is hung.
//!
//! One failed check is not enough: a server that saves its world, or runs on a busy
//! machine, answers late. A number of failures among the last checks is.

use crate::inventory::Healthy;

/// The outcomes of the last checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checks {
    /// One bit a check, the last one lowest; set where it failed.
    failed: u64,
}

impl Checks {
    /// Adds a check. Returns true when the game is hung.
    pub fn note(&mut self, healthy: &Healthy, held: bool) -> bool {
        self.failed = (self.failed << 1) | u64::from(!held);
        self.failures(healthy) >= healthy.failures
    }

    pub fn failures(self, healthy: &Healthy) -> u32 {
        let window = 1_u64.checked_shl(healthy.of).map_or(u64::MAX, |above| above - 1);
        (self.failed & window).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn healthy(failures: u32, of: u32) -> Healthy {
        Healthy {
            failures,
            of,
            ..Healthy::default()
        }
    }

    #[test]
    fn so_many_of_so_many() {
        // `x` failed, `.` held; the last of each row makes it hung.
        for (failures, of, checks, hung) in [
            (1, 1, "x", true),
            (1, 1, "....", false),
            (3, 3, "xx.xx.xx.", false),
            (3, 3, "xx.xxx", true),
            (3, 5, "x.x.x", true),
            (3, 5, "x..x..x..x", false),
            (2, 64, &format!("x{}x", ".".repeat(62)), true),
            (2, 64, &format!("x{}x", ".".repeat(63)), false),
            (64, 64, &"x".repeat(64), true),
            (64, 64, &"x".repeat(63), false),
        ] {
            let healthy = healthy(failures, of);
            let mut noted = Checks::default();
            let verdicts: Vec<bool> = checks.chars().map(|c| noted.note(&healthy, c == '.')).collect();
            assert_eq!(verdicts.last(), Some(&hung), "{failures} of {of}: {checks}");
            let early = verdicts.iter().rev().skip(1).any(|hung| *hung);
            assert!(!early, "{failures} of {of}: {checks}");
        }
    }

    proptest! {
        #[test]
        fn the_window_is_counted_right(
            checks in proptest::collection::vec(any::<bool>(), 0..200),
            failures in 1_u32..=64,
            more in 0_u32..64,
        ) {
            let healthy = healthy(failures, (failures + more).min(64));
            let mut noted = Checks::default();
            for (at, held) in checks.iter().enumerate() {
                let hung = noted.note(&healthy, *held);
                let from = (at + 1).saturating_sub(healthy.of as usize);
                let failed = checks[from..=at].iter().filter(|held| !**held).count();
                prop_assert_eq!(hung, failed >= failures as usize);
            }
        }
    }
}
