//! Instances that need others: the order of verbs over them, by the built binary.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Background, Instance, Process, Sandbox, wait_until};

/// A game that is ready once its gate is there, and notes that it has begun or ended.
fn noting(sandbox: &Sandbox, id: &str, needs: &[&str]) -> Instance {
    let (gate, notes) = (sandbox.arg(&format!("{id}.gate")), sandbox.arg("notes"));
    let script = format!(
        "trap 'echo {id} ends >>{notes}; exit 0' TERM\n\
         echo {id} begins >>{notes}\n\
         while [ ! -e {gate} ]; do sleep 0.02; done\n\
         echo up\n\
         while :; do sleep 0.02; done"
    );
    let game = Instance::script(id, &script).ready_log("^up$");
    match needs {
        [] => game,
        some => game.with("needs", json!(some)),
    }
}

/// A database, an application that needs it, and a web server that needs both.
fn three(gates: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for gate in gates {
        sandbox.touch(&format!("{gate}.gate"));
    }
    sandbox.inventory(&[
        noting(&sandbox, "web", &["app", "db"]),
        noting(&sandbox, "app", &["db"]),
        noting(&sandbox, "db", &[]),
    ]);
    sandbox
}

#[test]
fn all_are_started_in_order_and_stopped_in_reverse() {
    let sandbox = three(&["web", "app", "db"]);
    sandbox.ok(&["start", "--all"]);
    assert_eq!(sandbox.lines("notes"), ["db begins", "app begins", "web begins"]);
    sandbox.ok(&["stop", "--all"]);
    assert_eq!(sandbox.lines("notes")[3..], ["web ends", "app ends", "db ends"]);
}

#[test]
fn a_start_takes_along_what_is_needed_and_waits_until_that_is_ready() {
    let sandbox = three(&["web", "app"]);
    let mut start = sandbox.command(&["start", "web", "--no-wait"]);
    let start = Background::of(&mut start);
    sandbox.wait_state("db", "starting");
    wait_until("it to begin", || sandbox.lines("notes") == ["db begins"]);
    assert_eq!(
        (sandbox.state("app"), sandbox.state("web")),
        ("stopped".into(), "stopped".into())
    );
    sandbox.touch("db.gate");
    sandbox.wait_state("web", "running");
    assert_eq!(sandbox.lines("notes"), ["db begins", "app begins", "web begins"]);
    drop(start);
    // What runs already is no part of the verb.
    let again = sandbox.run(&["start", "web", "--json"]).expect_code(0).json();
    assert_eq!(again["results"].as_array().map(Vec::len), Some(1), "{again}");
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn what_needs_something_that_cannot_start_is_not_launched() {
    let sandbox = Sandbox::new();
    let db = Instance::script("db", "exit 3").ready_log("up");
    sandbox.touch("web.gate");
    sandbox.inventory(&[noting(&sandbox, "web", &["db"]), db]);
    let start = sandbox.run(&["start", "web"]).expect_code(1);
    assert!(
        start
            .stderr
            .contains("web: it was not started: it needs db, which does not run"),
        "{start:?}"
    );
    assert!(start.stderr.contains("start --no-needs web"), "{start:?}");
    assert!(!sandbox.path("notes").exists());
    sandbox.ok(&["start", "--no-needs", "web"]);
    assert_eq!(sandbox.lines("notes"), ["web begins"]);
    sandbox.ok(&["stop", "web"]);
}

#[test]
fn what_others_need_is_stopped_with_them_or_on_purpose() {
    let sandbox = three(&["web", "app", "db"]);
    sandbox.ok(&["start", "app"]);
    let stop = sandbox.run(&["stop", "db"]).expect_code(1);
    assert!(
        stop.stderr.contains("db: it was left as it is: app needs it"),
        "{stop:?}"
    );
    assert!(stop.stderr.contains("stop --with-dependents db"), "{stop:?}");
    assert_eq!(sandbox.state("db"), "running");
    sandbox.run(&["restart", "db"]).expect_code(1);
    let before = (sandbox.pid("db"), sandbox.pid("app"));
    sandbox.ok(&["restart", "db", "--with-dependents"]);
    let after = (sandbox.pid("db"), sandbox.pid("app"));
    assert!(before.0 != after.0 && before.1 != after.1);
    assert_eq!(
        sandbox.lines("notes"),
        [
            "db begins",
            "app begins",
            "app ends",
            "db ends",
            "db begins",
            "app begins"
        ]
    );
    sandbox.ok(&["stop", "db", "--no-needs"]);
    assert_eq!(
        (sandbox.state("db"), sandbox.state("app")),
        ("stopped".into(), "running".into())
    );
    sandbox.ok(&["start", "db"]);
    sandbox.ok(&["stop", "db", "--with-dependents"]);
    assert_eq!(sandbox.lines("notes")[8..], ["app ends", "db ends"]);
}

#[test]
fn a_dry_run_shows_the_order() {
    let sandbox = three(&["web", "app", "db"]);
    let order = |args: &[&str]| {
        let shown = sandbox.run(args).expect_code(0).json();
        let ids = shown["results"].as_array().expect("a list").iter();
        (
            ids.map(|one| one["id"].to_string()).collect::<Vec<_>>().join(" "),
            shown,
        )
    };
    let check = sandbox.run(&["check"]);
    assert!(
        check.stdout.contains("it starts after app, db, and is stopped before"),
        "{check:?}"
    );
    let (ids, shown) = order(&["start", "web", "--dry-run", "--json"]);
    assert_eq!(ids, r#""db" "app" "web""#);
    assert!(shown.to_string().contains("wait until app runs"), "{shown}");
    sandbox.ok(&["start", "web"]);
    let (ids, shown) = order(&["stop", "--all", "--dry-run", "--json"]);
    assert_eq!(ids, r#""web" "app" "db""#);
    assert!(shown.to_string().contains("wait until web has ended"), "{shown}");
    let refused = sandbox.run(&["stop", "db", "--dry-run"]).expect_code(1);
    assert!(
        refused
            .stdout
            .contains("would fail: it was left as it is: app, web need it"),
        "{refused:?}"
    );
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn run_waits_until_what_is_needed_runs() {
    let sandbox = three(&["web", "app"]);
    let mut run = Background::run_json(&sandbox, &[]);
    wait_until("whom it waits for", || {
        run.logged("waits until what it needs runs: app, db") == 1
    });
    run.sees("db", "starting");
    wait_until("it to begin", || sandbox.lines("notes") == ["db begins"]);
    sandbox.touch("db.gate");
    run.sees("web", "running");
    assert_eq!(sandbox.lines("notes"), ["db begins", "app begins", "web begins"]);
    // A crash of what is needed stops nobody.
    let web = sandbox.pid("web");
    let db = sandbox.pid("db");
    Process::kill(db);
    wait_until("another database", || {
        sandbox
            .lines("notes")
            .iter()
            .filter(|line| *line == "db begins")
            .count()
            == 2
    });
    assert_eq!(sandbox.pid("web"), web);
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ended(), Some(0));
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn an_end_of_run_that_stops_all_stops_in_order() {
    let sandbox = three(&["web", "app", "db"]);
    let run = Background::run_json(&sandbox, &["--on-exit", "stop"]);
    run.sees("web", "running");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.lines("notes")[3..], ["web ends", "app ends", "db ends"]);
}

#[test]
fn a_cycle_is_an_error_of_the_inventory() {
    let sandbox = Sandbox::new();
    let games = [noting(&sandbox, "a", &["b"]), noting(&sandbox, "b", &["a"])];
    sandbox.inventory(&games);
    let start = sandbox.run(&["start", "a"]).expect_code(6);
    assert!(start.stderr.contains("these need each other: a → b → a"), "{start:?}");
    // What runs of it can be stopped all the same.
    sandbox.run(&["stop", "a"]).expect_code(6);
}
