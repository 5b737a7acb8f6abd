//! The order in which the services of a stack are stopped and started, as the events
//! of the engine tell it.

use serde_json::{Value, json};

use super::{PROJECT, SERVE, Stack, docker_ok};
use crate::support::Background;

/// A game behind a database that is well after a while, and behind a task that ends.
fn services(task: &str) -> Value {
    json!({
        "db": {
            "command": ["sh", "-c", SERVE],
            "healthcheck": { "test": ["CMD", "true"], "interval": "1s" },
        },
        "schema": {
            "command": ["sh", "-c", task],
            "depends_on": { "db": { "condition": "service_healthy" } },
        },
        "game": {
            "command": ["sh", "-c", SERVE],
            "depends_on": {
                "db": { "condition": "service_healthy" },
                "schema": { "condition": "service_completed_successfully" },
            },
        },
    })
}

fn engine_time() -> String {
    docker_ok(&["info", "--format", "{{.SystemTime}}"])
}

/// Returns what happened to the containers of a stack since then, as `game start`.
fn events(stack: &Stack, since: &str) -> Vec<String> {
    let project = format!("label={PROJECT}={}", stack.project);
    let told = "{{index .Actor.Attributes \"com.docker.compose.service\"}} {{.Action}}";
    let args = [
        "events",
        "--since",
        since,
        "--until",
        &engine_time(),
        "--filter",
        &project,
        "--format",
        told,
    ];
    let all = docker_ok(&args);
    let kinds = ["start", "die", "health_status: healthy"];
    let counts = |line: &&str| kinds.iter().any(|kind| line.ends_with(&format!(" {kind}")));
    all.lines().filter(counts).map(str::to_owned).collect()
}

/// Compose's own `restart` keeps neither order nor health.
#[test]
#[ignore = "needs a Docker Engine"]
fn a_restart_stops_all_and_starts_it_in_order() {
    let stack = Stack::new(services("exit 0"));
    stack.run(&["start", "dune"]).expect_code(0);
    for by in ["a person", "run"] {
        let run = (by == "run").then(|| Background::of(&mut stack.command(&["run", "--json"])));
        let since = engine_time();
        stack.run(&["restart", "dune"]).expect_code(0);
        let events = events(&stack, &since);
        let first = |event: &str| {
            let found = events.iter().position(|one| one == event);
            found.unwrap_or_else(|| panic!("{by}: no {event:?} in {events:?}"))
        };
        let order = [
            first("game die"),
            first("db die"),
            first("db start"),
            first("db health_status: healthy"),
            first("schema start"),
            first("schema die"),
            first("game start"),
        ];
        assert!(order.is_sorted(), "{by}: {events:?}");
        assert_eq!(stack.told(), "running  ", "{by}");
        assert_eq!(stack.status()["details"]["services"], "db up, game up, schema done");
        if let Some(run) = run {
            run.sees("dune", "running");
            assert!(!run.states("dune").contains(&"crashed".to_owned()), "{}", run.text());
        }
    }
    stack.run(&["stop", "dune"]).expect_code(0);
}

/// `run` is not troubled by a task that ends with 0, however often it is looked at, and
/// a stack whose task fails has not started.
#[test]
#[ignore = "needs a Docker Engine"]
fn a_task_that_has_done_its_work_is_no_crash() {
    let stack = Stack::new(services("exit 0"));
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    docker_ok(&["kill", &stack.container("game")]);
    run.passes("crashed");
    run.passes("running");
    let crashes = run.states("dune").iter().filter(|state| *state == "crashed").count();
    assert_eq!((crashes, &stack.status()["restarts"]), (1, &json!(1)), "{}", run.text());
    stack.run(&["stop", "dune"]).expect_code(0);
    drop(run);
    stack.services(services("echo no such table; exit 4"));
    let failed = stack.run(&["start", "dune"]).expect_code(1);
    for part in ["schema", "exit 4", "| no such table"] {
        assert!(failed.stderr.contains(part), "{part}: {}", failed.stderr);
    }
    assert!(stack.told().starts_with("crashed 4 "), "{}", stack.told());
    stack.run(&["stop", "dune"]).expect_code(0);
}
