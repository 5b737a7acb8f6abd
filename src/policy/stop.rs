//! The stop chain: which step is due, and when it comes to the kill.
//!
//! ```text
//!  step 1 ──wait over──▶ step 2 ──wait over──▶ ... ──wait over──▶ kill
//!    │                     │                                       ▲
//!    └──main process gone──┴──▶ TERM to what is left ──5 s over────┘
//!                    nothing left, at any point: ended
//! ```
//!
//! Where the main process was found by its pattern, what outlives it is its
//! launcher, which is given a short while to end by itself before its TERM.
//!
//! The first signal goes to the game's main process alone, so that it can save
//! and take its helpers down in its own order. Later signals go to everything
//! that is still there.

/// What outlives the main process gets a TERM and then this long, in
/// milliseconds.
pub const LEFTOVER_GRACE_MS: u64 = 5_000;

/// How long the launcher of a main process has to end by itself after it, in
/// milliseconds.
pub const LAUNCHER_GRACE_MS: u64 = 2_000;

/// How often a kill is repeated, in milliseconds: something may have been born
/// between the look and the kill.
const KILL_AGAIN_MS: u64 = 200;

/// What one step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAction {
    /// Writes this line to the console.
    Stdin(String),
    /// Sends the signal of this number.
    Signal(i32),
    /// Is carried out by whoever asked for the stop, since it takes the
    /// network or another program. Where nobody does, it is passed over when
    /// its time is up.
    Client,
}

/// How long a step that a client carries out may take before it is passed
/// over, if it does not wait for longer, in milliseconds.
pub const CARRY_MS: u64 = 10_000;

/// How soon a client must take such a step on, in milliseconds: nobody may be
/// there any more who could.
const TAKE_ON_MS: u64 = 5_000;

/// The steps that need no client. A chain of nothing else becomes a TERM and
/// a minute, so that it does not come to a kill at once.
pub fn without_clients(steps: &[Step]) -> Vec<Step> {
    let rest: Vec<Step> = steps
        .iter()
        .filter(|step| step.action != StepAction::Client)
        .cloned()
        .collect();
    if !rest.is_empty() || steps.is_empty() {
        return rest;
    }
    vec![Step {
        action: StepAction::Signal(libc::SIGTERM),
        wait_ms: 60_000,
        label: "signal: TERM".to_owned(),
    }]
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub action: StepAction,
    /// How long the end is awaited before the next step, in milliseconds.
    pub wait_ms: u64,
    /// What it is called on a screen: `stdin: quit`, `signal: TERM`.
    pub label: String,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing: a client does it.
    LeaveToClient,
    /// Write this line to the console.
    WriteConsole(String),
    /// Send this signal to the main process.
    SignalMain(i32),
    /// Send this signal to the whole tree.
    SignalAll(i32),
    /// Kill the whole tree.
    KillAll,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Step { index: usize, since: u64 },
    Launcher { since: u64, ended_by: String },
    Leftovers { since: u64, ended_by: String },
    Kill { since: u64, again: u64 },
}

/// How far a client is with a step that is left to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carry {
    Open,
    TakenOn,
    Done,
}

/// A stop that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    steps: Vec<Step>,
    phase: Phase,
    signalled_main: bool,
    /// Whether the main process has a launcher.
    launcher: bool,
    /// How far a client is with the step under way.
    carry: Carry,
}

/// What a stop under way waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    /// The step's label.
    pub label: String,
    /// How long it has been waiting, in milliseconds.
    pub elapsed_ms: u64,
    /// How long it waits altogether, in milliseconds; `None` for a kill.
    pub limit_ms: Option<u64>,
}

/// The label of the kill at the end.
pub const KILL_LABEL: &str = "kill";

impl Escalation {
    /// Begins a chain. Returns the first thing to do.
    pub fn begin(steps: Vec<Step>, now: u64) -> (Self, Action) {
        let mut escalation = Self {
            steps,
            phase: Phase::Step { index: 0, since: now },
            signalled_main: false,
            launcher: false,
            carry: Carry::Open,
        };
        let action = escalation.enter(0, now);
        (escalation, action)
    }

    /// Begins a chain at its signals: the other steps are left out.
    pub fn begin_now(mut steps: Vec<Step>, now: u64) -> (Self, Action) {
        steps.retain(|step| matches!(step.action, StepAction::Signal(_)));
        Self::begin(steps, now)
    }

    /// Begins the clearing away of what outlived a main process that ended
    /// without being asked to.
    pub fn clear_leftovers(now: u64) -> (Self, Action) {
        let escalation = Self {
            steps: Vec::new(),
            phase: Phase::Leftovers {
                since: now,
                ended_by: String::new(),
            },
            signalled_main: false,
            launcher: false,
            carry: Carry::Open,
        };
        (escalation, Action::SignalAll(libc::SIGTERM))
    }

    /// Begins with a short while in which the launcher of a main process that
    /// ended without being asked to may end by itself.
    pub fn await_launcher(now: u64) -> Self {
        Self {
            steps: Vec::new(),
            phase: Phase::Launcher {
                since: now,
                ended_by: String::new(),
            },
            signalled_main: false,
            launcher: true,
            carry: Carry::Open,
        }
    }

    /// The main process has a launcher, which is to have that while too.
    pub fn has_launcher(&mut self) {
        self.launcher = true;
    }

    fn leftovers(&mut self, now: u64) -> Action {
        self.phase = Phase::Leftovers {
            since: now,
            ended_by: self.ended_by().to_owned(),
        };
        Action::SignalAll(libc::SIGTERM)
    }

    fn enter(&mut self, index: usize, now: u64) -> Action {
        let Some(step) = self.steps.get(index) else {
            return self.kill(now);
        };
        let action = match &step.action {
            StepAction::Client => Action::LeaveToClient,
            StepAction::Stdin(line) => Action::WriteConsole(line.clone()),
            StepAction::Signal(signal) if self.signalled_main => Action::SignalAll(*signal),
            StepAction::Signal(signal) => {
                self.signalled_main = true;
                Action::SignalMain(*signal)
            }
        };
        self.phase = Phase::Step { index, since: now };
        self.carry = Carry::Open;
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

    /// What is due at `now`, if anything. To be asked again until it is
    /// `None`, whenever a deadline has come or something of the tree has
    /// ended. When all of the tree has ended nobody need ask any more.
    pub fn due(&mut self, now: u64, main_alive: bool) -> Option<Action> {
        match &self.phase {
            Phase::Step { .. } if !main_alive && self.launcher => {
                let ended_by = self.ended_by().to_owned();
                self.phase = Phase::Launcher { since: now, ended_by };
                None
            }
            Phase::Step { .. } if !main_alive => Some(self.leftovers(now)),
            Phase::Launcher { .. } if now >= self.deadline() => Some(self.leftovers(now)),
            Phase::Step { index, .. } if now >= self.deadline() => Some(self.enter(index + 1, now)),
            Phase::Leftovers { .. } | Phase::Kill { .. } if now >= self.deadline() => Some(self.kill(now)),
            _ => None,
        }
    }

    /// Gives up on the step under way because it could not be carried out.
    /// Returns what to do instead.
    pub fn step_failed(&mut self, now: u64) -> Option<Action> {
        match self.phase {
            Phase::Step { index, .. } => Some(self.enter(index + 1, now)),
            _ => None,
        }
    }

    fn time(&self, step: &Step) -> u64 {
        match self.carry {
            _ if step.action != StepAction::Client => step.wait_ms,
            Carry::Open => TAKE_ON_MS,
            Carry::TakenOn => step.wait_ms.max(CARRY_MS),
            Carry::Done => step.wait_ms,
        }
    }

    /// The step under way that a client is to take on, by its place in the
    /// chain.
    pub fn client_step(&self) -> Option<usize> {
        self.step_of_a_client().filter(|_| self.carry == Carry::Open)
    }

    fn step_of_a_client(&self) -> Option<usize> {
        let Phase::Step { index, .. } = self.phase else {
            return None;
        };
        let step = self.steps.get(index)?;
        (step.action == StepAction::Client).then_some(index)
    }

    /// A client takes this step on. False when it is not to be taken on, or no
    /// more.
    pub fn take_on(&mut self, index: usize) -> bool {
        let open = self.client_step() == Some(index);
        if open {
            self.carry = Carry::TakenOn;
        }
        open
    }

    /// A client has done its part of this step: what is left of its wait is
    /// waited. False when that step is not under way.
    pub fn carried(&mut self, index: usize) -> bool {
        let now = self.step_of_a_client() == Some(index) && self.carry == Carry::TakenOn;
        if now {
            self.carry = Carry::Done;
        }
        now
    }

    /// Goes straight to the signals: to the next step that is one, or to the
    /// kill. A signal step that is under way, and all that follows it, stays.
    pub fn hurry(&mut self, now: u64) -> Option<Action> {
        if matches!(self.phase, Phase::Launcher { .. }) {
            return Some(self.leftovers(now));
        }
        let Phase::Step { index, .. } = self.phase else {
            return None;
        };
        let is_signal = |step: &Step| matches!(step.action, StepAction::Signal(_));
        if self.steps.get(index).is_some_and(is_signal) {
            return None;
        }
        let next = (index..self.steps.len())
            .find(|i| self.steps.get(*i).is_some_and(is_signal))
            .unwrap_or(self.steps.len());
        Some(self.enter(next, now))
    }

    /// When something is next due, on the clock that was passed in.
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

    /// The label of the step that the end, should it come now, is owed to.
    /// Empty when no step was taken.
    pub fn ended_by(&self) -> &str {
        match &self.phase {
            Phase::Step { index, .. } => self.steps.get(*index).map_or("", |step| step.label.as_str()),
            Phase::Launcher { ended_by, .. } | Phase::Leftovers { ended_by, .. } => ended_by,
            Phase::Kill { .. } => KILL_LABEL,
        }
    }

    /// What is awaited at `now`.
    pub fn awaiting(&self, now: u64) -> Awaiting {
        let (label, since, limit_ms) = match &self.phase {
            Phase::Step { index, since } => {
                let step = self.steps.get(*index);
                (
                    step.map_or("", |step| step.label.as_str()),
                    *since,
                    step.map(|step| self.time(step)),
                )
            }
            Phase::Launcher { since, .. } => ("its launcher", *since, Some(LAUNCHER_GRACE_MS)),
            Phase::Leftovers { since, .. } => ("what outlived it", *since, Some(LEFTOVER_GRACE_MS)),
            Phase::Kill { since, .. } => (KILL_LABEL, *since, None),
        };
        Awaiting {
            label: label.to_owned(),
            elapsed_ms: now.saturating_sub(since),
            limit_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stdin(line: &str, wait_ms: u64) -> Step {
        Step {
            action: StepAction::Stdin(line.to_owned()),
            wait_ms,
            label: format!("stdin: {line}"),
        }
    }

    fn signal(number: i32, wait_ms: u64) -> Step {
        Step {
            action: StepAction::Signal(number),
            wait_ms,
            label: format!("signal: {number}"),
        }
    }

    #[test]
    fn a_launcher_has_a_short_while_after_its_game() {
        let (mut stop, _) = Escalation::begin(vec![signal(15, 60_000)], 0);
        stop.has_launcher();
        assert_eq!(stop.due(10, false), None);
        assert_eq!((stop.deadline(), stop.ended_by()), (2010, "signal: 15"));
        assert_eq!(stop.due(2009, false), None);
        assert_eq!(stop.due(2010, false), Some(Action::SignalAll(libc::SIGTERM)));
        assert_eq!(stop.ended_by(), "signal: 15");
        assert_eq!(stop.due(7010, false), Some(Action::KillAll));
        let mut crash = Escalation::await_launcher(5);
        assert_eq!(crash.due(6, false), None);
        assert_eq!(
            crash.hurry(7),
            Some(Action::SignalAll(libc::SIGTERM)),
            "stop --now does not wait for it"
        );
    }

    #[test]
    fn a_chain_runs_to_the_kill() {
        let steps = vec![stdin("save", 10), stdin("quit", 60), signal(2, 30), signal(15, 20)];
        let (mut stop, first) = Escalation::begin(steps, 1000);
        assert_eq!(first, Action::WriteConsole("save".into()));
        assert_eq!(stop.due(1009, true), None);
        assert_eq!(stop.due(1010, true), Some(Action::WriteConsole("quit".into())));
        assert_eq!(stop.due(1010, true), None);
        assert_eq!(stop.deadline(), 1070);
        assert_eq!(stop.due(1070, true), Some(Action::SignalMain(2)));
        assert_eq!(stop.ended_by(), "signal: 2");
        assert_eq!(
            stop.due(1100, true),
            Some(Action::SignalAll(15)),
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
        let (mut stop, _) = Escalation::begin(vec![signal(15, 60_000)], 0);
        assert_eq!(stop.due(100, false), Some(Action::SignalAll(libc::SIGTERM)));
        assert_eq!(
            stop.ended_by(),
            "signal: 15",
            "the step did it, the rest is clearing up"
        );
        assert_eq!(stop.due(5_099, false), None);
        assert_eq!(stop.due(5_100, false), Some(Action::KillAll));
    }

    #[test]
    fn what_clients_carry_out_is_passed_over_without_one() {
        let client = |wait_ms| Step {
            action: StepAction::Client,
            wait_ms,
            label: "rcon: x".into(),
        };
        let (mut stop, first) = Escalation::begin(vec![client(0), client(20_000), signal(15, 10)], 0);
        assert_eq!((first, stop.client_step()), (Action::LeaveToClient, Some(0)));
        assert!(!stop.take_on(1) && !stop.carried(0), "not yet");
        assert!(stop.take_on(0) && !stop.take_on(0), "one does it");
        assert_eq!(stop.due(CARRY_MS - 1, true), None);
        assert!(stop.carried(0) && !stop.carried(0));
        assert_eq!(stop.due(5, true), Some(Action::LeaveToClient));
        assert!(stop.take_on(1));
        assert_eq!(stop.due(20_004, true), None);
        assert_eq!(stop.due(20_005, true), Some(Action::SignalMain(15)));
        assert!(!stop.carried(1), "too late");
        let (mut stop, _) = Escalation::begin(vec![client(0), signal(15, 10)], 0);
        assert_eq!(stop.due(TAKE_ON_MS - 1, true), None);
        assert_eq!(
            stop.due(TAKE_ON_MS, true),
            Some(Action::SignalMain(15)),
            "nobody was there"
        );
        assert_eq!(without_clients(&[client(1), signal(2, 3)]), [signal(2, 3)]);
        assert_eq!(without_clients(&[client(1)])[0].label, "signal: TERM");
        assert_eq!(without_clients(&[]), []);
    }

    #[test]
    fn an_empty_chain_kills_at_once() {
        let (stop, first) = Escalation::begin(Vec::new(), 7);
        assert_eq!(first, Action::KillAll);
        assert_eq!(stop.ended_by(), KILL_LABEL);
    }

    #[test]
    fn hurrying_skips_to_the_signals_only() {
        let steps = || vec![stdin("save", 10), signal(2, 30), signal(15, 30)];
        let (mut stop, _) = Escalation::begin(steps(), 0);
        assert_eq!(stop.hurry(5), Some(Action::SignalMain(2)));
        assert_eq!(stop.hurry(6), None, "a signal under way is left its time");
        assert_eq!(stop.due(35, true), Some(Action::SignalAll(15)));
        let (mut stop, _) = Escalation::begin(vec![stdin("save", 10)], 0);
        assert_eq!(stop.hurry(5), Some(Action::KillAll));
    }

    #[test]
    fn a_hurried_chain_is_its_signals() {
        let steps = vec![stdin("save", 10), signal(2, 30), stdin("x", 5), signal(15, 30)];
        let (mut stop, first) = Escalation::begin_now(steps, 0);
        assert_eq!(first, Action::SignalMain(2));
        assert_eq!(stop.due(30, true), Some(Action::SignalAll(15)));
        let (_, first) = Escalation::begin_now(vec![stdin("save", 10)], 0);
        assert_eq!(first, Action::KillAll);
    }

    #[test]
    fn a_step_that_fails_gives_way_to_the_next() {
        let (mut stop, _) = Escalation::begin(vec![stdin("save", 10_000), signal(15, 10)], 0);
        assert_eq!(stop.step_failed(1), Some(Action::SignalMain(15)));
        assert_eq!(stop.deadline(), 11);
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
            let steps: Vec<Step> = waits
                .iter()
                .enumerate()
                .map(|(i, (is_signal, wait))| if *is_signal { signal(i as i32 + 1, *wait) } else { stdin("x", *wait) })
                .collect();
            let total: u64 = waits.iter().map(|(_, wait)| wait).sum();
            let (mut stop, first) = Escalation::begin(steps.clone(), 0);
            let mut taken = vec![first];
            let mut now = 0;
            for (pass, hurry) in looks {
                now += pass;
                if hurry && now % 7 == 0 {
                    taken.extend(stop.hurry(now));
                }
                while let Some(action) = stop.due(now, now < main_dies_at) {
                    taken.push(action);
                    prop_assert!(taken.len() < 2000);
                }
                prop_assert!(stop.deadline() > now, "nothing due is left undone");
            }
            let polite = taken.iter().filter(|action| **action != Action::KillAll).count();
            prop_assert!(polite <= steps.len() + 1);
            let main_signals = taken.iter().filter(|action| matches!(action, Action::SignalMain(_))).count();
            prop_assert!(main_signals <= 1);
            if now >= total + LEFTOVER_GRACE_MS + 300 * 8 {
                prop_assert!(taken.contains(&Action::KillAll));
            }
        }
    }
}
