//! The usage of instances, and one instance in detail.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Instance, Sandbox, Terminal, wait_until};

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

/// The share of a processor is that between two looks: a tree that has just begun to be busy
/// is, whatever it was before.
#[test]
fn watch_and_run_tell_what_is_used_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    // It is idle until it gets a line.
    let idle = "echo up; read -r line; while :; do :; done";
    sandbox.inventory(&[Instance::script("a", idle).ready_log("up")]);
    sandbox.ok(&["start", "a"]);
    let watch = Background::of(&mut sandbox.command(&["watch", "--json", "--wide"]));
    let plain = Background::of(&mut sandbox.command(&["watch", "--json"]));
    let run = Background::run_json(&sandbox, &["--wide"]);
    let percents = |of: &Background| -> Vec<f64> {
        let told = of.events("usage");
        told.iter()
            .filter_map(|one| one["usage"]["cpu_percent"].as_f64())
            .collect()
    };
    for seen in [&watch, &run] {
        wait_until("an idle game", || percents(seen).iter().any(|percent| *percent < 5.0));
        let first = seen.events("usage").remove(0);
        assert_eq!(
            (&first["id"], &first["usage"]["tasks"]),
            (&json!("a"), &json!(1)),
            "{first}"
        );
        assert!(first["usage"]["cpu_percent"].is_null(), "it takes two looks: {first}");
    }
    sandbox.tell("a", "go");
    for seen in [&watch, &run] {
        wait_until("a busy game", || percents(seen).iter().any(|percent| *percent > 10.0));
    }
    assert_eq!(plain.events("usage"), Vec::<Value>::new());
    sandbox.ok(&["stop", "a"]);
    for seen in [&watch, &run] {
        wait_until("the end of it", || {
            let last = seen.events("usage").pop().expect("some");
            last["usage"].is_null()
        });
    }
    for ended in [run, watch, plain] {
        ended.end(Signal::SIGTERM);
    }
    sandbox.nothing_left();
}

#[test]
fn a_wide_screen_shows_what_is_used_and_a_narrow_one_does_not() {
    let sandbox = Sandbox::with(&[Instance::script("a", TREE).ready_log("up")]);
    sandbox.ok(&["start", "a"]);
    for args in [&["watch"][..], &["run"]] {
        let mut terminal = Terminal::sized(&sandbox, &sandbox.command(args), (120, 20));
        wait_until("a share of a processor", || {
            let lines = terminal.lines();
            let row = lines.iter().find(|line| line.starts_with("a "));
            row.is_some_and(|row| row.contains('%')) && lines.iter().any(|line| line.contains("  CPU  "))
        });
        terminal.resize(50, 20);
        wait_until("no room", || !terminal.lines().iter().any(|line| line.contains("CPU")));
        terminal.type_key(3);
        terminal.ended();
    }
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// A damaged record of schedules leaves what they do next unknown, and that is said.
#[test]
fn a_damaged_record_of_schedules_is_told_in_the_details() {
    let daily = json!([{ "cron": "0 5 * * *", "timezone": "UTC", "do": "restart" }]);
    let sandbox = Sandbox::with(&[Instance::script("a", TREE).ready_log("up").with("schedule", daily)]);
    sandbox.ok(&["start", "a"]);
    let next = || {
        let mut terminal = Terminal::sized(&sandbox, &sandbox.command(&["status", "a"]), (200, 60));
        terminal.ended();
        let lines = || terminal.lines();
        wait_until("the log", || lines().iter().any(|line| line.trim() == "up"));
        let line = lines().into_iter().find(|line| line.starts_with("next "));
        line.expect("a line about it")
    };
    assert!(next().contains("restart, at "), "{}", next());
    std::fs::write(sandbox.instance_dir("a").join("schedule"), "torn").expect("damage it");
    let said = next();
    assert!(said.contains("not known: ") && said.contains("is damaged"), "{said}");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
