//! The decision to restart an instance that ended although no stop was requested.
//!
//! Times are milliseconds of the monotonic clock: neither a clock step nor a
//! suspend makes a delay longer or shorter.

use std::time::Duration;

use crate::inventory::{RestartPolicy, RestartWhen};

/// The exit code of a program that cannot work as it is configured, by
/// `sysexits(3)`: trying again helps nobody.
pub const EX_CONFIG: i32 = 78;

/// The share by which a delay may differ from the configured one, either way, so
/// that instances that crashed together do not start together.
const JITTER: f64 = 0.1;

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The exit code, if it is known.
    pub code: Option<i32>,
    /// The time since it became ready, in milliseconds; 0 if it never did.
    pub ran_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Restart { at_ms: u64 },
    Stay(StayReason),
}

/// The reason not to restart an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StayReason {
    Never,
    Held,
    GaveUp,
}

/// The crashes of an instance since its last manual start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    pub doublings: u32,
    /// The times of the crashes within the window of `give_up`.
    pub crashes: Vec<u64>,
}

impl History {
    /// Decides on a restart after a crash at `now_ms`. `chance` is a random number
    /// from 0 to 1.
    pub fn crashed(&mut self, policy: &RestartPolicy, end: End, now_ms: u64, chance: f64) -> Verdict {
        if end.ran_ms >= millis(policy.reset_after) && end.ran_ms > 0 {
            self.doublings = 0;
        }
        if let Some(limit) = policy.give_up {
            let within = millis(limit.within);
            self.crashes.retain(|at| now_ms.saturating_sub(*at) <= within);
            self.crashes.push(now_ms);
        } else {
            self.crashes.clear();
        }
        if end.code == Some(EX_CONFIG) {
            return Verdict::Stay(StayReason::Held);
        }
        if policy.policy == RestartWhen::Never {
            return Verdict::Stay(StayReason::Never);
        }
        let limit = policy.give_up.map_or(u32::MAX, |limit| limit.times);
        if u32::try_from(self.crashes.len()).unwrap_or(u32::MAX) >= limit {
            return Verdict::Stay(StayReason::GaveUp);
        }
        let delay = self.delay(policy, chance);
        self.doublings = self.doublings.saturating_add(1);
        Verdict::Restart {
            at_ms: now_ms.saturating_add(delay),
        }
    }

    fn delay(&self, policy: &RestartPolicy, chance: f64) -> u64 {
        let factor = 1_u64.checked_shl(self.doublings).unwrap_or(u64::MAX);
        let longest = millis(policy.max_delay);
        let delay = millis(policy.delay).saturating_mul(factor).min(longest);
        let jitter = 1.0 - JITTER + 2.0 * JITTER * chance.clamp(0.0, 1.0);
        ((delay as f64 * jitter) as u64).min(longest)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::GiveUp;
    use proptest::prelude::*;

    /// Without jitter.
    const MIDDLE: f64 = 0.5;

    fn policy(policy: RestartWhen) -> RestartPolicy {
        RestartPolicy {
            policy,
            ..RestartPolicy::default()
        }
    }

    fn crash(code: i32) -> End {
        End {
            code: Some(code),
            ran_ms: 0,
        }
    }

    #[test]
    fn the_delay_doubles_up_to_its_cap_and_falls_back() {
        let policy = policy(RestartWhen::Always);
        let mut history = History::default();
        let mut delays = Vec::new();
        for now in 0..9 {
            match history.crashed(&policy, crash(1), now, MIDDLE) {
                Verdict::Restart { at_ms } => delays.push((at_ms - now) / 1000),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let healthy = End {
            code: None,
            ran_ms: 60_000,
        };
        assert_eq!(
            history.crashed(&policy, healthy, 0, MIDDLE),
            Verdict::Restart { at_ms: 1_000 }
        );
        let not_quite = End {
            code: None,
            ran_ms: 59_999,
        };
        assert_eq!(
            history.crashed(&policy, not_quite, 0, MIDDLE),
            Verdict::Restart { at_ms: 2_000 }
        );
    }

    #[test]
    fn instances_that_are_started_again() {
        use RestartWhen::{Always, Never, OnFailure};
        for (when, code, verdict) in [
            (Always, Some(0), None),
            (Always, Some(1), None),
            (Always, None, None),
            (OnFailure, Some(1), None),
            // Before it was ready: a failed start.
            (OnFailure, Some(0), None),
            (Never, Some(1), Some(StayReason::Never)),
            (Never, None, Some(StayReason::Never)),
            (Always, Some(EX_CONFIG), Some(StayReason::Held)),
            (Never, Some(EX_CONFIG), Some(StayReason::Held)),
        ] {
            let end = End { code, ran_ms: 5 };
            let found = History::default().crashed(&policy(when), end, 7, MIDDLE);
            match verdict {
                Some(why) => assert_eq!(found, Verdict::Stay(why), "{when:?} {code:?}"),
                None => assert_eq!(found, Verdict::Restart { at_ms: 1_007 }, "{when:?} {code:?}"),
            }
        }
    }

    #[test]
    fn the_last_crash_within_the_window_is_the_last() {
        let mut policy = policy(RestartWhen::Always);
        policy.give_up = Some(GiveUp {
            times: 3,
            within: Duration::from_secs(10),
        });
        let mut history = History::default();
        let mut gives_up = |now| history.crashed(&policy, crash(1), now, MIDDLE) == Verdict::Stay(StayReason::GaveUp);
        assert!(!gives_up(0));
        assert!(!gives_up(9_000));
        // The first is out of the window by now.
        assert!(!gives_up(10_001));
        assert!(gives_up(19_000));
    }

    #[test]
    fn without_a_delay_it_is_at_once() {
        let mut policy = policy(RestartWhen::Always);
        policy.delay = Duration::ZERO;
        let mut history = History::default();
        for _ in 0..100 {
            assert_eq!(
                history.crashed(&policy, crash(1), 42, 1.0),
                Verdict::Restart { at_ms: 42 }
            );
        }
    }

    proptest! {
        #[test]
        fn a_delay_is_near_what_was_configured_and_never_above_the_cap(
            delay in 0_u64..1_000_000,
            more in 0_u64..1_000_000,
            doublings in 0_u32..200,
            chance in 0.0_f64..=1.0,
            now in 0_u64..u64::MAX,
        ) {
            let policy = RestartPolicy {
                delay: Duration::from_millis(delay),
                max_delay: Duration::from_millis(delay + more),
                ..RestartPolicy::default()
            };
            let mut history = History { doublings, crashes: Vec::new() };
            let Verdict::Restart { at_ms } = history.crashed(&policy, crash(1), now, chance) else {
                panic!("it does not give up");
            };
            let waits = at_ms - now;
            prop_assert!(waits <= delay + more);
            let nominal = delay.saturating_mul(1_u64.checked_shl(doublings).unwrap_or(u64::MAX)).min(delay + more);
            prop_assert!(waits as f64 >= nominal as f64 * 0.9 - 1.0 || at_ms == u64::MAX);
        }

        #[test]
        fn it_remembers_no_more_than_it_needs(
            times in 1_u32..20,
            gaps in proptest::collection::vec(0_u64..5_000, 0..100),
        ) {
            let policy = RestartPolicy {
                give_up: Some(GiveUp { times, within: Duration::from_secs(10) }),
                ..RestartPolicy::default()
            };
            let mut history = History::default();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                let gave_up = history.crashed(&policy, crash(1), now, 0.5) == Verdict::Stay(StayReason::GaveUp);
                let recent = history.crashes.iter().filter(|at| now - **at <= 10_000).count();
                prop_assert_eq!(recent, history.crashes.len());
                prop_assert_eq!(gave_up, recent >= times as usize);
                if gave_up {
                    history = History::default();
                }
            }
        }
    }
}
