//! The time between a wish to end a game and its end, in which its players are warned, or
//! have left.
//!
//! ```text
//!            ┌ somebody plays ─▶ Waits ─ time is over ─┐
//!  Begins ───┤     (when_empty)    │                   ▼
//!            └ somebody plays ─────┼───────────────▶ Counts ─ time is up ─▶ Over
//!                  (warnings)      └── nobody plays ───┴──────────────────▶ Over
//! ```
//!
//! Nobody plays only where that is known: a count that failed counts as somebody.

use std::time::Duration;

use crate::inventory::WhenEmpty;

/// A warning that comes later than this tells the time that is really left.
const PUNCTUAL: Duration = Duration::from_secs(2);

/// The state of one countdown. All times are since one beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countdown {
    /// The times before the end at which players are told, the longest first.
    warnings: Vec<Duration>,
    when_empty: Option<WhenEmpty>,
    phase: CountdownPhase,
    has_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountdownPhase {
    /// Nothing is known of the players yet.
    Begins,
    /// Waits until nobody plays, or until this time.
    Waits {
        until: Option<Duration>,
    },
    /// Ends at `due`; the next warning is the one of this index.
    Counts {
        due: Duration,
        next: usize,
    },
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountdownInput {
    /// Time has passed.
    Tick,
    /// The players were counted; `None`: that failed.
    Counted(Option<u32>),
    /// The game has ended, or was started anew: nobody is to be warned any more.
    Ended,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountdownEffect {
    /// Tell the players that this time is left.
    Tell(Duration),
    /// Tell the players that nothing comes of it.
    TellCancelled,
    /// Let it be over: nothing follows.
    Finish(CountdownEnd),
}

/// The end of a countdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountdownEnd {
    /// To be ended, since nobody plays.
    NobodyPlays,
    /// To be ended, since all warnings were given.
    TimeIsUp,
    /// To be ended, since the longest wait for nobody is over, and there are no warnings.
    WaitIsOver,
    /// To be left as it is, since the longest wait is over.
    Skipped,
    /// To be counted as ended by itself.
    Ended,
    Cancelled,
}

impl Countdown {
    pub fn new(mut warnings: Vec<Duration>, when_empty: Option<WhenEmpty>) -> Self {
        warnings.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            warnings,
            when_empty,
            phase: CountdownPhase::Begins,
            has_told: false,
        }
    }

    pub fn phase(&self) -> CountdownPhase {
        self.phase
    }

    /// Returns the time of the next warning, before the end.
    pub fn next_warning(&self) -> Option<Duration> {
        match self.phase {
            CountdownPhase::Counts { next, .. } => self.warnings.get(next).copied(),
            _ => None,
        }
    }

    /// Returns the time at which the next tick is due; `None` if none is.
    pub fn next_at(&self) -> Option<Duration> {
        match self.phase {
            CountdownPhase::Begins | CountdownPhase::Over => None,
            CountdownPhase::Waits { until } => until,
            CountdownPhase::Counts { due, .. } => {
                let before = self.next_warning().unwrap_or_default();
                Some(due.saturating_sub(before))
            }
        }
    }

    /// Takes in what has happened, and returns what is to be done, in order.
    pub fn step(&mut self, now: Duration, input: CountdownInput) -> Vec<CountdownEffect> {
        if self.phase == CountdownPhase::Over {
            return Vec::new();
        }
        match input {
            CountdownInput::Ended => self.finish(CountdownEnd::Ended),
            CountdownInput::Counted(Some(0)) => self.finish(CountdownEnd::NobodyPlays),
            CountdownInput::Cancelled => {
                let told = self.has_told.then_some(CountdownEffect::TellCancelled);
                let finish = self.finish(CountdownEnd::Cancelled);
                told.into_iter().chain(finish).collect()
            }
            CountdownInput::Tick | CountdownInput::Counted(_) => self.go_on(now, input),
        }
    }

    fn go_on(&mut self, now: Duration, input: CountdownInput) -> Vec<CountdownEffect> {
        if self.phase == CountdownPhase::Begins && input != CountdownInput::Tick {
            match self.when_empty {
                Some(WhenEmpty { max_wait, .. }) => {
                    let until = max_wait.map(|wait| now.saturating_add(wait));
                    self.phase = CountdownPhase::Waits { until };
                }
                None => self.count_from(now),
            }
        }
        if let CountdownPhase::Waits { until: Some(until) } = self.phase
            && now >= until
        {
            if self.when_empty.is_some_and(|wait| wait.or_skip) {
                return self.finish(CountdownEnd::Skipped);
            }
            if self.warnings.is_empty() {
                return self.finish(CountdownEnd::WaitIsOver);
            }
            self.count_from(now);
        }
        self.warn(now)
    }

    fn count_from(&mut self, now: Duration) {
        let lead = self.warnings.first().copied().unwrap_or_default();
        self.phase = CountdownPhase::Counts {
            due: now.saturating_add(lead),
            next: 0,
        };
    }

    /// Tells of the last warning whose time has come; those before it are stale.
    fn warn(&mut self, now: Duration) -> Vec<CountdownEffect> {
        let CountdownPhase::Counts { due, next } = self.phase else {
            return Vec::new();
        };
        if now >= due {
            return self.finish(CountdownEnd::TimeIsUp);
        }
        let left = due.saturating_sub(now);
        let come = self.warnings.iter().filter(|at| **at >= left).count();
        let Some(at) = self.warnings.get(..come).and_then(<[_]>::last).filter(|_| come > next) else {
            return Vec::new();
        };
        let said = if at.saturating_sub(left) < PUNCTUAL { *at } else { left };
        self.phase = CountdownPhase::Counts { due, next: come };
        self.has_told = true;
        vec![CountdownEffect::Tell(said)]
    }

    fn finish(&mut self, end: CountdownEnd) -> Vec<CountdownEffect> {
        self.phase = CountdownPhase::Over;
        vec![CountdownEffect::Finish(end)]
    }
}

#[cfg(test)]
mod tests {
    use super::CountdownEffect::{Finish, Tell, TellCancelled};
    use super::CountdownInput::{Cancelled, Counted, Ended, Tick};
    use super::*;
    use proptest::prelude::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn countdown(warnings: &[u64], when_empty: Option<(Option<u64>, bool)>) -> Countdown {
        let when_empty = when_empty.map(|(max_wait, or_skip)| WhenEmpty {
            max_wait: max_wait.map(s),
            or_skip,
        });
        Countdown::new(warnings.iter().copied().map(s).collect(), when_empty)
    }

    /// Takes the steps, and returns what each one does.
    fn walk(mut countdown: Countdown, steps: &[(u64, CountdownInput)]) -> Vec<Vec<CountdownEffect>> {
        steps.iter().map(|(at, input)| countdown.step(s(*at), *input)).collect()
    }

    #[test]
    fn players_are_warned_at_each_time_and_then_it_ends() {
        let mut countdown = countdown(&[60, 300, 10], None);
        assert_eq!(countdown.next_at(), None);
        assert_eq!(countdown.step(s(0), Counted(Some(3))), [Tell(s(300))]);
        assert_eq!(countdown.next_at(), Some(s(240)));
        assert_eq!(countdown.step(s(239), Tick), []);
        assert_eq!(countdown.step(s(240), Tick), [Tell(s(60))]);
        assert_eq!(countdown.step(s(240), Tick), []);
        assert_eq!(countdown.step(s(291), Counted(None)), [Tell(s(10))], "a second late");
        assert_eq!(countdown.next_at(), Some(s(300)));
        assert_eq!(countdown.step(s(300), Tick), [Finish(CountdownEnd::TimeIsUp)]);
        assert_eq!(countdown.next_at(), None);
        assert_eq!(countdown.step(s(301), Cancelled), []);
    }

    #[test]
    fn warnings_that_were_overslept_are_not_repeated() {
        let steps = [(0, Counted(None)), (295, Tick), (296, Tick), (400, Tick)];
        let done = walk(countdown(&[300, 60, 10], None), &steps);
        let wanted: [&[CountdownEffect]; 4] = [&[Tell(s(300))], &[Tell(s(5))], &[], &[Finish(CountdownEnd::TimeIsUp)]];
        assert_eq!(done, wanted);
    }

    #[test]
    fn whoever_is_known_to_be_nobody_is_not_warned() {
        let nobody = || vec![Finish(CountdownEnd::NobodyPlays)];
        assert_eq!(walk(countdown(&[300], None), &[(0, Counted(Some(0)))]), [nobody()]);
        let left = walk(countdown(&[300], None), &[(0, Counted(None)), (7, Counted(Some(0)))]);
        assert_eq!(left, [vec![Tell(s(300))], nobody()]);
        let waited = [(0, Counted(Some(2))), (9, Counted(None)), (50, Counted(Some(0)))];
        assert_eq!(
            walk(countdown(&[], Some((None, false))), &waited),
            [vec![], vec![], nobody()]
        );
    }

    #[test]
    fn a_wait_ends_in_warnings_or_leaves_it() {
        let steps = [(0, Counted(Some(1))), (99, Tick), (100, Tick), (160, Tick)];
        let warned = walk(countdown(&[60], Some((Some(100), false))), &steps);
        let time_is_up = vec![Finish(CountdownEnd::TimeIsUp)];
        assert_eq!(warned, [vec![], vec![], vec![Tell(s(60))], time_is_up]);
        let bare = walk(countdown(&[], Some((Some(100), false))), &steps);
        assert_eq!(bare[2], [Finish(CountdownEnd::WaitIsOver)]);
        let skipped = walk(countdown(&[60], Some((Some(100), true))), &steps);
        assert_eq!(skipped[2..], [vec![Finish(CountdownEnd::Skipped)], vec![]]);
        let at_once = walk(countdown(&[60], Some((Some(0), false))), &steps);
        assert_eq!(at_once[0], [Tell(s(60))]);
    }

    #[test]
    fn players_hear_of_a_cancelled_one_if_they_were_warned() {
        let warned = walk(countdown(&[60], None), &[(0, Counted(None)), (5, Cancelled)]);
        assert_eq!(warned[1], [TellCancelled, Finish(CountdownEnd::Cancelled)]);
        let unknown = walk(
            countdown(&[60], Some((None, false))),
            &[(0, Counted(None)), (5, Cancelled)],
        );
        assert_eq!(unknown[1], [Finish(CountdownEnd::Cancelled)]);
        let ended = walk(countdown(&[60], None), &[(0, Counted(None)), (5, Ended)]);
        assert_eq!(ended[1], [Finish(CountdownEnd::Ended)]);
    }

    fn inputs() -> impl Strategy<Value = Vec<(u64, CountdownInput)>> {
        let input = prop_oneof![
            8 => Just(Tick),
            4 => (1_u32..5).prop_map(|count| Counted(Some(count))),
            2 => Just(Counted(None)),
            1 => Just(Counted(Some(0))),
            1 => Just(Ended),
            1 => Just(Cancelled),
        ];
        proptest::collection::vec((0_u64..50, input), 1..60)
    }

    proptest! {
        #[test]
        fn every_way_is_a_right_one(
            warnings in proptest::collection::btree_set(1_u64..200, 0..5),
            wait in proptest::option::of((proptest::option::of(0_u64..200), any::<bool>())),
            inputs in inputs(),
        ) {
            let list: Vec<u64> = warnings.iter().copied().collect();
            let lead = list.last().copied().unwrap_or_default();
            let mut countdown = countdown(&list, wait);
            let (mut now, mut was_known) = (0, false);
            let (mut over, mut first): (Option<CountdownEnd>, Option<u64>) = (None, None);
            let mut told: Vec<Duration> = Vec::new();
            for (pause, input) in inputs {
                now += pause;
                was_known |= over.is_none() && input == Counted(Some(0));
                let effects = countdown.step(s(now), input);
                prop_assert!(over.is_none() || effects.is_empty(), "nothing follows the end");
                if matches!(input, Counted(_)) {
                    first.get_or_insert(now);
                }
                for effect in effects {
                    match effect {
                        Tell(left) => {
                            prop_assert!(!left.is_zero() && left <= s(lead));
                            prop_assert!(told.last().is_none_or(|last| left < *last), "each less than the last");
                            told.push(left);
                        }
                        TellCancelled => prop_assert!(!told.is_empty()),
                        Finish(end) => over = Some(end),
                    }
                }
                if let Some(end) = over {
                    let waited = first.map(|first| now - first);
                    match end {
                        CountdownEnd::NobodyPlays => prop_assert!(was_known, "only where it is known"),
                        CountdownEnd::TimeIsUp => {
                            prop_assert!(waited.is_some_and(|waited| waited >= lead), "too early");
                            prop_assert!(wait.is_none_or(|(max, skips)| max.is_some() && !skips));
                        }
                        CountdownEnd::WaitIsOver => prop_assert!(list.is_empty() && wait.is_some()),
                        CountdownEnd::Skipped => prop_assert!(told.is_empty() && wait.is_some_and(|(_, skips)| skips)),
                        CountdownEnd::Ended | CountdownEnd::Cancelled => {}
                    }
                    prop_assert_eq!(countdown.next_at(), None);
                }
            }
            prop_assert!(told.len() <= list.len());
        }
    }
}
