//! Stacks of which somebody has paused a container, as tools do while nobody plays.

use serde_json::json;

use super::{Stack, docker_ok, serves};
use crate::support::{Background, wait_until};

const TOLD: &str = "running  game is paused; `gamectl start dune` lets it go on";

fn status_of(container: &str) -> String {
    docker_ok(&["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", container])
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_start_lets_it_go_on() {
    let stack = Stack::new(json!({ "game": serves(), "db": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    let game = stack.container("game");
    let start = || stack.run(&["start", "dune", "--json"]).expect_code(0).json()["results"][0]["changed"].clone();
    for round in 0..3 {
        docker_ok(&["pause", &game]);
        assert_eq!(stack.told(), TOLD, "{round}");
        assert_eq!(stack.status()["details"]["services"], "db up, game paused");
        assert_eq!(start(), true, "{round}");
        assert_eq!(status_of(&game), "running 0", "{round}");
        assert_eq!(stack.told(), "running  ", "{round}");
        assert_eq!(start(), false, "{round}");
        // And where an `up` has something to do, too.
        docker_ok(&["pause", &game]);
        docker_ok(&["kill", &stack.container("db")]);
        assert_eq!(start(), true, "{round}");
        assert_eq!(stack.told(), "running  ", "{round}");
    }
    assert_eq!(stack.container("game"), game, "it is the same one");
    assert_eq!(docker_ok(&["logs", &game]), "up", "and was not started again");
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stop_is_heard() {
    let stack = Stack::new(json!({ "game": serves(), "db": serves() }));
    for stop in [&["stop", "dune"][..], &["stop", "--now", "dune"], &["restart", "dune"]] {
        stack.run(&["start", "dune"]).expect_code(0);
        let (game, db) = (stack.container("game"), stack.container("db"));
        wait_until("the traps to be set", || {
            let is_up = |one: &str| docker_ok(&["logs", "--tail", "1", one]) == "up";
            is_up(&game) && is_up(&db)
        });
        docker_ok(&["pause", &game, &db]);
        let told = stack.told();
        assert!(told.starts_with("running  db is paused, game is paused; "), "{told}");
        stack.run(stop).expect_code(0);
        assert!(docker_ok(&["logs", &game]).contains("saved"), "{stop:?}");
        if stop[0] == "stop" {
            assert_eq!(
                (status_of(&game), status_of(&db)),
                ("exited 0".into(), "exited 0".into())
            );
        }
        docker_ok(&["rm", "-f", &game, &db]);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_takes_it_for_neither_hung_nor_crashed() {
    let mut stack = Stack::new(json!({ "game": serves() }));
    let calls = stack.sandbox.arg("calls");
    stack.shadow_docker(&format!("echo \"$1\" >>{calls}"));
    let ready = json!({ "ready": { "timeout": "10m", "on_timeout": "restart" } });
    stack.inventory(&json!({}), &ready);
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    let game = stack.container("game");
    let looks = || {
        stack
            .sandbox
            .lines("calls")
            .iter()
            .filter(|call| *call == "inspect")
            .count()
    };
    let before = looks();
    docker_ok(&["pause", &game]);
    wait_until("it to be looked at", || looks() > before);
    assert_eq!(stack.told(), TOLD);
    docker_ok(&["unpause", &game]);
    docker_ok(&["kill", &game]);
    run.passes("crashed");
    run.passes("running");
    assert_eq!(
        run.states("dune"),
        ["starting", "running", "crashed", "starting", "running"]
    );
    assert_eq!(stack.status()["restarts"], 1, "of the crash");
    stack.run(&["stop", "dune"]).expect_code(0);
}
