//! The firings of a schedule that have become due, and what is to be done about them.
//!
//! ```text
//!      decided          planned   planned + delay            now
//! ────────┼────────────────┼──────────────┼───────────────────┼──▶
//!         └ the last firing that is on record                 │
//!                                         └─ lateness ────────┘
//! ```
//!
//! Whoever carries a schedule out puts `decided` on record first. So each firing is decided
//! about once, however often that is asked, and whatever the clock does meanwhile.

use std::time::Duration;

use crate::inventory::Schedule;

/// A firing that comes this late is on time: a busy machine needs a moment.
const PUNCTUAL: i64 = 10;

/// A record that lies this far ahead was written while the clock was wrong.
const ABSURD: i64 = 25 * 60 * 60;

/// A firing. Times are in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firing {
    /// The time at which it is to be carried out.
    pub at: i64,
    /// The time by the pattern, which names it.
    pub planned: i64,
}

/// The state of a schedule at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleStep {
    /// Nothing is due; `None`: never again.
    Wait(Option<Firing>),
    /// This one is to be carried out.
    Fire(Firing),
    /// Somebody asked for this one to be skipped.
    Skip(Firing),
    /// This one is the last of those that are too late.
    Miss(Firing),
    /// The record lies in the future, since the clock was set back: begin anew from now.
    BeginAnew,
}

/// A schedule of one instance.
#[derive(Debug, Clone, Copy)]
pub struct Timeline<'a> {
    id: &'a str,
    schedule: &'a Schedule,
}

impl<'a> Timeline<'a> {
    pub fn new(id: &'a str, schedule: &'a Schedule) -> Self {
        Self { id, schedule }
    }

    /// Returns the first firing that is planned after this one.
    pub fn next(&self, planned: i64) -> Option<Firing> {
        self.schedule.calendar.next_after(planned).map(|next| self.firing(next))
    }

    /// Returns what is to be done now, if all up to `decided` is on record as decided, and
    /// the firings planned at `skipped` are to be skipped.
    pub fn step(&self, decided: i64, skipped: &[i64], now: i64) -> ScheduleStep {
        if decided > now.saturating_add(ABSURD) {
            return ScheduleStep::BeginAnew;
        }
        let next = self.next(decided);
        let Some(last) = next.filter(|next| next.at <= now).map(|next| self.last_due(next, now)) else {
            return ScheduleStep::Wait(next);
        };
        let grace = seconds(self.schedule.grace).max(PUNCTUAL);
        if skipped.contains(&last.planned) {
            ScheduleStep::Skip(last)
        } else if now - last.at <= grace {
            ScheduleStep::Fire(last)
        } else {
            ScheduleStep::Miss(last)
        }
    }

    /// Returns the last firing whose time has come. The `first` one is due.
    fn last_due(&self, first: Firing, now: i64) -> Firing {
        let mut until = now;
        while let Some(planned) = self.schedule.calendar.last_between(first.planned, until) {
            let firing = self.firing(planned);
            if firing.at <= now {
                return firing;
            }
            until = planned - 1;
        }
        first
    }

    fn firing(&self, planned: i64) -> Firing {
        let longest = seconds(self.schedule.jitter);
        Firing {
            at: planned.saturating_add(self.delay(planned, longest)),
            planned,
        }
    }

    /// Returns the delay of a firing. It looks like chance and is none: a `run` that is
    /// started anew finds the same.
    fn delay(&self, planned: i64, longest: i64) -> i64 {
        let name = format!("{} {} {planned}", self.id, self.schedule.key());
        // In 64 bits, so that a long jitter is spread evenly.
        let half = |salt: u8| u64::from(crc32fast::hash(format!("{salt}{name}").as_bytes()));
        let chance = half(1) << 32 | half(2);
        let longest = u64::try_from(longest).unwrap_or(0);
        i64::try_from(chance % (longest + 1)).unwrap_or(0)
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::inventory::{Calendar, ClockZone, Deed};

    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    /// 2026-12-01, 00:00 UTC.
    const MIDNIGHT: i64 = 1_796_083_200;

    fn schedule(cron: &str, grace: i64, jitter: i64) -> Schedule {
        let time = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        Schedule {
            calendar: Calendar::new(cron, ClockZone::named("UTC").unwrap()).unwrap(),
            deed: Deed::Restart,
            warn: None,
            when_empty: None,
            jitter: time(jitter),
            grace: time(grace),
        }
    }

    fn on_time(planned: i64) -> Firing {
        Firing { at: planned, planned }
    }

    #[test]
    fn what_is_due() {
        let five = MIDNIGHT + 5 * HOUR;
        let daily = schedule("0 5 * * *", 15 * 60, 0);
        let daily = Timeline::new("a", &daily);
        let tomorrow = ScheduleStep::Wait(Some(on_time(five + DAY)));
        for (decided, skipped, now, wanted) in [
            (MIDNIGHT, vec![], MIDNIGHT, ScheduleStep::Wait(Some(on_time(five)))),
            (MIDNIGHT, vec![], five - 1, ScheduleStep::Wait(Some(on_time(five)))),
            (MIDNIGHT, vec![], five, ScheduleStep::Fire(on_time(five))),
            (MIDNIGHT, vec![], five + 15 * 60, ScheduleStep::Fire(on_time(five))),
            (MIDNIGHT, vec![], five + 15 * 60 + 1, ScheduleStep::Miss(on_time(five))),
            (MIDNIGHT, vec![five], five + 3, ScheduleStep::Skip(on_time(five))),
            // Of many that were missed the last one counts.
            (
                MIDNIGHT,
                vec![],
                five + 9 * DAY + 60,
                ScheduleStep::Fire(on_time(five + 9 * DAY)),
            ),
            (
                MIDNIGHT,
                vec![],
                five + 9 * DAY + HOUR,
                ScheduleStep::Miss(on_time(five + 9 * DAY)),
            ),
            // A skip is of its own firing only.
            (
                MIDNIGHT,
                vec![five],
                five + DAY,
                ScheduleStep::Fire(on_time(five + DAY)),
            ),
            (five, vec![], five, tomorrow),
            // The clock was set back a little: nothing comes again.
            (five, vec![], five - HOUR, tomorrow),
            (five, vec![], five - 30 * HOUR, ScheduleStep::BeginAnew),
        ] {
            assert_eq!(daily.step(decided, &skipped, now), wanted, "{decided} {now}");
        }
        let strict = schedule("0 5 * * *", 0, 0);
        let strict = Timeline::new("a", &strict);
        assert_eq!(strict.step(MIDNIGHT, &[], five + 10), ScheduleStep::Fire(on_time(five)));
        assert_eq!(strict.step(MIDNIGHT, &[], five + 11), ScheduleStep::Miss(on_time(five)));
    }

    #[test]
    fn jitter_is_the_same_again_and_spreads_the_instances() {
        let spread = schedule("0 5 * * *", 60, 120);
        let ids: Vec<String> = (0..1000).map(|n| format!("game-{n}")).collect();
        let delays = |_: u32| -> Vec<i64> {
            let delay = |id: &String| Timeline::new(id, &spread).next(MIDNIGHT).unwrap();
            ids.iter().map(|id| delay(id).at - MIDNIGHT - 5 * HOUR).collect()
        };
        let all = delays(0);
        assert_eq!(all, delays(1));
        assert!(all.iter().all(|delay| (0..=120).contains(delay)));
        for second in 0..=120 {
            let begun = all.iter().filter(|delay| **delay == second).count();
            assert!(begun < 30, "{begun} of 1000 in second {second}");
        }
        // It lies after the planned time, and a firing that waits for it is not lost.
        let one = Timeline::new("a", &spread);
        let firing = one.next(MIDNIGHT).unwrap();
        assert_eq!(one.step(MIDNIGHT, &[], firing.at - 1), ScheduleStep::Wait(Some(firing)));
        assert_eq!(one.step(MIDNIGHT, &[], firing.at), ScheduleStep::Fire(firing));
    }

    /// An hour in the life of a `run`: it ticks, is away, or has its clock moved.
    #[derive(Debug, Clone)]
    enum Move {
        /// A span in which it runs.
        Runs(i64),
        Away(i64),
        Clock(i64),
        Skips,
        /// A kill between the record and the deed, and another look.
        Killed,
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let one = prop_oneof![
            4 => (1i64..2 * HOUR).prop_map(Move::Runs),
            2 => (1i64..3 * DAY).prop_map(Move::Away),
            1 => (-20 * HOUR..20 * HOUR).prop_map(Move::Clock),
            1 => Just(Move::Skips),
            1 => Just(Move::Killed),
        ];
        prop::collection::vec(one, 1..30)
    }

    proptest! {
        #[test]
        fn no_firing_is_decided_twice_and_none_is_lost(
            moves in moves(),
            cron in prop_oneof![Just("0 5 * * *"), Just("*/30 * * * *"), Just("7 2,3 * * 1-5")],
            grace in prop_oneof![Just(0i64), Just(900), Just(DAY)],
            jitter in prop_oneof![Just(0i64), Just(600)],
        ) {
            let schedule = schedule(cron, grace, jitter);
            let line = Timeline::new("a", &schedule);
            let (mut now, mut decided) = (MIDNIGHT, MIDNIGHT);
            let (mut fired, mut skipped): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
            for one in moves {
                let until = match one {
                    Move::Runs(span) => now + span,
                    Move::Away(span) => { now += span; now }
                    Move::Clock(by) => { now += by; now }
                    Move::Skips => { skipped.extend(line.next(decided).map(|next| next.planned)); now }
                    Move::Killed => now,
                };
                loop {
                    match line.step(decided, &skipped, now) {
                        ScheduleStep::Fire(firing) => {
                            prop_assert!(!fired.contains(&firing.planned), "twice");
                            prop_assert!(!skipped.contains(&firing.planned), "although skipped");
                            prop_assert!(firing.planned > decided && firing.at <= now);
                            prop_assert!(now - firing.at <= grace.max(PUNCTUAL), "too late");
                            fired.push(firing.planned);
                            decided = firing.planned;
                        }
                        ScheduleStep::Skip(firing) | ScheduleStep::Miss(firing) => {
                            prop_assert!(firing.planned > decided);
                            decided = firing.planned;
                        }
                        ScheduleStep::Wait(next) => {
                            let next = next.expect("it always comes again");
                            prop_assert!(next.at > now, "what is due does not wait");
                            if next.at > until { break; }
                            // Punctually, as a timer does.
                            now = next.at;
                        }
                        // The clock moves by less than what counts as absurd, but adds up.
                        ScheduleStep::BeginAnew => { decided = now; fired.clear(); }
                    }
                }
                now = now.max(until);
            }
        }
    }
}
