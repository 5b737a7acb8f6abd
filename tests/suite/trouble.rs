//! `run` tells what is wrong with an instance as what it is; so do its hooks, in their
//! order, and a `status` beside it and after it.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Instance, Sandbox, wait_until};

/// A hook that writes down the events it is told of.
fn told(sandbox: &Sandbox) -> Value {
    let notes = sandbox.arg("told");
    json!([{ "command": ["/bin/sh", "-c", format!("echo $GAMECTL_EVENT >> {notes}")] }])
}

fn sleeper(sandbox: &Sandbox, ready: Value) -> Instance {
    Instance::script("a", "exec sleep 1000")
        .with("ready", ready)
        .with("stop", json!([{ "signal": "TERM", "wait": "20s" }]))
        .with("on_event", told(sandbox))
}

/// `status` of another process says so, and ends with this code.
fn is_told(sandbox: &Sandbox, state: &str, note: &str, code: i32) {
    let outcome = sandbox.run(&["status", "--json", "a"]).expect_code(code);
    let row = &outcome.json()["instances"][0];
    assert_eq!(row["state"], state, "{row}");
    let found = row["note"].as_str().unwrap_or_default();
    assert!(found.starts_with(note), "{row}");
    let table = sandbox.run(&["status", "a"]).expect_code(code);
    assert!(table.stdout.contains(note), "{table:?}");
}

#[test]
fn a_boot_that_hangs_is_told_of() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[sleeper(&sandbox, json!({ "log": "never", "timeout": "100ms" }))]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be told", || run.logged("not ready after 100ms") == 1);
    wait_until("the hook", || sandbox.lines("told") == ["not_ready"]);
    is_told(&sandbox, "starting", "not ready after 100ms", 3);
    run.end(Signal::SIGTERM);
    is_told(&sandbox, "starting", "not ready after 100ms", 3);
    // Somebody else's start is another matter.
    sandbox.ok(&["stop", "a"]);
    assert_eq!(sandbox.status("a")["note"], Value::Null);
    sandbox.ok(&["start", "--no-wait", "a"]);
    assert_eq!(sandbox.status("a")["note"], Value::Null);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_boot_that_hangs_is_ended_and_counts_where_that_is_wished() {
    let sandbox = Sandbox::new();
    let ready = json!({ "log": "never", "timeout": "100ms", "on_timeout": "restart" });
    let restart = json!({ "delay": "0s", "give_up": { "times": 2, "within": "10m" } });
    sandbox.inventory(&[sleeper(&sandbox, ready).with("restart", restart)]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be given up", || run.logged("given up after 2 in 10m") == 1);
    let wanted = ["not_ready", "crashed", "restarted", "not_ready", "crashed", "gave_up"];
    wait_until("the hooks in their order", || sandbox.lines("told") == wanted);
    let note = "given up after 2 in 10m; not ready after 100ms";
    is_told(&sandbox, "crashed", note, 1);
    let mut states = run.states("a");
    // It may be quicker than a look.
    states.retain(|state| state != "stopping");
    assert_eq!(states, ["starting", "crashed", "starting", "crashed"], "{}", run.text());
    run.end(Signal::SIGTERM);
    is_told(&sandbox, "crashed", note, 1);
    // The next one leaves it alone, and says it too.
    let run = Background::run_json(&sandbox, &[]);
    let row = &run.events("snapshot")[0]["instances"][0];
    let note = format!("{note}; `gamectl start a` tries again");
    assert_eq!(
        (&row["state"], &row["note"]),
        (&json!("crashed"), &json!(note)),
        "{row}"
    );
    sandbox.ok(&["stop", "a"]);
    is_told(&sandbox, "stopped", "", 3);
    run.end(Signal::SIGTERM);
    sandbox.nothing_left();
}

#[test]
fn what_cannot_be_started_is_told_as_that() {
    let sandbox = Sandbox::new();
    let restart = json!({ "delay": "0s", "give_up": { "times": 3, "within": "10m" } });
    let missing = Instance::program("a", &sandbox.arg("nothing"), &[]);
    sandbox.inventory(&[missing.with("restart", restart).with("on_event", told(&sandbox))]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be given up", || run.logged("given up after 3 in 10m") == 1);
    assert_eq!(run.logged("cannot be started: "), 3, "{}", run.text());
    let note = "given up after 3 in 10m; cannot be started: ";
    is_told(&sandbox, "crashed", note, 1);
    run.sees("a", "crashed");
    wait_until("the hook", || sandbox.lines("told") == ["gave_up"]);
    run.end(Signal::SIGTERM);
    is_told(&sandbox, "crashed", note, 1);
    // A start by hand is always allowed.
    std::os::unix::fs::symlink("/bin/cat", sandbox.path("nothing")).expect("a link");
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.status("a")["note"], Value::Null);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn every_crash_is_told_with_its_start_however_quick_the_restart_is() {
    let sandbox = Sandbox::new();
    let restart = json!({ "delay": "0s", "give_up": { "times": 6, "within": "10m" } });
    let flop = Instance::script("a", "exit 3").with("restart", restart);
    sandbox.inventory(&[flop.with("on_event", told(&sandbox)).with("autostart", json!(false))]);
    sandbox.run(&["start", "a"]).expect_code(1);
    let mut watch = Background::of(&mut sandbox.command(&["watch", "--json"]));
    wait_until("its snapshot", || !watch.events("snapshot").is_empty());
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be given up", || run.logged("given up after 6 in 10m") == 1);
    let again = ["starting", "crashed"];
    let wanted = [again, again, again, again, again].concat();
    wait_until("all of them", || run.states("a").len() >= wanted.len());
    assert_eq!(run.states("a"), wanted, "{}", run.text());
    // The other process may not look between two of them.
    wait_until("the last one", || {
        watch.states("a").last().is_some_and(|last| last == "crashed")
    });
    let seen = watch.states("a");
    assert!(seen.chunks(2).all(|pair| pair == again), "{seen:?}");
    let row = sandbox.status("a");
    assert_eq!(
        row["note"],
        json!("given up after 6 in 10m; exit code 3 before it was ready")
    );
    let hooks = ["crashed", "restarted"].repeat(5);
    wait_until("the hooks in their order", || {
        sandbox.lines("told") == [&hooks[..], &["crashed", "gave_up"]].concat()
    });
    run.end(Signal::SIGTERM);
    watch.signal(Signal::SIGTERM);
    watch.ended();
}

#[test]
fn a_hook_that_hangs_is_one_and_the_others_wait_in_order() {
    let sandbox = Sandbox::new();
    let (notes, gate) = (sandbox.arg("notes"), sandbox.arg("gate"));
    let hook = format!(
        "echo \"$GAMECTL_EVENT $GAMECTL_RESTARTS\" >> {notes}; until test -e {gate}; do sleep 0.01; done; echo end >> {notes}"
    );
    let restart = json!({ "delay": "0s", "give_up": { "times": 6, "within": "10m" } });
    let hook = json!([{ "command": ["/bin/sh", "-c", hook], "events": ["crashed"], "timeout": "5m" }]);
    let flop = Instance::script("a", "exit 3").with("restart", restart);
    sandbox.inventory(&[flop.with("on_event", hook)]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be given up", || run.logged("given up") == 1);
    assert_eq!(run.logged("crashed: "), 6);
    wait_until("the first", || !sandbox.lines("notes").is_empty());
    assert_eq!(sandbox.lines("notes"), ["crashed 0"]);
    sandbox.touch("gate");
    let one_by_one: Vec<String> = (0..6)
        .flat_map(|n| [format!("crashed {n}"), "end".to_owned()])
        .collect();
    wait_until("all in order", || sandbox.lines("notes") == one_by_one);
    run.end(Signal::SIGTERM);
}
