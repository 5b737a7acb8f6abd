//! The trouble of an instance, and the order in which it is told.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::core::{Bench, acts, without_delay};
use super::rig::instance;
use crate::event::Want;
use crate::inventory::{Alarm, GiveUp, OnTimeout, RestartPolicy};
use crate::invocation::command;
use crate::resident::core::Core;
use crate::resident::restarting::Wait;
use crate::resident::step::{Effect, Input};
use crate::store::history::Restarts;
use crate::supervisor::{Facts, InstanceState, Observation};

/// Returns what is told of in these effects, logs and hooks, in order.
fn told(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| match effect {
        Effect::Log(_, text, _) => Some(text.clone()),
        Effect::Alert(alert) => Some(format!("hook {}", alert.alarm.as_str())),
        _ => None,
    };
    effects.iter().filter_map(word).collect()
}

fn trouble(bench: &Bench) -> Option<String> {
    bench.moment.trouble(bench.core.restarts())
}

#[test]
fn starts_that_fail_are_counted() {
    let mut bench = Bench::new(without_delay());
    let effects = bench.see(InstanceState::Stopped, 0);
    assert_eq!(acts(&effects), [&Effect::Launch { restarts: 0 }]);
    for restarts in 1..=3 {
        let effects = bench.step(Input::LaunchEnded(Err("no executable".to_owned())));
        assert_eq!(acts(&effects), [&Effect::Launch { restarts }]);
        assert_eq!(trouble(&bench).as_deref(), Some("cannot be started: no executable"));
    }
    // Something of its launch was seen, before that failed as well.
    assert_eq!(told(&bench.see(InstanceState::Starting, 3)), ["starting"]);
    assert_eq!(trouble(&bench).as_deref(), Some("cannot be started: no executable"));
    assert_eq!(told(&bench.see(InstanceState::Stopped, 3)), [""; 0]);
    bench.step(Input::LaunchEnded(Err("no executable".to_owned())));
    bench.step(Input::LaunchEnded(Ok(true)));
    bench.see(InstanceState::Running, 4);
    assert_eq!(trouble(&bench), None);
}

#[test]
fn the_count_of_starts_that_fail_is_that_of_the_next_run_too() {
    let mut bench = Bench::new(instance(RestartPolicy::default()));
    bench.see(InstanceState::Stopped, 0);
    for restarts in 1..=3 {
        bench.step(Input::LaunchEnded(Err("no executable".to_owned())));
        bench.moment.now_ms = bench.core.due_ms().unwrap();
        let effects = bench.step(Input::TimePassed);
        assert_eq!(acts(&effects), [&Effect::Launch { restarts }]);
    }
    bench.step(Input::LaunchEnded(Err("no executable".to_owned())));
    let waits = bench.core.waits_for();
    let at_ms = bench.core.due_ms().unwrap();
    assert_eq!(waits, Wait::Restart { at_ms, restarts: 4 });
    let next = |want| {
        let mut next = Bench::new(instance(RestartPolicy::default()));
        next.core = Core::new(Arc::clone(bench.core.instance()), bench.core.restarts().clone());
        next.moment.now_ms = bench.moment.now_ms;
        if want {
            next.want(Some(Want::Running));
        }
        next.see(InstanceState::Stopped, 0);
        next.core.waits_for()
    };
    assert_eq!(next(false), waits);
    // Somebody has started it since.
    assert_eq!(next(true), Wait::Turn);
}

#[test]
fn who_is_told_of_an_end_of_the_restarts_learns_their_count() {
    let give_up = Some(GiveUp {
        times: 1,
        within: Duration::from_secs(3600),
    });
    let policy = RestartPolicy {
        give_up,
        ..RestartPolicy::default()
    };
    let count = |effects: &[Effect]| {
        let alerts = effects.iter().filter_map(|effect| match effect {
            Effect::Alert(alert) if alert.alarm == Alarm::GaveUp => Some(alert.restarts),
            _ => None,
        });
        alerts.collect::<Vec<_>>()
    };
    let mut late = instance(policy.clone());
    late.ready.on_timeout = OnTimeout::Restart;
    let mut bench = Bench::new(late);
    bench.see(InstanceState::Starting, 2);
    bench.moment.now_ms += 300_000;
    bench.step(Input::TimePassed);
    bench.see(InstanceState::Stopping, 2);
    bench.step(Input::HungStopEnded(Ok(true)));
    assert_eq!(count(&bench.see(InstanceState::Stopped, 2)), [2], "it hung");
    let mut bench = Bench::new(instance(policy.clone()));
    bench.see(InstanceState::Running, 2);
    assert_eq!(count(&bench.crash(2)), [2], "it has crashed");
    let mut bench = Bench::new(instance(policy));
    bench.see(InstanceState::Stopped, 0);
    let effects = bench.step(Input::LaunchEnded(Err("no executable".to_owned())));
    assert_eq!(count(&effects), [0], "its first start has failed");
}

#[test]
fn a_restart_is_told_of_between_its_launch_and_ready() {
    for ends_first in [true, false] {
        let mut bench = Bench::new(without_delay());
        bench.see(InstanceState::Running, 0);
        assert_eq!(told(&bench.crash(0)), ["crashed: ", "hook crashed"]);
        if ends_first {
            // Nothing of it was seen yet.
            assert_eq!(told(&bench.step(Input::LaunchEnded(Ok(true)))), [""; 0]);
        }
        let mut order = told(&bench.see(InstanceState::Starting, 1));
        if !ends_first {
            assert_eq!(order, ["starting"], "it may turn out not to be possible");
            order.extend(told(&bench.step(Input::LaunchEnded(Ok(true)))));
        }
        assert_eq!(order, ["starting", "started again (1st)", "hook restarted"]);
        assert_eq!(told(&bench.see(InstanceState::Running, 1)), ["running", "hook started"]);
    }
    // It was ready before anybody looked.
    let mut bench = Bench::new(without_delay());
    bench.see(InstanceState::Running, 0);
    bench.crash(0);
    assert_eq!(
        told(&bench.see(InstanceState::Running, 1)),
        ["started again (1st)", "hook restarted", "running", "hook started"]
    );
}

#[test]
fn a_launch_that_is_not_ready_in_time_is_told_of_once() {
    let mut bench = Bench::new(without_delay());
    bench.see(InstanceState::Starting, 0);
    assert_eq!(bench.core.due_ms(), Some(1_300_000));
    bench.moment.now_ms = 1_299_999;
    assert_eq!(bench.step(Input::TimePassed), []);
    bench.moment.now_ms = 1_300_000;
    let effects = bench.step(Input::TimePassed);
    assert_eq!(
        told(&effects),
        ["hook not_ready", "not ready after 5m; it is left to start"]
    );
    assert!(acts(&effects).is_empty() && effects.contains(&Effect::Record));
    // Another look at the same launch changes nothing.
    assert_eq!(bench.see(InstanceState::Starting, 0), []);
    assert_eq!(bench.core.due_ms(), None);
    assert_eq!(trouble(&bench).as_deref(), Some("not ready after 5m"));
    bench.see(InstanceState::Running, 0);
    assert_eq!(trouble(&bench), None);
}

#[test]
fn the_time_of_a_launch_that_was_begun_before_counts() {
    let mut bench = Bench::new(without_delay());
    bench.moment.now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
    let mut facts = Facts::bare(InstanceState::Starting, None);
    facts.since = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(800));
    bench.step(Input::Observed(Observation::Known(Box::new(facts))));
    assert_eq!(bench.core.due_ms(), Some(1_100_000));
}

#[test]
fn a_launch_that_is_not_ready_in_time_is_ended_and_counted_where_that_is_wished() {
    let mut instance = instance(RestartPolicy {
        delay: Duration::ZERO,
        give_up: Some(GiveUp {
            times: 2,
            within: Duration::from_secs(3600),
        }),
        ..RestartPolicy::default()
    });
    instance.ready.on_timeout = OnTimeout::Restart;
    let mut bench = Bench::new(instance);
    let again = command(format_args!("start a"));
    let given_up = format!("given up after 2 in 1h; {again} tries again");
    for (restarts, after) in [(0, vec![]), (1, vec![given_up.as_str(), "hook gave_up"])] {
        bench.see(InstanceState::Starting, restarts);
        bench.moment.now_ms += 300_000;
        let effects = bench.step(Input::TimePassed);
        assert_eq!(
            told(&effects),
            [
                "hook not_ready",
                "not ready after 5m; it is to be stopped by its chain",
                "hook crashed"
            ]
        );
        let state = InstanceState::Starting;
        assert_eq!(acts(&effects), [&Effect::StopHung { state, since: None }]);
        bench.see(InstanceState::Stopping, restarts);
        assert_eq!(trouble(&bench).as_deref(), Some("not ready after 5m"));
        bench.step(Input::HungStopEnded(Ok(true)));
        let effects = bench.see(InstanceState::Stopped, restarts);
        let mut wanted = vec!["stopped"];
        wanted.extend(after);
        assert_eq!(told(&effects), wanted, "not on purpose");
        assert_eq!(acts(&effects).len(), 1 - restarts as usize);
        bench.step(Input::LaunchEnded(Ok(true)));
    }
    assert_eq!(
        trouble(&bench).as_deref(),
        Some("given up after 2 in 1h; not ready after 5m")
    );
    // The next one leaves it, until somebody starts it.
    let mut next = Bench::new(without_delay());
    next.core = Core::new(Arc::clone(bench.core.instance()), bench.core.restarts().clone());
    assert_eq!(acts(&next.see(InstanceState::Stopped, 1)), [] as [&Effect; 0]);
    assert!(trouble(&next).is_some());
    next.want(Some(Want::Running));
    assert_eq!(trouble(&next), None);
    next.see(InstanceState::Starting, 0);
    assert_eq!(next.core.restarts(), &Restarts::default());
}
