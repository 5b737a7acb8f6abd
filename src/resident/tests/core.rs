//! The decisions by themselves: without a supervisor, a store or a clock.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::rig::instance;
use crate::event::{EventKind, Level, Want};
use crate::inventory::{GiveUp, Healthy, Instance, RestartPolicy, RestartWhen};
use crate::resident::core::Core;
use crate::resident::restarting::Wait;
use crate::resident::step::{Answer, CurrentIntent, Effect, Input, Moment};
use crate::store::history::Restarts;
use crate::supervisor::{Facts, Health, InstanceState, Observation, SilentProbe};

/// A core with the circumstances of its next step.
pub(super) struct Bench {
    pub(super) core: Core,
    pub(super) moment: Moment,
    crashes: u64,
}

impl Bench {
    pub(super) fn new(instance: Instance) -> Self {
        Self {
            core: Core::new(Arc::new(instance), Restarts::default()),
            moment: Moment {
                now_ms: 1_000_000,
                now: SystemTime::UNIX_EPOCH,
                booted: SystemTime::UNIX_EPOCH,
                intent: None,
                chance: 0.5,
            },
            crashes: 0,
        }
    }

    pub(super) fn step(&mut self, input: Input) -> Vec<Effect> {
        self.core.step(input, &self.moment)
    }

    pub(super) fn want(&mut self, want: Option<Want>) {
        self.moment.intent = want.map(|want| CurrentIntent {
            want,
            is_of_this_boot: true,
            at_ms: 1,
        });
    }

    pub(super) fn see(&mut self, state: InstanceState, restarts: u32) -> Vec<Effect> {
        let mut facts = Facts::bare(state, None);
        facts.restarts = restarts;
        if matches!(facts.state, InstanceState::Crashed { .. }) {
            facts.since = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(self.crashes));
        }
        self.step(Input::Observed(Observation::Known(Box::new(facts))))
    }

    pub(super) fn crash(&mut self, restarts: u32) -> Vec<Effect> {
        self.crashes += 1;
        self.see(InstanceState::Crashed { exit_code: Some(1) }, restarts)
    }
}

pub(super) fn acts(effects: &[Effect]) -> Vec<&Effect> {
    let is_act = |effect: &&Effect| matches!(effect, Effect::Launch { .. } | Effect::StopHung { .. });
    effects.iter().filter(is_act).collect()
}

pub(super) fn without_delay() -> Instance {
    instance(RestartPolicy {
        delay: Duration::ZERO,
        ..RestartPolicy::default()
    })
}

/// Without a delay the launch is an effect of the very step that sees the crash.
#[test]
fn without_a_delay_a_crash_is_followed_by_a_launch_in_the_same_step() {
    let mut bench = Bench::new(without_delay());
    bench.see(InstanceState::Running, 0);
    let effects = bench.crash(0);
    assert_eq!(acts(&effects), [&Effect::Launch { restarts: 1 }]);
    let record = effects.iter().position(|effect| *effect == Effect::Record);
    let launch = effects
        .iter()
        .position(|effect| matches!(effect, Effect::Launch { .. }));
    assert!(record < launch, "what a launch follows from is on record before it");
}

#[test]
fn a_crash_during_the_launch_waits_for_its_end() {
    let mut bench = Bench::new(without_delay());
    bench.see(InstanceState::Running, 0);
    bench.crash(0);
    let effects = bench.crash(1);
    assert_eq!(acts(&effects), [] as [&Effect; 0], "one launch is under way");
    let effects = bench.step(Input::LaunchEnded(Ok(true)));
    assert_eq!(effects, [Effect::Launch { restarts: 2 }]);
}

#[test]
fn a_launch_that_fails_after_its_crash_was_seen_is_one_crash() {
    let mut bench = Bench::new(instance(RestartPolicy::default()));
    bench.see(InstanceState::Running, 0);
    bench.crash(0);
    bench.moment.now_ms += 2_000;
    assert_eq!(acts(&bench.step(Input::TimePassed)), [&Effect::Launch { restarts: 1 }]);
    bench.crash(1);
    let before = bench.core.restarts().clone();
    assert_eq!(bench.step(Input::LaunchEnded(Err("it ended".to_owned()))), []);
    assert_eq!(*bench.core.restarts(), before);
}

#[test]
fn what_is_in_the_inventory_again_is_started_again() {
    let mut bench = Bench::new(without_delay());
    bench.see(InstanceState::Running, 0);
    bench.step(Input::Listed(false));
    let log = |text: &str| Effect::Log(Level::Info, text.to_owned(), None);
    assert_eq!(bench.step(Input::Listed(true)), [log("in the inventory again")]);
    assert_eq!(acts(&bench.crash(0)), [&Effect::Launch { restarts: 1 }]);
}

#[test]
fn a_launch_that_was_left_to_another_process_keeps_to_the_delay_decided_meanwhile() {
    let mut bench = Bench::new(instance(RestartPolicy::default()));
    bench.see(InstanceState::Running, 0);
    bench.crash(0);
    bench.moment.now_ms += 2_000;
    assert_eq!(acts(&bench.step(Input::TimePassed)), [&Effect::Launch { restarts: 1 }]);
    bench.want(Some(Want::Stopped));
    bench.crash(0);
    bench.want(None);
    bench.step(Input::LaunchEnded(Ok(false)));
    bench.see(InstanceState::Crashed { exit_code: Some(1) }, 0);
    assert_eq!(bench.core.due_ms(), Some(bench.moment.now_ms + 2_000));
}

#[derive(Debug, Clone)]
pub(super) enum Event {
    See(InstanceState, bool),
    Crash(bool),
    SeeTheSameCrash,
    Unknown,
    Want(Option<Want>),
    Wait(u64),
    WaitUntilDue,
    LaunchEnds(Result<bool, String>),
    StopEnds(Result<bool, String>),
    Check(Answer),
    List(bool),
    Replace,
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let state = prop_oneof![
        Just(InstanceState::Starting),
        Just(InstanceState::Running),
        Just(InstanceState::Running),
        Just(InstanceState::Stopping),
        Just(InstanceState::Stopped),
    ];
    let result = || prop_oneof![Just(Ok(true)), Just(Ok(false)), Just(Err("no".to_owned()))];
    let answer = prop_oneof![
        Just(Answer::Health(Health::Well)),
        Just(Answer::Health(Health::Silent(vec![SilentProbe {
            what: "tcp".to_owned(),
            trouble: String::new(),
            held_before: true,
        }]))),
        Just(Answer::HostBusy(Duration::from_secs(3))),
    ];
    let want = prop_oneof![Just(None), Just(Some(Want::Running)), Just(Some(Want::Stopped))];
    prop_oneof![
        4 => (state, any::<bool>()).prop_map(|(state, by_hand)| Event::See(state, by_hand)),
        4 => any::<bool>().prop_map(Event::Crash),
        1 => Just(Event::SeeTheSameCrash),
        1 => Just(Event::Unknown),
        1 => want.prop_map(Event::Want),
        2 => (0_u64..5_000).prop_map(Event::Wait),
        4 => Just(Event::WaitUntilDue),
        3 => result().prop_map(Event::LaunchEnds),
        2 => result().prop_map(Event::StopEnds),
        3 => answer.prop_map(Event::Check),
        1 => any::<bool>().prop_map(Event::List),
        1 => Just(Event::Replace),
    ]
}

pub(super) fn policies() -> impl Strategy<Value = RestartPolicy> {
    let policy = prop_oneof![
        Just(RestartWhen::Always),
        Just(RestartWhen::OnFailure),
        Just(RestartWhen::Never)
    ];
    let give_up = prop_oneof![
        Just(None),
        (1_u32..4).prop_map(|times| Some(GiveUp {
            times,
            within: Duration::from_secs(60),
        })),
    ];
    (policy, 0_u64..2_000, give_up).prop_map(|(policy, delay, give_up)| RestartPolicy {
        policy,
        delay: Duration::from_millis(delay),
        give_up,
        ..RestartPolicy::default()
    })
}

/// The circumstances that the properties are about.
pub(super) struct Model {
    pub(super) bench: Bench,
    policy: RestartPolicy,
    restarts: u32,
    /// The launch that crashed, while it is seen to be down.
    crashed: Option<u32>,
    is_acting: bool,
    is_listed: bool,
    /// True if a change of the inventory has cut a delay short.
    is_hurried: bool,
    due_ms: Option<u64>,
    logged_crashes: u64,
}

impl Model {
    pub(super) fn new(policy: RestartPolicy) -> Self {
        let bench = Bench::new(Self::instance(&policy));
        Self {
            bench,
            policy,
            restarts: 0,
            crashed: None,
            is_acting: false,
            is_listed: true,
            is_hurried: false,
            due_ms: None,
            logged_crashes: 0,
        }
    }

    fn instance(policy: &RestartPolicy) -> Instance {
        Instance {
            healthy: Some(Healthy {
                failures: 1,
                of: 1,
                ..Healthy::default()
            }),
            ..instance(policy.clone())
        }
    }

    pub(super) fn apply(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let due = self.bench.core.due_ms();
        let crash_before = self.bench.crashes;
        let effects = match event {
            Event::See(state, by_hand) => {
                if *by_hand && state.is_alive() {
                    self.restarts = 0;
                }
                self.crashed = None;
                self.bench.see(state.clone(), self.restarts)
            }
            Event::Crash(by_hand) => {
                if *by_hand {
                    self.restarts = 0;
                }
                self.crashed = Some(self.restarts);
                self.bench.crash(self.restarts)
            }
            Event::SeeTheSameCrash => match self.crashed {
                Some(restarts) => self.bench.see(InstanceState::Crashed { exit_code: Some(1) }, restarts),
                None => return Ok(()),
            },
            Event::Unknown => {
                let reason = "the engine is away".to_owned();
                let effects = self.bench.step(Input::Observed(Observation::Unknown { reason }));
                prop_assert!(
                    effects
                        .iter()
                        .all(|effect| matches!(effect, Effect::Log(Level::Warning, _, _)))
                );
                prop_assert_eq!(self.bench.core.due_ms(), due);
                effects
            }
            Event::Want(want) => {
                self.bench.want(*want);
                self.bench.step(Input::IntentChanged)
            }
            Event::Wait(ms) => {
                let until = self.bench.moment.now_ms + ms;
                let before_due = due.is_none_or(|due| until < due);
                self.bench.moment.now_ms = until;
                let effects = self.bench.step(Input::TimePassed);
                prop_assert!(!before_due || effects.is_empty(), "nothing was due: {:?}", effects);
                effects
            }
            Event::WaitUntilDue => {
                let Some(due) = due else { return Ok(()) };
                self.bench.moment.now_ms = self.bench.moment.now_ms.max(due);
                let effects = self.bench.step(Input::TimePassed);
                let next = self.bench.core.due_ms();
                prop_assert!(
                    next.is_none_or(|next| next > self.bench.moment.now_ms),
                    "a timer comes to rest"
                );
                effects
            }
            Event::LaunchEnds(result) => {
                self.is_acting &= !matches!(self.bench.core.waits_for(), Wait::Turn);
                self.bench.step(Input::LaunchEnded(result.clone()))
            }
            Event::StopEnds(result) => {
                self.is_acting &= matches!(self.bench.core.waits_for(), Wait::Turn);
                self.bench.step(Input::HungStopEnded(result.clone()))
            }
            Event::Check(answer) => self.bench.step(Input::HealthChecked(answer.clone())),
            Event::List(listed) => {
                self.is_listed = *listed;
                self.bench.step(Input::Listed(*listed))
            }
            Event::Replace => {
                (self.is_listed, self.is_hurried) = (true, true);
                let instance = Arc::new(Self::instance(&self.policy));
                self.bench.step(Input::Replaced(instance))
            }
        };
        self.check(&effects, self.bench.crashes > crash_before)
    }

    fn check(&mut self, effects: &[Effect], is_new_crash: bool) -> Result<(), TestCaseError> {
        let now_ms = self.bench.moment.now_ms;
        let record = self.bench.core.restarts().clone();
        for effect in effects {
            match effect {
                Effect::Launch { restarts } => {
                    prop_assert!(!self.is_acting, "one act is under way at most");
                    prop_assert!(self.is_listed, "what has left the inventory is left as it is");
                    prop_assert!(!self.bench.moment.wants_stopped(), "an intent to stop is obeyed");
                    if *restarts > 0 {
                        prop_assert_eq!(record.stays, None, "what was given up is left alone");
                        let due_ms = record.due_ms.unwrap_or(0);
                        prop_assert!(self.is_hurried || due_ms <= now_ms, "a delay is kept to");
                    }
                    (self.is_acting, self.restarts) = (true, *restarts);
                }
                Effect::StopHung { .. } => {
                    prop_assert!(!self.is_acting && self.is_listed);
                    prop_assert!(!self.bench.moment.wants_stopped());
                    prop_assert_eq!(self.bench.core.known(), Some(&InstanceState::Running));
                    self.is_acting = true;
                }
                Effect::CheckHealth => {
                    prop_assert_eq!(self.bench.core.known(), Some(&InstanceState::Running));
                }
                Effect::Record => {
                    // A record without another decision is one of a recovery.
                    self.is_hurried &= record.due_ms == self.due_ms;
                    self.due_ms = record.due_ms;
                    let shortest = self.policy.delay.as_millis() as f64 * 0.89;
                    let delay = record.due_ms.map(|due| due.saturating_sub(now_ms) as f64);
                    if is_new_crash
                        && self.is_listed
                        && let Some(delay) = delay
                    {
                        prop_assert!(delay >= shortest - 1.0, "{} is below the policy", delay);
                    }
                }
                Effect::Log(_, text, _) => self.logged_crashes += u64::from(text.starts_with("crashed: ")),
                Effect::Alert(_) | Effect::ForgetCheck | Effect::LookAgain => {}
            }
        }
        prop_assert!(self.logged_crashes <= self.bench.crashes, "one crash is counted once");
        Ok(())
    }
}

#[test]
fn what_was_stopped_through_systemd_is_not_started_by_itself() {
    for (stays_down, launches) in [(false, 1), (true, 0)] {
        let mut bench = Bench::new(without_delay());
        bench.want(Some(Want::Running));
        let facts = Facts {
            stays_down,
            ..Facts::bare(InstanceState::Stopped, None)
        };
        let effects = bench.step(Input::Observed(Observation::Known(Box::new(facts))));
        assert_eq!(acts(&effects).len(), launches, "{stays_down}");
    }
}

#[test]
fn what_restarts_by_itself_is_told_and_left_to_that() {
    let mut bench = Bench::new(without_delay());
    bench.want(Some(Want::Running));
    let seen = |state, restarts| {
        let facts = Facts {
            restarts,
            restarts_itself: true,
            ..Facts::bare(state, None)
        };
        Input::Observed(Observation::Known(Box::new(facts)))
    };
    let crashed = || InstanceState::Crashed { exit_code: Some(3) };
    bench.step(seen(InstanceState::Running, 0));
    for restarts in 0..3 {
        let effects = bench.step(seen(crashed(), restarts));
        assert!(
            effects.contains(&Effect::Log(
                Level::Error,
                "crashed: ".to_owned(),
                Some(EventKind::Crashed)
            )),
            "{effects:?}"
        );
        assert_eq!(acts(&effects), [] as [&Effect; 0]);
        // Nothing is planned for later, either.
        bench.moment.now_ms += 3_600_000;
        for input in [Input::TimePassed, Input::IntentChanged, seen(crashed(), restarts)] {
            let effects = bench.step(input);
            assert_eq!(effects, [] as [Effect; 0]);
        }
        let effects = bench.step(seen(InstanceState::Running, restarts + 1));
        assert_eq!(acts(&effects), [] as [&Effect; 0]);
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_rules_are_kept(
        policy in policies(),
        events in proptest::collection::vec(event(), 0..60),
    ) {
        let mut model = Model::new(policy);
        for event in &events {
            model.apply(event)?;
        }
    }
}
