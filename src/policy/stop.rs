//! The stop chain: which step is due, and when it comes to the kill.
//!
//! ```text
//!  step 1 ──wait over──▶ step 2 ──wait over──▶ ... ──wait over──▶ kill
//!    │                     │                                       ▲
//!    └──main process gone──┴──▶ TERM to what is left ──5 s over────┘
//!                    nothing left, at any point: ended
//! ```
//!
//! A main process that was found by its pattern has a launcher, which is given a
//! short while to end by itself before its TERM.
//!
//! A chain of which certainly no step was carried out has told the game nothing: it gets
//! a TERM and a minute before the kill.
//!
//! A stop in a hurry is one TERM, and the kill 5 s after it.
//!
//! The first signal goes to the game's main process alone, so that it can save
//! and take its helpers down in its own order. Later signals go to everything
//! that is still there.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::inventory::{DEFAULT_STEP_WAIT, StopAction, StopStep, default_stop_chain};

/// The time between the TERM and the kill of what outlives the main process, in
/// milliseconds.
pub const LEFTOVER_GRACE_MS: u64 = 5_000;

/// The time in which the launcher of a main process may end by itself after it,
/// in milliseconds.
pub const LAUNCHER_GRACE_MS: u64 = 2_000;

/// The pause before a kill is repeated, in milliseconds: a process may have been
/// born between the look and the kill.
const KILL_AGAIN_MS: u64 = 200;

/// The time after which a claimed step is passed over, if it does not wait for
/// longer, in milliseconds.
pub const DELEGATED_MS: u64 = 10_000;

/// The time in which a delegated step must be claimed, in milliseconds: it may be
/// that no gamectl follows the stop any more.
const CLAIM_MS: u64 = 5_000;

/// Returns the steps that a shim carries out alone. A chain of nothing else
/// becomes a TERM and a minute, so that it does not come to a kill at once.
pub fn without_delegated(steps: &[StopStep]) -> Vec<StopStep> {
    let rest: Vec<StopStep> = steps.iter().filter(|step| !step.is_delegated()).cloned().collect();
    if !rest.is_empty() || steps.is_empty() {
        return rest;
    }
    default_stop_chain()
}

/// Returns the longest time that a chain takes, up to its kill.
pub fn longest(steps: &[StopStep]) -> Duration {
    let time = |step: &StopStep| {
        let delegated = Duration::from_millis(CLAIM_MS.max(DELEGATED_MS));
        step.wait
            .max(if step.is_delegated() { delegated } else { Duration::ZERO })
    };
    let leftovers = Duration::from_millis(LAUNCHER_GRACE_MS + LEFTOVER_GRACE_MS);
    let is_told_for_sure = steps.iter().any(|step| matches!(step.action, StopAction::Signal(_)));
    let untold = if is_told_for_sure {
        Duration::ZERO
    } else {
        DEFAULT_STEP_WAIT
    };
    let times = steps.iter().map(time).chain([untold]);
    times.fold(leftovers, Duration::saturating_add)
}

/// Returns the chain of a stop in a hurry, whatever chain the game has.
pub fn chain_now() -> Vec<StopStep> {
    vec![StopStep {
        action: StopAction::Signal(Signal::SIGTERM),
        wait: Duration::from_millis(LEFTOVER_GRACE_MS),
        expect: None,
    }]
}

/// An action that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Leave the step to the gamectl that follows the stop.
    Delegate,
    WriteConsole(String),
    SignalMain(Signal),
    SignalAll(Signal),
    KillAll,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Step { index: usize, since: u64 },
    Launcher { since: u64, ended_by: String },
    Leftovers { since: u64, ended_by: String },
    Kill { since: u64, again: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delegation {
    Offered,
    Claimed,
    Completed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    steps: Vec<StopStep>,
    phase: Phase,
    signalled_main: bool,
    /// True if the game may have been told to end.
    told: bool,
    /// True if the kill comes 5 s after the step under way began, at the latest.
    hurried: bool,
    /// True where the main process has a launcher.
    launcher: bool,
    /// The progress of the step under way, where that is delegated.
    delegation: Delegation,
    /// The steps that were passed over, in words.
    passed_over: Vec<String>,
}

/// The thing that a stop under way waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    pub label: String,
    /// The time that has passed, in milliseconds.
    pub elapsed_ms: u64,
    /// The limit of the wait, in milliseconds; `None` for a kill.
    pub limit_ms: Option<u64>,
}

/// The most characters of a step that is told of in the record of an exit, which
/// has little room.
const LABEL_MAX: usize = 80;

/// The label of the kill at the end.
pub const KILL_LABEL: &str = "kill";

impl Escalation {
    fn new(steps: Vec<StopStep>, phase: Phase) -> Self {
        Self {
            steps,
            phase,
            signalled_main: false,
            told: false,
            hurried: false,
            launcher: false,
            delegation: Delegation::Offered,
            passed_over: Vec::new(),
        }
    }

    /// Begins a chain. Returns the first thing to do.
    pub fn begin(steps: Vec<StopStep>, now: u64) -> (Self, Action) {
        let mut escalation = Self::new(steps, Phase::Step { index: 0, since: now });
        let action = escalation.enter(0, now);
        (escalation, action)
    }

    /// Begins a stop in a hurry.
    pub fn begin_now(now: u64) -> (Self, Action) {
        let (escalation, action) = Self::begin(chain_now(), now);
        let hurried = true;
        (Self { hurried, ..escalation }, action)
    }

    /// Begins the clearing away of what outlived a main process that ended
    /// without being asked to.
    pub fn clear_leftovers(now: u64) -> (Self, Action) {
        let phase = Phase::Leftovers {
            since: now,
            ended_by: String::new(),
        };
        (Self::new(Vec::new(), phase), Action::SignalAll(Signal::SIGTERM))
    }

    /// Begins with a short while in which the launcher of a main process that
    /// ended without being asked to may end by itself.
    pub fn await_launcher(now: u64) -> Self {
        let phase = Phase::Launcher {
            since: now,
            ended_by: String::new(),
        };
        Self {
            launcher: true,
            ..Self::new(Vec::new(), phase)
        }
    }

    /// The main process has a launcher, which is to have that while too.
    pub fn has_launcher(&mut self) {
        self.launcher = true;
    }

    fn leftovers(&mut self, now: u64) -> Action {
        let since = match self.phase {
            Phase::Step { since, .. } if self.hurried => since,
            _ => now,
        };
        let ended_by = self.ended_by();
        self.phase = Phase::Leftovers { since, ended_by };
        Action::SignalAll(Signal::SIGTERM)
    }

    fn enter(&mut self, index: usize, now: u64) -> Action {
        if index == self.steps.len() && index > 0 && !self.told {
            self.steps.extend(default_stop_chain());
        }
        let Some(step) = self.steps.get(index) else {
            return self.kill(now);
        };
        let action = match &step.action {
            StopAction::Stdin(line) => Action::WriteConsole(line.clone()),
            StopAction::Signal(signal) if self.signalled_main => Action::SignalAll(*signal),
            StopAction::Signal(signal) => {
                self.signalled_main = true;
                self.told = true;
                Action::SignalMain(*signal)
            }
            _ => Action::Delegate,
        };
        self.phase = Phase::Step { index, since: now };
        self.delegation = Delegation::Offered;
        action
    }

    fn kill(&mut self, now: u64) -> Action {
        let since = match self.phase {
            Phase::Kill { since, .. } => since,
            _ => now,
        };
        self.phase = Phase::Kill {
            since,
            again: now + KILL_AGAIN_MS,
        };
        Action::KillAll
    }

    /// Returns the action that is due at `now`. The caller asks again until there is
    /// none, whenever a deadline has come or a process of the tree has ended, and
    /// no more when the whole tree has ended.
    pub fn due(&mut self, now: u64, main_alive: bool) -> Option<Action> {
        match &self.phase {
            Phase::Step { .. } if !main_alive && self.launcher && !self.hurried => {
                let ended_by = self.ended_by();
                self.phase = Phase::Launcher { since: now, ended_by };
                None
            }
            Phase::Step { .. } if !main_alive => Some(self.leftovers(now)),
            Phase::Launcher { .. } if now >= self.deadline() => Some(self.leftovers(now)),
            Phase::Step { index, .. } if now >= self.deadline() => {
                let next = index + 1;
                self.told |= self.offered_step().is_none();
                self.pass_over();
                Some(self.enter(next, now))
            }
            Phase::Leftovers { .. } | Phase::Kill { .. } if now >= self.deadline() => Some(self.kill(now)),
            _ => None,
        }
    }

    /// Notes that the step under way was left to a gamectl, and not carried out.
    fn pass_over(&mut self) {
        let Some((_, step)) = self.delegated_step() else { return };
        let label = shortened(&step.action.to_string());
        match self.delegation {
            Delegation::Offered => self
                .passed_over
                .push(format!("{label} was not carried out: no gamectl took it on")),
            Delegation::Claimed => self.passed_over.push(format!(
                "{label} may not have been carried out: the gamectl that took it on did not say so"
            )),
            Delegation::Completed => {}
        }
    }

    /// Returns the steps that were passed over, in words.
    pub fn passed_over(&self) -> &[String] {
        &self.passed_over
    }

    /// Gives up on the step under way because it could not be carried out, and notes
    /// why, unless that has been told. Returns what to do instead.
    pub fn step_failed(&mut self, now: u64, why: Option<&str>) -> Option<Action> {
        if let (Phase::Step { index, .. }, Some(why)) = (&self.phase, why) {
            self.passed_over
                .push(format!("{} {why}", shortened(&self.label(*index))));
        }
        match self.phase {
            Phase::Step { index, .. } => Some(self.enter(index + 1, now)),
            Phase::Leftovers { .. } => Some(self.kill(now)),
            Phase::Launcher { .. } | Phase::Kill { .. } => None,
        }
    }

    fn time(&self, step: &StopStep) -> u64 {
        let wait = u64::try_from(step.wait.as_millis()).unwrap_or(u64::MAX);
        match self.delegation {
            _ if !step.is_delegated() => wait,
            Delegation::Offered => CLAIM_MS,
            Delegation::Claimed => wait.max(DELEGATED_MS),
            Delegation::Completed => wait,
        }
    }

    /// Returns the step under way that a gamectl is to claim, and its number.
    pub fn offered_step(&self) -> Option<(usize, &StopStep)> {
        self.delegated_step().filter(|_| self.delegation == Delegation::Offered)
    }

    fn delegated_step(&self) -> Option<(usize, &StopStep)> {
        let Phase::Step { index, .. } = self.phase else {
            return None;
        };
        let step = self.steps.get(index)?;
        step.is_delegated().then_some((index, step))
    }

    /// Claims a delegated step for a gamectl. Returns false when it is not
    /// offered, or no more.
    pub fn claim(&mut self, index: usize) -> bool {
        let offered = self.offered_step().is_some_and(|(offered, _)| offered == index);
        if offered {
            self.delegation = Delegation::Claimed;
        }
        offered
    }

    /// Notes that a claimed step is done; what is left of its wait is waited.
    /// Returns false when that step is not under way.
    pub fn complete(&mut self, index: usize) -> bool {
        let is_under_way = self.delegated_step().is_some_and(|(now, _)| now == index);
        let claimed = is_under_way && self.delegation == Delegation::Claimed;
        if claimed {
            self.delegation = Delegation::Completed;
        }
        claimed
    }

    /// Goes on as a stop in a hurry, which it may be already. Returns the TERM,
    /// if it has still to be sent.
    pub fn hurry(&mut self, now: u64) -> Option<Action> {
        match self.phase {
            Phase::Launcher { .. } => Some(self.leftovers(now)),
            Phase::Step { .. } if !self.hurried => {
                self.steps = chain_now();
                self.hurried = true;
                Some(self.enter(0, now))
            }
            // The kill comes in 5 s, or has come.
            _ => None,
        }
    }

    /// Returns the time of the next action, on the clock that was passed in.
    pub fn deadline(&self) -> u64 {
        match &self.phase {
            Phase::Step { index, since } => {
                since.saturating_add(self.steps.get(*index).map_or(0, |step| self.time(step)))
            }
            Phase::Launcher { since, .. } => since + LAUNCHER_GRACE_MS,
            Phase::Leftovers { since, .. } => since + LEFTOVER_GRACE_MS,
            Phase::Kill { again, .. } => *again,
        }
    }

    /// Returns the name of the step that the end, should it come now, is owed to.
    /// Empty when no step was taken.
    pub fn ended_by(&self) -> String {
        match &self.phase {
            Phase::Step { index, .. } => self.label(*index),
            Phase::Launcher { ended_by, .. } | Phase::Leftovers { ended_by, .. } => ended_by.clone(),
            Phase::Kill { .. } => KILL_LABEL.to_owned(),
        }
    }

    fn label(&self, index: usize) -> String {
        self.steps
            .get(index)
            .map(|step| step.action.to_string())
            .unwrap_or_default()
    }

    /// Returns what is awaited at `now`.
    pub fn awaiting(&self, now: u64) -> Awaiting {
        let (label, since, limit_ms) = match &self.phase {
            Phase::Step { index, since } => {
                let limit = self.steps.get(*index).map(|step| self.time(step));
                (self.label(*index), *since, limit)
            }
            Phase::Launcher { since, .. } => ("its launcher".to_owned(), *since, Some(LAUNCHER_GRACE_MS)),
            Phase::Leftovers { since, .. } => ("what outlived it".to_owned(), *since, Some(LEFTOVER_GRACE_MS)),
            Phase::Kill { since, .. } => (KILL_LABEL.to_owned(), *since, None),
        };
        Awaiting {
            label,
            elapsed_ms: now.saturating_sub(since),
            limit_ms,
        }
    }
}

fn shortened(label: &str) -> String {
    label.chars().take(LABEL_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::ChannelKind;
    use std::time::Duration;

    use proptest::prelude::*;

    const INT: Signal = Signal::SIGINT;
    const TERM: Signal = Signal::SIGTERM;

    fn step(action: StopAction, wait_ms: u64) -> StopStep {
        let wait = Duration::from_millis(wait_ms);
        let expect = None;
        StopStep { action, wait, expect }
    }

    fn stdin(line: &str, wait_ms: u64) -> StopStep {
        step(StopAction::Stdin(line.to_owned()), wait_ms)
    }

    fn signal(signal: Signal, wait_ms: u64) -> StopStep {
        step(StopAction::Signal(signal), wait_ms)
    }

    #[test]
    fn a_launcher_has_a_short_while_after_its_game() {
        let (mut stop, _) = Escalation::begin(vec![signal(TERM, 60_000)], 0);
        stop.has_launcher();
        assert_eq!(stop.due(10, false), None);
        assert_eq!((stop.deadline(), stop.ended_by().as_str()), (2010, "signal: TERM"));
        assert_eq!(stop.due(2009, false), None);
        assert_eq!(stop.due(2010, false), Some(Action::SignalAll(Signal::SIGTERM)));
        assert_eq!(stop.ended_by(), "signal: TERM");
        assert_eq!(stop.due(7010, false), Some(Action::KillAll));
        let mut crash = Escalation::await_launcher(5);
        assert_eq!(crash.due(6, false), None);
        assert_eq!(
            crash.hurry(7),
            Some(Action::SignalAll(Signal::SIGTERM)),
            "stop --now does not wait for it"
        );
    }

    #[test]
    fn a_chain_runs_to_the_kill() {
        let steps = vec![stdin("save", 10), stdin("quit", 60), signal(INT, 30), signal(TERM, 20)];
        let (mut stop, first) = Escalation::begin(steps, 1000);
        assert_eq!(first, Action::WriteConsole("save".into()));
        assert_eq!(stop.due(1009, true), None);
        assert_eq!(stop.due(1010, true), Some(Action::WriteConsole("quit".into())));
        assert_eq!(stop.due(1010, true), None);
        assert_eq!(stop.deadline(), 1070);
        assert_eq!(stop.due(1070, true), Some(Action::SignalMain(INT)));
        assert_eq!(stop.ended_by(), "signal: INT");
        assert_eq!(
            stop.due(1100, true),
            Some(Action::SignalAll(TERM)),
            "a later signal goes to all"
        );
        assert_eq!(stop.due(1120, true), Some(Action::KillAll));
        assert_eq!(stop.ended_by(), KILL_LABEL);
        assert_eq!(stop.due(1120, true), None);
        assert_eq!(stop.due(1320, true), Some(Action::KillAll), "and again");
        assert_eq!(stop.awaiting(1320).elapsed_ms, 200, "the kill is timed from its first");
    }

    #[test]
    fn what_outlives_the_main_process_gets_five_seconds() {
        let (mut stop, _) = Escalation::begin(vec![signal(TERM, 60_000)], 0);
        assert_eq!(stop.due(100, false), Some(Action::SignalAll(Signal::SIGTERM)));
        assert_eq!(
            stop.ended_by(),
            "signal: TERM",
            "the step did it, the rest is clearing up"
        );
        assert_eq!(stop.due(5_099, false), None);
        assert_eq!(stop.due(5_100, false), Some(Action::KillAll));
    }

    #[test]
    fn delegated_steps_are_passed_over_where_no_gamectl_claims_them() {
        let client = |wait_ms| step(StopAction::Remote(ChannelKind::Rcon, "x".into()), wait_ms);
        let (mut stop, first) = Escalation::begin(vec![client(0), client(20_000), signal(TERM, 10)], 0);
        assert_eq!(first, Action::Delegate);
        assert_eq!(stop.offered_step(), Some((0, &client(0))));
        assert!(!stop.claim(1) && !stop.complete(0), "not yet");
        assert!(stop.claim(0) && !stop.claim(0), "one does it");
        assert_eq!(stop.due(DELEGATED_MS - 1, true), None);
        assert!(stop.complete(0) && !stop.complete(0));
        assert_eq!(stop.due(5, true), Some(Action::Delegate));
        assert!(stop.claim(1));
        assert_eq!(stop.due(20_004, true), None);
        assert_eq!(stop.due(20_005, true), Some(Action::SignalMain(TERM)));
        assert!(!stop.complete(1), "too late");
        let (mut stop, _) = Escalation::begin(vec![client(0), signal(TERM, 10)], 0);
        assert_eq!(stop.due(CLAIM_MS - 1, true), None);
        assert_eq!(stop.passed_over(), [""; 0]);
        assert_eq!(
            stop.due(CLAIM_MS, true),
            Some(Action::SignalMain(TERM)),
            "it was not claimed"
        );
        assert_eq!(
            stop.passed_over(),
            ["rcon: x was not carried out: no gamectl took it on"]
        );
        let (mut stop, _) = Escalation::begin(vec![client(0), signal(TERM, 10)], 0);
        assert!(stop.claim(0));
        stop.due(DELEGATED_MS, true);
        assert!(stop.passed_over()[0].starts_with("rcon: x may not have been"));
        assert_eq!(without_delegated(&[client(1), signal(INT, 3)]), [signal(INT, 3)]);
        assert_eq!(without_delegated(&[client(1)])[0].action.to_string(), "signal: TERM");
        assert_eq!(without_delegated(&[]), Vec::new());
    }

    #[test]
    fn an_empty_chain_kills_at_once() {
        let (stop, first) = Escalation::begin(Vec::new(), 7);
        assert_eq!(first, Action::KillAll);
        assert_eq!(stop.ended_by(), KILL_LABEL);
    }

    #[test]
    fn hurrying_is_one_term_and_a_kill_after_five_seconds() {
        let (mut stop, _) = Escalation::begin(vec![stdin("save", 10), signal(INT, 60_000)], 0);
        assert_eq!(stop.hurry(5), Some(Action::SignalMain(TERM)));
        assert_eq!(stop.ended_by(), "signal: TERM");
        assert_eq!(stop.hurry(4_000), None, "asked again, it takes no longer");
        assert_eq!(stop.due(5_004, true), None);
        assert_eq!(stop.due(5_005, true), Some(Action::KillAll));
        assert_eq!(stop.hurry(5_006), None);
        let (mut stop, _) = Escalation::begin(vec![signal(INT, 60_000)], 0);
        assert_eq!(
            stop.hurry(5),
            Some(Action::SignalAll(TERM)),
            "the game has had its signal"
        );
        assert_eq!(stop.due(5_005, true), Some(Action::KillAll));
        let (mut stop, _) = Escalation::begin(vec![stdin("save", 10)], 0);
        assert_eq!(stop.hurry(5), Some(Action::SignalMain(TERM)));
    }

    #[test]
    fn what_outlives_a_hurried_game_is_killed_with_it() {
        let (mut stop, first) = Escalation::begin_now(0);
        stop.has_launcher();
        assert_eq!(first, Action::SignalMain(TERM));
        assert_eq!(stop.due(4_000, false), Some(Action::SignalAll(TERM)));
        assert_eq!(stop.due(4_999, false), None);
        assert_eq!(stop.due(5_000, false), Some(Action::KillAll));
    }

    #[test]
    fn a_step_that_fails_gives_way_to_the_next() {
        let (mut stop, _) = Escalation::begin(vec![stdin("save", 10_000), signal(TERM, 10)], 0);
        assert_eq!(stop.step_failed(1, None), Some(Action::SignalMain(TERM)));
        assert_eq!(stop.deadline(), 11);
        assert_eq!(stop.step_failed(1, None), Some(Action::KillAll));
        assert_eq!(stop.step_failed(1, None), None, "there is nothing behind a kill");
        let (mut stop, _) = Escalation::clear_leftovers(0);
        assert_eq!(stop.step_failed(1, None), Some(Action::KillAll));
    }

    /// A game that has been told nothing is not killed for it.
    #[test]
    fn a_chain_of_which_nothing_was_carried_out_has_a_term() {
        let line = |wait| step(StopAction::Remote(ChannelKind::Rcon, "quit".into()), wait);
        // Nothing was sent.
        let (mut stop, _) = Escalation::begin(vec![stdin("save", 10_000), line(10_000)], 0);
        assert_eq!(stop.step_failed(1, Some("was not sent")), Some(Action::Delegate));
        assert!(stop.claim(1) && stop.complete(1));
        assert_eq!(stop.step_failed(2, None), Some(Action::SignalMain(TERM)));
        assert_eq!(stop.deadline(), 60_002);
        assert_eq!(stop.due(60_002, true), Some(Action::KillAll));
        // Nobody took it on.
        let (mut stop, _) = Escalation::begin(vec![line(10)], 0);
        assert_eq!(stop.due(CLAIM_MS, true), Some(Action::SignalMain(TERM)));
        // It was sent, be it in vain.
        let (mut stop, _) = Escalation::begin(vec![line(10_000), stdin("quit", 10)], 0);
        assert!(stop.claim(0) && stop.complete(0));
        assert_eq!(stop.due(10_000, true), Some(Action::WriteConsole("quit".into())));
        assert_eq!(stop.step_failed(10_001, Some("was not sent")), Some(Action::KillAll));
    }

    proptest! {
        /// However the looks fall, a tree that will not end is killed, no step
        /// is taken before its time, and none twice.
        #[test]
        fn every_chain_ends_in_a_kill(
            waits in proptest::collection::vec((any::<bool>(), 0_u64..1000), 0..6),
            looks in proptest::collection::vec((1_u64..300, any::<bool>()), 1..200),
            main_dies_at in 0_u64..5000,
        ) {
            let steps: Vec<StopStep> = waits
                .iter()
                .enumerate()
                .map(|(i, (is_signal, wait))| if *is_signal { signal(Signal::try_from(i as i32 + 1).unwrap(), *wait) } else { stdin("x", *wait) })
                .collect();
            let total: u64 = waits.iter().map(|(_, wait)| wait).sum();
            let (mut stop, first) = Escalation::begin(steps.clone(), 0);
            let mut taken = vec![first];
            let mut hurried_at = None;
            let mut now = 0;
            for (pass, hurry) in looks {
                now += pass;
                if hurry && now % 7 == 0 {
                    taken.extend(stop.hurry(now));
                    hurried_at = hurried_at.or(Some(now));
                }
                while let Some(action) = stop.due(now, now < main_dies_at) {
                    taken.push(action);
                    prop_assert!(taken.len() < 2000);
                }
                prop_assert!(stop.deadline() > now, "nothing due is left undone");
            }
            let polite = taken.iter().filter(|action| **action != Action::KillAll).count();
            prop_assert!(polite <= steps.len() + 2);
            let main_signals = taken.iter().filter(|action| matches!(action, Action::SignalMain(_))).count();
            prop_assert!(main_signals <= 1);
            let is_hurried = hurried_at.is_some_and(|at| now >= at + LEFTOVER_GRACE_MS + 300);
            prop_assert!(!is_hurried || taken.contains(&Action::KillAll));
            if now >= total + LEFTOVER_GRACE_MS + 300 * 8 {
                prop_assert!(taken.contains(&Action::KillAll));
            }
        }
    }
}
