//! The usage of instances, and one instance in detail.

use serde_json::{Value, json};

use crate::support::{Instance, Sandbox, Terminal, wait_until};

/// A shell with two children, of which one is busy.
const TREE: &str = "sleep 1000 & (while :; do :; done) & echo up; wait";

fn usage(sandbox: &Sandbox, id: &str) -> Value {
    let shown = sandbox.run(&["status", "--wide", "--json", id]).json();
    shown["instances"][0]["usage"].clone()
}

#[test]
fn the_whole_tree_is_measured_where_it_is_asked_for() {
    let sandbox = Sandbox::with(&[
        Instance::script("a", TREE).ready_log("up"),
        Instance::script("b", TREE).ready_log("up"),
    ]);
    sandbox.ok(&["start", "a"]);
    let busy = || {
        usage(&sandbox, "a")["cpu_percent"]
            .as_f64()
            .is_some_and(|percent| percent > 1.0)
    };
    wait_until("its time on a processor", busy);
    let used = usage(&sandbox, "a");
    assert_eq!(used["tasks"], 3, "{used}");
    assert!(
        used["memory_bytes"].as_u64().is_some_and(|memory| memory > 100_000),
        "{used}"
    );
    assert!(used["received_bytes"].is_null(), "nobody counts that: {used}");
    // What is down uses nothing that could be measured, and 0 would be a claim.
    let down = usage(&sandbox, "b");
    assert!(
        down.as_object().is_some_and(|parts| parts.values().all(Value::is_null)),
        "{down}"
    );
    let table = sandbox.run(&["status", "--wide"]).stdout;
    let head = table
        .lines()
        .next()
        .expect("a head")
        .split_whitespace()
        .collect::<Vec<_>>();
    assert_eq!(
        head,
        [
            "ID", "PLANE", "STATE", "UPTIME", "PID", "CPU", "MEMORY", "TASKS", "DISK", "NOTE"
        ]
    );
    assert!(!sandbox.run(&["status"]).stdout.contains("MEMORY"));
    assert!(sandbox.status("a").get("usage").is_none(), "not asked for");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_game_without_its_shim_is_measured_as_well() {
    let sandbox = Sandbox::with(&[Instance::script("a", TREE).ready_log("up")]);
    sandbox.ok(&["start", "a"]);
    sandbox.kill_shim("a");
    assert_eq!(usage(&sandbox, "a")["tasks"], 3);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_person_sees_one_instance_in_detail_and_a_pipe_the_table() {
    let a = Instance::script("a", TREE).ready_log("up").with("needs", json!(["b"]));
    let sandbox = Sandbox::with(&[a, Instance::script("b", TREE).ready_log("up")]);
    sandbox.ok(&["start", "a"]);
    let seen = |id: &str| {
        let mut terminal = Terminal::sized(&sandbox, &sandbox.command(&["status", id]), (100, 60));
        let code = terminal.ended();
        let lines = || terminal.lines();
        wait_until("the log", || lines().iter().any(|line| line.trim() == "up"));
        (code, lines().join("\n"))
    };
    let (code, detail) = seen("a");
    assert_eq!(code, Some(0), "{detail}");
    for part in [
        "a: running for",
        "plane      process",
        "sleep",
        "3 tasks",
        "needs      b (running)",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(seen("b").1.contains("needed by  a (running)"));
    let table = sandbox.ok(&["status", "a"]).stdout;
    assert!(table.starts_with("ID") && table.lines().count() == 2, "{table}");
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}
