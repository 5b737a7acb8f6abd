//! A keeper over a scripted supervisor, under a clock that stands still.

use std::time::Duration;

use tokio::time::Instant;

use crate::event::Want;
use crate::inventory::{GiveUp, Instance, RestartPolicy};
use crate::store::history;
use crate::store::intent::{self, Intent};
use crate::store::lock;
use crate::store::record::Durability;
use crate::supervisor::{Facts, InstanceState, LastExit, Observation};

mod bring_up;
mod core;
mod health;
mod left_down;
pub(in crate::resident) mod rig;
mod schedules;
mod trouble;

use rig::{MOMENT, SECOND, instance, pass, rig};

#[tokio::test(start_paused = true)]
async fn crashes_are_followed_by_longer_and_longer_delays() {
    let mut rig = rig(&instance(RestartPolicy::default()), InstanceState::Stopped);
    pass(MOMENT).await;
    assert_eq!(rig.supervisor.starts().len(), 1, "started by itself");
    for expected in [1.0, 2.0, 4.0, 8.0] {
        let crashed = Instant::now();
        rig.supervisor.crash(1);
        pass(Duration::from_secs(20)).await;
        let (at, _) = *rig.supervisor.starts().last().unwrap();
        let waited = (at - crashed).as_secs_f64();
        assert!(
            (expected * 0.89..expected * 1.11).contains(&waited),
            "{waited} instead of {expected}"
        );
    }
    let restarts: Vec<u32> = rig.supervisor.starts().iter().map(|(_, restarts)| *restarts).collect();
    assert_eq!(restarts, [0, 1, 2, 3, 4]);
    assert!(!rig.said().contains("healthy"));
    pass(Duration::from_secs(60)).await;
    assert!(rig.said().contains("healthy again"));
    rig.supervisor.crash(1);
    pass(SECOND * 3 / 2).await;
    assert_eq!(rig.supervisor.starts().len(), 6, "the delay fell back");
}

#[tokio::test(start_paused = true)]
async fn how_long_it_ran_is_known_after_what_outlived_it_was_cleared_away() {
    let instance = instance(RestartPolicy::default());
    let mut rig = rig(&instance, InstanceState::Running);
    for _ in 0..3 {
        rig.supervisor.crash(1);
        pass(SECOND * 20).await;
    }
    // The next supervisor has seen no crash that it could recover from.
    rig.again(&instance);
    pass(SECOND * 60).await;
    rig.supervisor.show(InstanceState::Stopping, 3);
    pass(SECOND * 5).await;
    rig.supervisor.crash(1);
    pass(SECOND * 3 / 2).await;
    assert_eq!(rig.supervisor.starts().len(), 4, "the delay fell back: {}", rig.said());
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_delay_cancels_it() {
    let rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    pass(MOMENT).await;
    rig.supervisor.crash(1);
    pass(MOMENT).await;
    intent::write(&rig.dir(), Intent::now(Want::Stopped), Durability::Now).unwrap();
    rig.supervisor.show(InstanceState::Stopped, 0);
    pass(SECOND * 100).await;
    assert_eq!(rig.supervisor.starts(), []);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_nobody_has_seen_yet_is_seen_under_the_lock() {
    let rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    pass(MOMENT).await;
    rig.supervisor.crash(1);
    pass(MOMENT).await;
    intent::write(&rig.dir(), Intent::now(Want::Stopped), Durability::Now).unwrap();
    pass(SECOND * 100).await;
    assert_eq!(rig.supervisor.starts(), []);
}

#[tokio::test(start_paused = true)]
async fn a_start_by_hand_during_a_delay_clears_the_count() {
    let rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    for _ in 0..3 {
        rig.supervisor.crash(1);
        pass(SECOND * 10).await;
    }
    rig.supervisor.crash(1);
    pass(MOMENT).await;
    rig.supervisor.show(InstanceState::Running, 0);
    pass(SECOND * 30).await;
    assert_eq!(rig.supervisor.starts().len(), 3, "nobody started a second copy");
    let crashed = Instant::now();
    rig.supervisor.show(InstanceState::Crashed { exit_code: Some(1) }, 0);
    pass(SECOND * 2).await;
    let (at, restarts) = *rig.supervisor.starts().last().unwrap();
    assert!(at - crashed < SECOND * 2, "the first delay again");
    assert_eq!(restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_the_lock_is_waited_for_and_looked_at_again() {
    let rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    pass(MOMENT).await;
    let held = lock::try_verb(&rig.dir(), "restart").unwrap().unwrap();
    rig.supervisor.crash(1);
    pass(SECOND * 10).await;
    assert_eq!(rig.supervisor.starts(), [], "somebody is at work on it");
    rig.supervisor.show(InstanceState::Running, 0);
    drop(held);
    pass(SECOND * 10).await;
    assert_eq!(rig.supervisor.starts(), [], "and has started it");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_no_reason_for_anything() {
    let mut rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    pass(MOMENT).await;
    for _ in 0..3 {
        let reason = "the engine is away".to_owned();
        rig.supervisor.observation.send_replace(Observation::Unknown { reason });
        pass(SECOND * 100).await;
    }
    rig.supervisor.show(InstanceState::Running, 0);
    pass(SECOND).await;
    assert_eq!(rig.supervisor.starts(), []);
    let said = rig.said();
    assert_eq!(said.matches("not known: the engine is away").count(), 1, "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_during_a_delay_defers_the_start() {
    let rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    pass(MOMENT).await;
    rig.supervisor.crash(1);
    pass(MOMENT).await;
    let crashed = rig.supervisor.observation.borrow().clone();
    let reason = "the engine is away".to_owned();
    rig.supervisor.observation.send_replace(Observation::Unknown { reason });
    pass(SECOND * 100).await;
    assert_eq!(rig.supervisor.starts(), []);
    rig.supervisor.observation.send_replace(crashed);
    pass(SECOND).await;
    assert_eq!(rig.supervisor.starts().len(), 1, "once it is known to be down");
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_once_and_says_so_once() {
    let restart = RestartPolicy {
        give_up: Some(GiveUp {
            times: 3,
            within: Duration::from_secs(600),
        }),
        ..RestartPolicy::default()
    };
    let mut rig = rig(&instance(restart), InstanceState::Running);
    for _ in 0..3 {
        rig.supervisor.crash(1);
        pass(SECOND * 10).await;
    }
    assert_eq!(rig.supervisor.starts().len(), 2);
    assert_eq!(rig.said().matches("given up").count(), 1);
    pass(SECOND * 1000).await;
    assert_eq!(rig.supervisor.starts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_holds_until_somebody_starts_it() {
    let mut rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    rig.supervisor.crash(78);
    pass(SECOND * 1000).await;
    assert_eq!(rig.supervisor.starts(), []);
    assert!(rig.said().contains("held: its configuration is wrong"));
    rig.supervisor.show(InstanceState::Running, 0);
    pass(SECOND).await;
    rig.supervisor.show(InstanceState::Crashed { exit_code: Some(1) }, 0);
    pass(SECOND * 2).await;
    assert_eq!(rig.supervisor.starts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_supervisor_goes_on_where_this_one_was_killed() {
    let instance = instance(RestartPolicy {
        delay: Duration::from_secs(30),
        max_delay: Duration::from_secs(300),
        ..RestartPolicy::default()
    });
    let mut rig = rig(&instance, InstanceState::Running);
    pass(MOMENT).await;
    rig.supervisor.crash(1);
    let crashed = Instant::now();
    pass(SECOND * 10).await;
    rig.again(&instance);
    pass(SECOND * 10).await;
    rig.again(&instance);
    assert_eq!(rig.supervisor.starts(), []);
    pass(SECOND * 20).await;
    let starts = rig.supervisor.starts();
    assert_eq!(starts.len(), 1, "once, and by nobody else");
    assert!(
        starts[0].0 - crashed < SECOND * 34,
        "it did not wait from the beginning again"
    );
    let doublings = history::read(&rig.dir()).unwrap().unwrap().history.doublings;
    assert_eq!(doublings, 1, "one crash is one crash");
    assert_eq!(rig.said().matches("crashed").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wants_is_not_started() {
    for (wish, autostart, starts) in [
        (Some(Want::Stopped), true, 0),
        (Some(Want::Running), false, 1),
        (None, false, 0),
        (None, true, 1),
    ] {
        let instance = Instance {
            autostart,
            ..instance(RestartPolicy::default())
        };
        let mut rig = rig(&instance, InstanceState::Stopped);
        if let Some(want) = wish {
            intent::write(&rig.dir(), Intent::now(want), Durability::Now).unwrap();
        }
        pass(SECOND).await;
        assert_eq!(rig.supervisor.starts().len(), starts, "{wish:?} {autostart}");
        rig.said();
    }
}

#[tokio::test(start_paused = true)]
async fn what_ended_with_an_earlier_boot_has_not_crashed() {
    let now_ms = crate::sys::clock::wall_ms();
    let booted_ms = now_ms - crate::sys::clock::boot_ms();
    for (ended_ms, restarts, crashes) in [(booted_ms - 10_000, 0, 0), (now_ms, 1, 1)] {
        let mut rig = rig(&instance(RestartPolicy::default()), InstanceState::Stopped);
        let mut facts = Facts::bare(InstanceState::Crashed { exit_code: None }, None);
        let ended = std::time::UNIX_EPOCH + Duration::from_millis(ended_ms);
        facts.last_exit = Some(LastExit {
            code: None,
            signal: None,
            at: Some(ended),
            requested: false,
            oom_killed: false,
        });
        rig.supervisor
            .observation
            .send_replace(Observation::Known(Box::new(facts)));
        pass(SECOND * 100).await;
        let starts: Vec<u32> = rig.supervisor.starts().iter().map(|(_, count)| *count).collect();
        assert_eq!(starts, [restarts], "started with this count");
        assert_eq!(rig.said().matches("crashed").count(), crashes);
    }
}
