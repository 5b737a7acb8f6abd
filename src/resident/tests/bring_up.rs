//! A `run` that watches starts what is down although it is wanted, as one that begins
//! would.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::core::{Bench, Event, Model, acts, event, policies, without_delay};
use crate::event::{Level, Want};
use crate::resident::core::Core;
use crate::resident::restarting::Wait;
use crate::resident::step::{CurrentIntent, Effect, Input};
use crate::supervisor::{Facts, InstanceState, Observation};

const LAUNCH: Effect = Effect::Launch { restarts: 0 };

fn down_at(seconds: u64) -> Facts {
    Facts {
        since: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
        ..Facts::bare(InstanceState::Stopped, None)
    }
}

fn see(bench: &mut Bench, facts: Facts) -> Vec<Effect> {
    bench.step(Input::Observed(Observation::Known(Box::new(facts))))
}

fn want(bench: &mut Bench, want: Want, at_ms: u64) -> Vec<Effect> {
    bench.moment.intent = Some(CurrentIntent {
        want,
        is_of_this_boot: true,
        at_ms,
    });
    bench.step(Input::IntentChanged)
}

#[test]
fn a_restart_that_was_cut_short_is_carried_out_and_told_once() {
    let mut bench = Bench::new(without_delay());
    bench.see(InstanceState::Running, 0);
    want(&mut bench, Want::Running, 1);
    bench.see(InstanceState::Stopping, 0);
    assert_eq!(acts(&see(&mut bench, down_at(2))), [&LAUNCH]);
    let effects = bench.step(Input::LaunchEnded(Ok(true)));
    let told = Effect::Log(Level::Info, "was down, and is wanted running: started".to_owned(), None);
    assert_eq!(effects, [told], "and nothing more until it is looked at");
}

/// The verb ends what it began.
#[test]
fn what_another_process_has_launched_meanwhile_is_not_told_as_its_own() {
    let mut bench = Bench::new(without_delay());
    bench.see(InstanceState::Running, 0);
    bench.see(InstanceState::Stopping, 0);
    assert_eq!(acts(&see(&mut bench, down_at(2))), [&LAUNCH]);
    assert_eq!(bench.step(Input::LaunchEnded(Ok(false))), [Effect::LookAgain]);
    let effects = bench.see(InstanceState::Starting, 0);
    assert_eq!(acts(&effects), [] as [&Effect; 0]);
    assert_eq!(bench.core.waits_for(), Wait::Nothing);
}

#[test]
fn a_start_that_was_killed_before_its_launch_is_carried_out() {
    let mut bench = Bench::new(without_delay());
    want(&mut bench, Want::Stopped, 1);
    assert_eq!(acts(&see(&mut bench, down_at(2))), [] as [&Effect; 0]);
    assert_eq!(acts(&want(&mut bench, Want::Running, 3_000)), [&LAUNCH]);
}

#[test]
fn what_ended_as_its_policy_allows_stays_down_until_it_is_wanted_anew() {
    let mut bench = Bench::new(without_delay());
    want(&mut bench, Want::Running, 1);
    bench.see(InstanceState::Running, 0);
    let ended_as_allowed = true;
    let ended = Facts {
        ended_as_allowed,
        ..down_at(2)
    };
    assert_eq!(acts(&see(&mut bench, ended)), [] as [&Effect; 0]);
    assert_eq!(acts(&want(&mut bench, Want::Running, 3_000)), [&LAUNCH]);
}

/// Otherwise a launch that fails would be tried again at once, for ever.
#[test]
fn what_its_policy_leaves_after_a_failed_launch_stays_down() {
    let mut instance = without_delay();
    instance.restart.policy = crate::inventory::RestartWhen::Never;
    let mut bench = Bench::new(instance);
    assert_eq!(acts(&see(&mut bench, down_at(2))), [&LAUNCH]);
    bench.step(Input::LaunchEnded(Err("no such file".to_owned())));
    assert_eq!(acts(&see(&mut bench, down_at(2))), [] as [&Effect; 0]);
}

/// Returns true if it is launched, or will be.
fn comes_up(core: &Core, effects: &[Effect]) -> bool {
    let launches = |effect: &Effect| matches!(effect, Effect::Launch { .. });
    effects.iter().any(launches) || core.waits_for() != Wait::Nothing
}

proptest! {
    #[test]
    fn a_run_that_watches_starts_what_one_that_begins_would(
        policy in policies(),
        events in proptest::collection::vec(event(), 0..40),
        wanted in prop_oneof![Just(None), Just(Some(Want::Running)), Just(Some(Want::Stopped))],
        is_crashed in any::<bool>(),
    ) {
        let mut model = Model::new(policy);
        for event in &events {
            model.apply(event)?;
        }
        // What was under way ends, and nobody is at work any more.
        for event in [Event::LaunchEnds(Ok(false)), Event::StopEnds(Ok(false)), Event::List(true), Event::Want(wanted)] {
            model.apply(&event)?;
        }
        let down = if is_crashed { Event::Crash(true) } else { Event::See(InstanceState::Stopped, false) };
        model.apply(&down)?;
        model.apply(&Event::LaunchEnds(Ok(false)))?;
        let bench = &mut model.bench;
        let again = Input::Observed(bench.core.seen().cloned().expect("it was seen"));
        let record = bench.core.restarts().clone();
        let mut begins = Core::new(Arc::clone(bench.core.instance()), record.clone());
        let effects = begins.step(again.clone(), &bench.moment);
        // What was decided to stay down is only started where a run begins.
        let wanted = comes_up(&begins, &effects) && record.stays.is_none();
        let effects = bench.step(again);
        prop_assert_eq!(comes_up(&bench.core, &effects), wanted);
    }
}
