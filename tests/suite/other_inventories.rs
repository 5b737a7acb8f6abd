//! Several inventories over one state directory, and what their commands say about
//! each other.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Background, Instance, Outcome, Sandbox};

/// Writes an inventory beside the sandbox's own.
fn write(sandbox: &Sandbox, name: &str, instances: &[Instance]) {
    let bodies = instances.iter().map(|one| (one.id.clone(), one.to_json()));
    let bodies: serde_json::Map<_, _> = bodies.collect();
    let text = json!({ "instances": bodies }).to_string();
    std::fs::write(sandbox.path(name), text).expect("write an inventory");
}

fn sleeper(id: &str) -> Instance {
    Instance::script(id, "exec sleep 7777").with("ready", json!({ "alive_for": "1ms" }))
}

/// Without an inventory or a state directory in the environment.
fn bare(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command(args);
    command.env_remove("GAMECTL_INVENTORY").env_remove("GAMECTL_STATE_DIR");
    command
}

/// The first command in backticks behind a text.
fn suggested<'a>(said: &'a str, behind: &str) -> &'a str {
    let (_, rest) = said.split_once(behind).expect("the text before a command");
    let command = rest.split('`').nth(1);
    command.expect("a command in backticks")
}

/// Types a command into a shell, in which `gamectl` is found.
fn paste(sandbox: &Sandbox, command: &str) -> Outcome {
    let folder = support::gamectl();
    let folder = folder.parent().and_then(Path::to_str).expect("a folder");
    let mut shell = sandbox.program("/bin/sh");
    shell.env_remove("GAMECTL_INVENTORY").env_remove("GAMECTL_STATE_DIR");
    shell
        .env("PATH", format!("{folder}:/usr/bin:/bin"))
        .args(["-c", command]);
    Outcome::of(&[command], &shell.output().expect("run a shell"))
}

#[test]
fn a_command_that_is_suggested_meets_the_same_instances() {
    let sandbox = Sandbox::new();
    let (file, state) = ("it's mine.yaml", "the state");
    write(&sandbox, file, &[sleeper("a"), Instance::script("b", "exit 3")]);
    let ours = |args: &[&str]| bare(&sandbox, &[&["-f", file, "--state-dir", state], args].concat());
    let failed = Outcome::of(&[], &ours(&["start", "b"]).output().expect("run gamectl")).expect_code(1);
    let logs = suggested(&failed.stderr, "it printed nothing; ");
    assert_eq!(logs, r"gamectl -f 'it'\''s mine.yaml' --state-dir 'the state' logs b");
    paste(&sandbox, logs).expect_code(0);
    // A line that is not valid names the same.
    let mistaken = Outcome::of(&[], &ours(&["down"]).output().expect("run gamectl")).expect_code(2);
    let stop = suggested(&mistaken.stderr, "hint: ");
    paste(&sandbox, &format!("{stop} --dry-run")).expect_code(0);

    let mut run = Background::of(ours(&["run", "a"]).stdout(std::process::Stdio::piped()));
    run.wait("a: running");
    run.signal(Signal::SIGINT);
    assert_eq!(run.ended(), Some(0));
    let said = run.text();
    let stop = suggested(&said, "the servers go on (");
    let stopped = paste(&sandbox, stop).expect_code(0);
    assert!(stopped.stdout.contains("a: stopped by signal: TERM"), "{stopped:?}");
    sandbox.nothing_left();
}

#[test]
fn init_suggests_a_command_with_the_new_inventory() {
    let sandbox = Sandbox::new();
    let args = ["--state-dir", "s", "init", "rust", "--inventory", "new ones.yaml"];
    let wrote = Outcome::of(&args, &bare(&sandbox, &args).output().expect("run gamectl")).expect_code(0);
    let check = suggested(&wrote.stderr, "look it over with ");
    assert_eq!(check, "gamectl -f 'new ones.yaml' --state-dir s check");
}

#[test]
fn what_another_inventory_has_started_is_ended_by_that_or_by_force() {
    let sandbox = Sandbox::new();
    write(&sandbox, "a.yaml", &[sleeper("x"), sleeper("y")]);
    write(&sandbox, "b.yaml", &[sleeper("x"), sleeper("z")]);
    let from = format!("started from {}", sandbox.arg("a.yaml"));
    sandbox.ok(&["-f", "a.yaml", "start", "--all"]);
    let pid = sandbox.ok(&["-f", "a.yaml", "status", "--json", "x"]).json()["instances"][0]["pid"].clone();

    let started = sandbox.ok(&["-f", "b.yaml", "start", "--all"]);
    assert!(
        started.stdout.contains(&format!("x: already running ({from})")),
        "{started:?}"
    );
    let rows = sandbox.ok(&["-f", "b.yaml", "status", "--json"]).json();
    assert_eq!(
        (&rows["instances"][0]["note"], &rows["instances"][0]["pid"]),
        (&json!(from), &pid)
    );
    assert_eq!(rows["instances"][1]["note"], json!(null));
    let own = sandbox.ok(&["-f", "a.yaml", "status", "--json", "x"]).json();
    assert_eq!(own["instances"][0]["note"], json!(null));
    // One file has several names.
    std::os::unix::fs::symlink("a.yaml", sandbox.path("link.yaml")).expect("a link");
    let linked = sandbox.ok(&["-f", "link.yaml", "status", "--json", "x"]).json();
    assert_eq!(linked["instances"][0]["note"], json!(null));

    for verb in ["stop", "restart"] {
        let planned = sandbox.run(&["-f", "b.yaml", verb, "--dry-run", "x"]).expect_code(1);
        assert!(
            planned.stdout.contains(&format!("would fail: it was {from}")),
            "{planned:?}"
        );
        let refused = sandbox.run(&["-f", "b.yaml", verb, "x", "--json"]).expect_code(1);
        let result = refused.json()["results"][0].clone();
        assert_eq!(
            (&result["ok"], &result["state"]),
            (&json!(false), &json!("running")),
            "{result}"
        );
        assert!(
            refused
                .stderr
                .contains(&format!("it was {from}, and not from this inventory")),
            "{refused:?}"
        );
        let there = format!("`gamectl -f {} {verb} x`", sandbox.arg("a.yaml"));
        assert!(refused.stderr.replace("\n      ", " ").contains(&there), "{refused:?}");
    }
    // The others are stopped all the same.
    sandbox.run(&["-f", "b.yaml", "stop", "--all"]).expect_code(1);
    assert_eq!(
        sandbox.ok(&["-f", "a.yaml", "status", "--json", "x"]).json()["instances"][0]["pid"],
        pid
    );
    sandbox.ok(&["-f", "b.yaml", "stop", "--force", "x"]);
    // By then it is nobody's.
    sandbox.ok(&["-f", "b.yaml", "start", "x"]);
    sandbox.ok(&["-f", "b.yaml", "stop", "x"]);
    sandbox.ok(&["-f", "a.yaml", "stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn what_only_another_inventory_lists_is_ended_by_that_or_by_force() {
    let sandbox = Sandbox::new();
    write(&sandbox, "a.yaml", &[sleeper("x")]);
    write(&sandbox, "b.yaml", &[sleeper("y"), sleeper("z")]);
    sandbox.ok(&["-f", "b.yaml", "start", "--all"]);
    let from = format!("started from {}", sandbox.arg("b.yaml"));
    let planned = sandbox.run(&["-f", "a.yaml", "stop", "--dry-run", "y"]).expect_code(1);
    assert!(
        planned.stdout.contains(&format!("would fail: it was {from}")),
        "{planned:?}"
    );
    let refused = sandbox.run(&["-f", "a.yaml", "stop", "y"]).expect_code(1);
    assert!(
        refused
            .stderr
            .contains(&format!("it was {from}, and not from this inventory")),
        "{refused:?}"
    );
    let state = |id: &str| {
        let rows = sandbox.run(&["-f", "b.yaml", "status", "--json", id]).json();
        rows["instances"][0]["state"].as_str().expect("a word").to_owned()
    };
    assert_eq!(state("y"), "running");
    let shown = sandbox.run(&["-f", "a.yaml", "status", "--json", "y"]).json();
    let note = shown["instances"][0]["note"].as_str().expect("a note");
    assert!(note.contains(&from), "{shown}");
    sandbox.ok(&["-f", "a.yaml", "stop", "--force", "y"]);
    assert_eq!((state("y"), state("z")), ("stopped".to_owned(), "running".to_owned()));
    // What has left the other one is anybody's.
    write(&sandbox, "b.yaml", &[]);
    sandbox.ok(&["-f", "a.yaml", "stop", "z"]);
    sandbox.nothing_left();
}

#[test]
fn a_run_that_ends_stops_nothing_of_another_inventory() {
    let sandbox = Sandbox::new();
    let own = Instance::with(sleeper("own"), "autostart", json!(false));
    write(&sandbox, "a.yaml", &[own, sleeper("shared")]);
    write(&sandbox, "b.yaml", &[sleeper("shared"), sleeper("other")]);
    sandbox.ok(&["-f", "b.yaml", "start", "--all"]);
    let args = ["-f", "a.yaml", "run", "--on-exit", "stop"];
    let mut run = Background::of(sandbox.command(&args).stdout(std::process::Stdio::piped()));
    run.wait("shared was started from");
    sandbox.ok(&["-f", "a.yaml", "start", "own"]);
    run.wait("own: running");
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ended(), Some(0));
    let said = run.text();
    let left = format!("shared goes on: it was started from {}", sandbox.arg("b.yaml"));
    assert!(said.contains(&left), "{said}");
    let rows = sandbox.run(&["-f", "b.yaml", "status", "--json"]).expect_code(0).json();
    assert_eq!(rows["instances"].as_array().map(Vec::len), Some(2), "{rows}");
    assert_eq!(
        sandbox.run(&["-f", "a.yaml", "status", "--json", "own"]).json()["instances"][0]["state"],
        "stopped"
    );
    sandbox.ok(&["-f", "b.yaml", "stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn an_inventory_may_be_renamed_and_an_instance_moved_while_it_runs() {
    let sandbox = Sandbox::new();
    write(&sandbox, "a.yaml", &[sleeper("x"), sleeper("y")]);
    sandbox.ok(&["-f", "a.yaml", "start", "--all"]);
    write(&sandbox, "a.yaml", &[sleeper("y")]);
    write(&sandbox, "b.yaml", &[sleeper("x")]);
    let moved = sandbox.ok(&["-f", "b.yaml", "stop", "x"]);
    assert!(
        moved.stdout.contains("a.yaml, which does not list it any more"),
        "{moved:?}"
    );
    std::fs::rename(sandbox.path("a.yaml"), sandbox.path("c.yaml")).expect("rename it");
    let rows = sandbox.ok(&["-f", "c.yaml", "status", "--json"]).json();
    assert_eq!(rows["instances"][0]["note"], json!(null), "{rows}");
    let renamed = sandbox.ok(&["-f", "c.yaml", "restart", "y"]);
    assert!(renamed.stdout.contains("a.yaml, which is gone"), "{renamed:?}");
    let last = sandbox.ok(&["-f", "c.yaml", "stop", "y"]);
    assert!(!last.stdout.contains("a.yaml"), "{last:?}");
    sandbox.nothing_left();
}

#[test]
fn a_run_says_what_another_inventory_has_started() {
    let sandbox = Sandbox::new();
    write(&sandbox, "a.yaml", &[sleeper("x")]);
    sandbox.ok(&["-f", "a.yaml", "start", "x"]);
    sandbox.inventory(&[sleeper("x")]);
    let run = Background::run(&sandbox);
    run.wait(&format!("x was started from {}", sandbox.arg("a.yaml")));
    drop(run);
    sandbox.ok(&["-f", "a.yaml", "stop", "x"]);
    sandbox.nothing_left();
}

#[test]
fn a_stop_of_all_says_what_goes_on() {
    let sandbox = Sandbox::with(&[sleeper("old"), sleeper("older"), sleeper("kept")]);
    sandbox.ok(&["start", "old", "kept"]);
    sandbox.inventory(&[sleeper("kept")]);
    let planned = sandbox.ok(&["stop", "--all", "--dry-run"]);
    assert!(
        planned.stderr.contains("not in the inventory, and not stopped: old (`"),
        "{planned:?}"
    );
    let run = Background::run_json(&sandbox, &[]);
    let stopped = sandbox.ok(&["stop", "--all"]);
    assert!(
        stopped.stderr.contains("not in the inventory, and not stopped: old (`"),
        "{stopped:?}"
    );
    let watching = format!("gamectl run (pid {}, without a terminal) goes on watching", run.pid());
    assert!(stopped.stderr.contains(&watching), "{stopped:?}");
    assert_eq!(sandbox.ok(&["-q", "stop", "--all"]).stderr, "");
    drop(run);
    assert_eq!(suggested(&stopped.stderr, "not stopped: old ("), "gamectl stop old");
    sandbox.ok(&["stop", "old"]);
    assert_eq!(sandbox.ok(&["stop", "--all"]).stderr, "");
    sandbox.nothing_left();
}

#[test]
fn a_start_of_all_says_what_it_leaves_out() {
    let sandbox = Sandbox::new();
    let body = json!({ "instances": {
        "a": sleeper("a").to_json(),
        "b": { "game": "rust", "webrcon": { "password": "x" } },
    } });
    sandbox.inventory_text(&body.to_string());
    let left_out = "left out, because nothing manages it: b (no ";
    for args in [
        &["start", "--all", "--dry-run"][..],
        &["start", "--all"],
        &["restart", "*"],
    ] {
        let said = sandbox.ok(args);
        assert!(said.stderr.contains(left_out), "{said:?}");
    }
    assert_eq!(sandbox.ok(&["-q", "start", "--all"]).stderr, "");
    assert!(!sandbox.ok(&["stop", "--all"]).stderr.contains("left out"));
    sandbox.run(&["start", "b"]).expect_code(5);
    sandbox.nothing_left();
}
