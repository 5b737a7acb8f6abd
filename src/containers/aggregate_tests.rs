//! The whole table of states, over containers as the engine describes them.

use std::time::{Duration, SystemTime};

use super::*;
use crate::containers::GroupMember;

const DB: &str = "db";
const GAME: &str = "game";

fn at(seconds: u64) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn container(service: &str, status: ContainerStatus) -> Container {
    Container {
        id: format!("{service}-id"),
        member: GroupMember {
            group: "p".into(),
            service: service.into(),
            oneoff: false,
            depends_on: Some(Vec::new()),
        },
        status,
        health: ContainerHealth::None,
        exit_code: 0,
        oom_killed: false,
        error: String::new(),
        started: at(1_000),
        finished: at(2_000),
        restart_count: 0,
        grace: 5,
        pid: 0,
        published: Vec::new(),
        network_of: None,
    }
}

fn up(service: &str) -> Container {
    container(service, ContainerStatus::Running)
}

fn exited(service: &str, code: i32) -> Container {
    Container {
        exit_code: code,
        ..container(service, ContainerStatus::Exited)
    }
}

fn healthy(service: &str, health: ContainerHealth) -> Container {
    Container { health, ..up(service) }
}

fn wanted() -> Circumstances<'static> {
    Circumstances {
        engine: "docker",
        want: Some(Want::Running),
        ..Circumstances::default()
    }
}

fn stopped() -> Circumstances<'static> {
    Circumstances {
        want: Some(Want::Stopped),
        wanted_since: at(1_500),
        ..Circumstances::default()
    }
}

fn booting() -> Circumstances<'static> {
    Circumstances {
        is_booting: true,
        coming_up_after: Some(SystemTime::UNIX_EPOCH),
        ..wanted()
    }
}

fn nobody() -> Circumstances<'static> {
    Circumstances::default()
}

/// The state in words, with its note.
fn state(containers: &[Container], around: &Circumstances<'_>) -> String {
    let facts = aggregate(containers, around).facts;
    let code = match facts.state {
        InstanceState::Crashed { exit_code: Some(code) } => format!(" {code}"),
        _ => String::new(),
    };
    let note = facts.note.map_or_else(String::new, |note| format!(": {note}"));
    format!("{}{code}{note}", facts.state)
}

#[test]
fn every_state_of_a_stack() {
    let created = || container(GAME, ContainerStatus::Created);
    let oom = Container {
        oom_killed: true,
        ..exited(GAME, 137)
    };
    let broken = Container {
        exit_code: 127,
        error: "exec: \"/nope\"".into(),
        ..created()
    };
    let looping = Container {
        exit_code: 3,
        restart_count: 4,
        ..container(GAME, ContainerStatus::Restarting)
    };
    let cases: [(&str, Vec<Container>, Circumstances<'_>, &str); 32] = [
        ("none created", vec![], nobody(), "stopped"),
        ("removed by hand", vec![], wanted(), "stopped"),
        (
            "about to be",
            vec![],
            booting(),
            "starting: no container has been created yet",
        ),
        (
            "created",
            vec![created()],
            nobody(),
            "stopped: created, and never started",
        ),
        (
            "created, a start",
            vec![created()],
            booting(),
            "starting: game is not started",
        ),
        (
            "created, a start failed",
            vec![created()],
            wanted(),
            "crashed: game is not started",
        ),
        (
            "a bad command",
            vec![up(DB), broken],
            booting(),
            "crashed 127: game ended with exit code 127",
        ),
        ("all up", vec![up(DB), up(GAME)], wanted(), "running"),
        ("all up, by hand", vec![up(DB), up(GAME)], nobody(), "running"),
        ("all up, after a stop", vec![up(DB), up(GAME)], stopped(), "running"),
        (
            "healthy",
            vec![healthy(DB, ContainerHealth::Healthy)],
            wanted(),
            "running",
        ),
        (
            "health starting",
            vec![healthy(DB, ContainerHealth::Starting)],
            wanted(),
            "starting: db is not healthy yet",
        ),
        (
            "unhealthy",
            vec![healthy(DB, ContainerHealth::Unhealthy)],
            wanted(),
            "starting: db is unhealthy",
        ),
        (
            "partly, booting",
            vec![up(DB), created()],
            booting(),
            "starting: game is not started",
        ),
        (
            "partly, for ever",
            vec![up(DB), created()],
            wanted(),
            "crashed: game is not started",
        ),
        (
            "looping",
            vec![up(DB), looping],
            wanted(),
            "starting: game is restarted by docker again and again (4 times, last exit code 3)",
        ),
        ("one exited 0", vec![up(DB), exited(GAME, 0)], wanted(), "running"),
        (
            "one exited 3",
            vec![up(DB), exited(GAME, 3)],
            wanted(),
            "crashed 3: game ended with exit code 3",
        ),
        (
            "one exited 3, booting",
            vec![up(DB), exited(GAME, 3)],
            booting(),
            "crashed 3: game ended with exit code 3",
        ),
        (
            "out of memory",
            vec![up(DB), oom],
            wanted(),
            "crashed 137: game ended with exit code 137",
        ),
        (
            "paused",
            vec![up(DB), container(GAME, ContainerStatus::Paused)],
            wanted(),
            "running: game is paused",
        ),
        (
            "paused, booting",
            vec![up(DB), container(GAME, ContainerStatus::Paused)],
            booting(),
            "running: game is paused",
        ),
        (
            "paused, and another is not well",
            vec![
                healthy(DB, ContainerHealth::Unhealthy),
                container(GAME, ContainerStatus::Paused),
            ],
            wanted(),
            "starting: db is unhealthy, game is paused",
        ),
        (
            "paused, and another has failed",
            vec![exited(DB, 3), container(GAME, ContainerStatus::Paused)],
            wanted(),
            "crashed 3: db ended with exit code 3, game is paused",
        ),
        (
            "removing",
            vec![container(GAME, ContainerStatus::Removing)],
            stopped(),
            "stopping",
        ),
        (
            "dead",
            vec![container(GAME, ContainerStatus::Dead)],
            wanted(),
            "crashed 0: game ended with exit code 0",
        ),
        ("stopped", vec![exited(DB, 0), exited(GAME, 143)], stopped(), "stopped"),
        (
            "killed at the end of its grace",
            vec![exited(GAME, 137)],
            stopped(),
            "stopped: game was killed: its grace period of 5 s was too short",
        ),
        (
            "ended by hand",
            vec![exited(DB, 0), exited(GAME, 143)],
            nobody(),
            "stopped",
        ),
        (
            "ended badly, nobody asked",
            vec![exited(DB, 0), exited(GAME, 3)],
            nobody(),
            "crashed 3: game ended with exit code 3",
        ),
        (
            "all ended by themselves",
            vec![exited(DB, 0)],
            wanted(),
            "crashed 0: all of it has ended",
        ),
        (
            "stopped behind our back",
            vec![exited(DB, 0), exited(GAME, 143)],
            wanted(),
            "crashed 143: game ended with exit code 143",
        ),
    ];
    for (what, containers, around, expected) in cases {
        assert_eq!(state(&containers, &around), expected, "{what}");
    }
}

#[test]
fn what_ended_before_a_start_is_not_started_yet() {
    let coming_up = |after| Circumstances {
        coming_up_after: at(after),
        ..booting()
    };
    let after_it_was_up = Circumstances {
        coming_up_after: None,
        ..booting()
    };
    for (containers, around, wanted) in [
        (
            vec![exited(DB, 0), exited(GAME, 143)],
            coming_up(1_000),
            "starting: db is not started, game is not started",
        ),
        (
            vec![up(DB), exited(GAME, 137)],
            coming_up(1_000),
            "starting: game is not started",
        ),
        (
            vec![up(DB), exited(GAME, 3)],
            coming_up(999),
            "crashed 3: game ended with exit code 3",
        ),
        (vec![exited(GAME, 0)], after_it_was_up, "crashed 0: all of it has ended"),
    ] {
        assert_eq!(state(&containers, &around), wanted);
    }
}

#[test]
fn an_end_that_the_policy_allows() {
    let allowed = "stopped: it ended by itself, which its policy allows";
    for (codes, code, told) in [
        (&[0, 9][..], 0, allowed),
        (&[0, 9], 9, allowed),
        (&[0, 9], 3, "crashed 3: game ended with exit code 3"),
        (&[], 0, "crashed 0: all of it has ended"),
    ] {
        let around = Circumstances {
            success_codes: codes,
            ..wanted()
        };
        let containers = [exited(GAME, code)];
        assert_eq!(state(&containers, &around), told, "{codes:?} {code}");
        let facts = aggregate(&containers, &around).facts;
        assert_eq!(facts.ended_as_allowed, told == allowed, "{codes:?} {code}");
    }
}

#[test]
fn what_the_engine_is_stopping_is_no_longer_up() {
    let ending = [container(DB, ContainerStatus::Stopping), up(GAME)];
    assert_eq!(state(&ending, &wanted()), "stopping: db is being stopped");
    assert!(ending[0].is_running() && ending[0].is_alive());
    // A failure says more.
    let failed = [container(DB, ContainerStatus::Stopping), exited(GAME, 3)];
    assert_eq!(
        state(&failed, &wanted()),
        "crashed 3: db is being stopped, game ended with exit code 3"
    );
    // A stop of ours needs no words.
    let ours = Circumstances {
        is_ending: true,
        ..stopped()
    };
    assert_eq!(state(&ending, &ours), "stopping");
}

#[test]
fn a_stop_under_way_is_stopping_until_it_has_used_up_its_time() {
    let containers = [up(DB), exited(GAME, 0)];
    let ending = Circumstances {
        is_ending: true,
        ..stopped()
    };
    assert_eq!(state(&containers, &ending), "stopping");
    assert_eq!(state(&containers, &stopped()), "running");
}

#[test]
fn services_that_must_run_do() {
    let required = [DB.to_owned(), GAME.to_owned()];
    let around = |is_booting| Circumstances {
        required: &required,
        is_booting,
        ..wanted()
    };
    let side = exited("side", 4);
    assert_eq!(state(&[up(DB), up(GAME), side.clone()], &around(false)), "running");
    assert_eq!(
        state(&[up(DB), exited(GAME, 0)], &around(false)),
        "crashed 0: game ended with exit code 0"
    );
    assert_eq!(state(&[up(DB)], &around(true)), "starting: game is not there");
    assert_eq!(state(&[up(DB)], &around(false)), "crashed: game is not there");
    // What the last start brought up is missed when it is removed.
    let known = Circumstances {
        known: &required,
        ..wanted()
    };
    assert_eq!(state(&[up(DB), side], &known), "crashed: game is not there");
    assert_eq!(state(&[up(DB), exited(GAME, 0)], &known), "running");
}

#[test]
fn the_first_failure_that_nobody_asked_for_is_told() {
    let late = Container {
        finished: at(3_000),
        ..exited("late", 5)
    };
    let early = exited(GAME, 3);
    let asked = Container {
        finished: at(1_000),
        ..exited(DB, 143)
    };
    let found = aggregate(&[late, asked, early], &wanted());
    assert_eq!(found.facts.state, InstanceState::Crashed { exit_code: Some(3) });
    assert_eq!(found.failed.as_deref(), Some("game-id"));
    let exit = found.facts.last_exit.unwrap();
    assert_eq!((exit.code, exit.requested), (Some(3), false));
}

#[test]
fn containers_of_compose_run_do_not_count() {
    let mut oneoff = exited("tool", 9);
    oneoff.member.oneoff = true;
    assert_eq!(state(&[up(GAME), oneoff.clone()], &wanted()), "running");
    assert_eq!(state(&[oneoff], &wanted()), "stopped");
}

#[test]
fn what_was_started_just_now_has_to_show_that_it_stays() {
    let young = |from: u64, to: u64| Circumstances {
        young: Some(at(from).unwrap()..at(to).unwrap()),
        ..wanted()
    };
    let waits = "starting: db has just been started";
    for (containers, around, wanted) in [
        (vec![up(DB)], young(999, 1_001), waits),
        (vec![up(DB)], young(1_001, 1_002), "running"),
        // From the future: of an engine with another clock.
        (vec![up(DB)], young(10, 20), "running"),
        (
            vec![healthy(DB, ContainerHealth::Healthy)],
            young(999, 1_001),
            "running",
        ),
        (
            vec![up(DB), exited(GAME, 3)],
            young(999, 1_001),
            "crashed 3: game ended with exit code 3",
        ),
        (vec![exited(DB, 0), up(GAME)], young(1_001, 1_002), "running"),
    ] {
        assert_eq!(state(&containers, &around), wanted);
    }
}
