//! Games that hang, and games that only seem to.

use std::time::Duration;

use tokio::time::Instant;

use super::rig::{MOMENT, Rig, SECOND, instance, pass, rig};
use crate::event::Want;
use crate::inventory::{Healthy, Instance, RestartPolicy, RestartWhen};
use crate::store::intent::{self, Intent};
use crate::store::record::Durability;
use crate::supervisor::{Health, InstanceState, SilentProbe};

fn checked(policy: RestartWhen) -> Instance {
    let restart = RestartPolicy {
        policy,
        ..RestartPolicy::default()
    };
    Instance {
        healthy: Some(Healthy {
            start_grace: Duration::from_secs(60),
            interval: Duration::from_secs(10),
            failures: 2,
            of: 3,
            ..Healthy::default()
        }),
        ..instance(restart)
    }
}

fn silent() -> Health {
    Health::Silent(vec![SilentProbe {
        what: "tcp 127.0.0.1:7777".to_owned(),
        trouble: String::new(),
        held_before: false,
    }])
}

impl Rig {
    fn answers(&self, checks: &str) {
        let answers = checks.chars().map(|check| match check {
            'x' => silent(),
            '.' => Health::Well,
            _ => Health::NotAsked,
        });
        *self.supervisor.health.lock().unwrap() = answers.collect();
    }

    fn stops(&self) -> Vec<Instant> {
        self.supervisor.stops.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn what_hangs_is_stopped_and_started_again() {
    let mut rig = rig(&checked(RestartWhen::OnFailure), InstanceState::Stopped);
    rig.answers(".x.xx");
    pass(MOMENT).await;
    let up = Instant::now();
    pass(SECOND * 59).await;
    assert_eq!(
        rig.supervisor.health.lock().unwrap().len(),
        5,
        "nothing is asked before the grace is over"
    );
    pass(SECOND * 40).await;
    let stops = rig.stops();
    assert_eq!(stops.len(), 1);
    let after = (stops[0] - up).as_secs();
    assert!((89..=91).contains(&after), "at the fourth check: {after}");
    pass(SECOND * 10).await;
    let starts = rig.supervisor.starts();
    assert_eq!(starts.len(), 2);
    assert_eq!(starts[1].1, 1, "it counts as an automatic restart");
    let said = rig.said();
    assert!(
        said.contains("hung: does not answer (tcp 127.0.0.1:7777), 2 of the last 3 checks"),
        "{said}"
    );
    assert!(said.contains("started again"), "{said}");
    // The failures of the run before do not count for this one.
    rig.answers(".x");
    pass(SECOND * 200).await;
    assert_eq!(rig.stops().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn single_failures_and_checks_that_could_not_be_made_change_nothing() {
    let rig = rig(&checked(RestartWhen::Always), InstanceState::Running);
    rig.answers("x..x..?x??.");
    pass(SECOND * 300).await;
    assert_eq!(rig.stops().len(), 0);
    assert_eq!(rig.supervisor.starts().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn failures_while_the_host_is_busy_do_not_count() {
    let mut rig = rig(&checked(RestartWhen::Always), InstanceState::Running);
    rig.answers("xxxxxx");
    *rig.supervisor.pause.lock().unwrap() = SECOND * 4;
    pass(SECOND * 300).await;
    assert_eq!(rig.supervisor.health.lock().unwrap().len(), 0);
    assert_eq!(rig.stops().len(), 0);
    let said = rig.said();
    assert_eq!(said.matches("this host was busy or asleep for 3s").count(), 1, "{said}");
    assert!(!said.contains("does not answer"), "{said}");
    // They do as soon as it is not.
    *rig.supervisor.pause.lock().unwrap() = Duration::ZERO;
    rig.answers(".xx");
    pass(SECOND * 40).await;
    assert_eq!(rig.stops().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_where_nothing_is_configured() {
    let rig = rig(&instance(RestartPolicy::default()), InstanceState::Running);
    rig.answers("xxxx");
    pass(SECOND * 1000).await;
    assert_eq!((rig.stops().len(), rig.supervisor.health.lock().unwrap().len()), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_somebody_typed_meanwhile_wins() {
    let rig = rig(&checked(RestartWhen::Always), InstanceState::Running);
    rig.answers(".xx");
    pass(SECOND * 82).await;
    assert_eq!(rig.stops().len(), 1, "being stopped");
    intent::write(&rig.dir(), Intent::now(Want::Stopped), Durability::Now).unwrap();
    pass(SECOND * 200).await;
    assert_eq!(rig.supervisor.starts().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_policy_decides_whether_it_is_started_again() {
    let mut rig = rig(&checked(RestartWhen::Never), InstanceState::Running);
    rig.answers(".xx");
    pass(SECOND * 200).await;
    assert_eq!((rig.stops().len(), rig.supervisor.starts().len()), (1, 0));
    let said = rig.said();
    assert!(said.contains("its policy is `never`"), "{said}");
}

/// A query port that never answers, as that of a game with crossplay.
#[tokio::test(start_paused = true)]
async fn a_probe_counts_only_after_it_has_held_once() {
    let mut rig = rig(&checked(RestartWhen::Always), InstanceState::Running);
    let silent = |probes: &[&str]| {
        let silent = probes.iter().map(|what| SilentProbe {
            what: (*what).to_owned(),
            trouble: String::new(),
            held_before: what.starts_with("rcon"),
        });
        Health::Silent(silent.collect())
    };
    *rig.supervisor.health.lock().unwrap() = vec![silent(&["a2s 127.0.0.1:2457"]); 100];
    pass(SECOND * 900).await;
    assert_eq!(rig.stops().len(), 0);
    let said = rig.said();
    let warning = "it has not answered a health check yet (a2s 127.0.0.1:2457)";
    assert_eq!(said.matches(warning).count(), 1, "{said}");
    // Another one that has held counts.
    *rig.supervisor.health.lock().unwrap() = vec![silent(&["a2s 127.0.0.1:2457", "tcp 127.0.0.1:2456"]); 2];
    pass(SECOND * 40).await;
    assert_eq!(rig.stops().len(), 1);
    let said = rig.said();
    assert!(
        said.contains("hung: does not answer (tcp 127.0.0.1:2456), 2 of the last 3 checks"),
        "{said}"
    );
    assert!(!said.contains(warning), "{said}");
    // So does one that found it ready.
    *rig.supervisor.health.lock().unwrap() = vec![silent(&["a2s 127.0.0.1:2457", "rcon 127.0.0.1:2456"]); 2];
    pass(SECOND * 150).await;
    assert_eq!(rig.stops().len(), 2);
}
