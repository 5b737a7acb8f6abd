//! `run` keeps what is on other hosts, through a keeper there.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::sshd::Elsewhere;
use super::{gated, with_argument};
use crate::support::{self, Background, Instance, Process, Sandbox, wait_for, wait_until};

/// Returns the pids of the gamectl that serve, of all hosts.
fn serving(sandbox: &Sandbox) -> Vec<i32> {
    let all = sandbox.processes().into_iter();
    all.filter(|process| process.command.ends_with(" serve"))
        .map(|process| process.pid)
        .collect()
}

/// A command of a person who is on the host, with the same instances.
fn there_command(there: &Elsewhere, host: &str, args: &[&str]) -> Command {
    let mut command = there.sandbox.command(args);
    command
        .env("GAMECTL_STATE_DIR", there.state_dir(host))
        .env("GAMECTL_INVENTORY", there.sandbox.path("there.yaml"));
    command
}

/// Writes the inventory of a person who is on the host.
fn there_inventory(there: &Elsewhere, instances: &[Instance]) {
    let path = there.sandbox.path("instances.yaml");
    let own = fs::read(&path).expect("the inventory");
    there.inventory(&json!({}), instances);
    let text = fs::read(&path).expect("the inventory");
    let mut theirs: Value = serde_json::from_slice(&text).expect("JSON");
    let all = theirs["instances"].as_object_mut().expect("instances");
    for one in all.values_mut() {
        one.as_object_mut().expect("keys").remove("host");
    }
    fs::write(there.sandbox.path("there.yaml"), theirs.to_string()).expect("the inventory");
    fs::write(&path, own).expect("the inventory");
}

/// The restarts of an instance, as `status` shows them.
fn restarts(sandbox: &Sandbox, id: &str) -> u64 {
    sandbox.status(id)["restarts"].as_u64().expect("a number")
}

fn crash(sandbox: &Sandbox, id: &str) {
    let pid = sandbox.pid(id);
    sandbox.ok(&["send", id, "crash"]);
    wait_until("the end of the game", || !Process::lives(pid));
}

fn way_of(there: &Elsewhere, run: i32) -> i32 {
    wait_for("the ssh of `run`", || {
        let ways = with_argument(&there.key("login")).into_iter();
        ways.into_iter().find(|pid| Process::parent(*pid) == Some(run))
    })
}

#[test]
fn what_crashes_there_is_restarted_there() {
    let Some(there) = Elsewhere::new("what_crashes_there_is_restarted_there") else {
        return;
    };
    let sandbox = &there.sandbox;
    let mut dead = there.host("dead", "");
    dead["port"] = json!(support::free_port());
    let hosts = json!({ "box2": there.host("box2", ""), "dead": dead });
    let hook = format!("echo \"$GAMECTL_EVENT\" >> {}", sandbox.arg("hooks"));
    let game = gated(sandbox, "a", "box2").with(
        "on_event",
        json!([{ "command": ["/bin/sh", "-c", hook], "events": ["crashed", "recovered"] }]),
    );
    let held = gated(sandbox, "held", "box2").with("autostart", json!(false));
    let here = Instance::awkward("here", &["serve", "--ready", "up"]).ready_log("^up$");
    there.inventory(&hosts, &[game, held, gated(sandbox, "d", "dead"), here]);
    sandbox.touch("a.gate");
    let mut run = sandbox.command(&["run", "--json", "--heartbeat-interval", "200ms"]);
    let run = Background::of(&mut run);
    run.sees("a", "running");
    run.sees("held", "stopped");
    sandbox.wait_state("here", "running");
    run.sees("d", "unknown");
    assert_eq!(run.logged("dead: it cannot be reached"), 1, "{}", run.text());
    let state = run.events("status").into_iter().find(|event| event["id"] == "a");
    assert_eq!(state.expect("its state")["host"], "box2");
    wait_until("a heartbeat", || {
        let beats = run.events("heartbeat").into_iter();
        beats
            .into_iter()
            .any(|beat| beat["id"] == "a" && beat["host"] == "box2" && beat["state"] == "running")
    });
    crash(sandbox, "a");
    wait_until("the crash to be told", || run.logged("crashed") > 0);
    // Each word says which host it is of.
    let host_of = |text: &str| {
        let logs = run.events("log").into_iter();
        let mut told = logs.filter(|entry| entry["message"].as_str().is_some_and(|said| said.contains(text)));
        told.next().expect("an entry")["host"].clone()
    };
    assert_eq!(host_of("crashed"), "box2");
    assert_eq!(host_of("dead: it cannot be reached"), "dead");
    let of_this = run.events("log").into_iter().find(|entry| entry["id"] == "here");
    assert_eq!(of_this.expect("its entry")["host"], Value::Null);
    let lost = run.events("status").into_iter().find(|event| event["id"] == "d");
    let why = lost.expect("its state")["note"].clone();
    assert!(
        why.as_str().is_some_and(|why| why.contains("it cannot be reached")),
        "{why}"
    );
    wait_until("the restart", || restarts(sandbox, "a") == 1);
    sandbox.wait_state("a", "running");
    run.sees("a", "running");
    wait_until("the hooks", || {
        fs::read_to_string(sandbox.path("hooks")).is_ok_and(|text| text.starts_with("crashed\n"))
    });
    // It obeys a stop that is typed elsewhere, as here.
    sandbox.ok(&["stop", "a"]);
    run.sees("a", "stopped");
    sandbox.ok(&["start", "a"]);
    run.sees("a", "running");
    assert_eq!(run.logged("dead: "), 1, "told once: {}", run.text());
    // Its end is the end of the keeping there.
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    wait_until("no keeper", || serving(sandbox).is_empty());
    crash(sandbox, "a");
    sandbox.wait_state("a", "crashed");
    sandbox.ok(&["stop", "a", "here"]);
}

#[test]
fn the_end_of_run_stops_what_is_there_if_it_is_to() {
    let Some(there) = Elsewhere::new("the_end_of_run_stops_what_is_there_if_it_is_to") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    there.inventory(
        &json!({ "box2": there.host("box2", "") }),
        &[gated(sandbox, "a", "box2")],
    );
    let run = Background::of(&mut sandbox.command(&["run", "--json", "--on-exit", "stop"]));
    run.sees("a", "running");
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    let stopped = sandbox.status("a");
    assert!(
        stopped["state"] == "stopped" && stopped["intent"] != "stopped",
        "{stopped}"
    );
    wait_until("no keeper", || serving(sandbox).is_empty());
}

#[test]
fn a_lost_connection_is_told_once_and_ends_no_keeping() {
    let Some(there) = Elsewhere::new("a_lost_connection_is_told_once_and_ends_no_keeping") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let away = sandbox.arg("away");
    let script = format!("if test -e '{away}'; then echo away >&2; exit 3; fi");
    there.inventory(
        &json!({ "box2": there.host("box2", &script) }),
        &[gated(sandbox, "a", "box2")],
    );
    let run = Background::run_json(sandbox, &[]);
    run.sees("a", "running");
    sandbox.touch("away");
    Process::kill(way_of(&there, run.pid()));
    run.sees("a", "unknown");
    let told = "the servers of `box2` go on, and are kept there for 1h";
    wait_until("the loss", || run.logged(told) == 1);
    // It crashes, and is restarted, while nobody here can see it.
    let origin = there.state_dir("box2").join("instances/a/launch");
    let before = fs::read(&origin).expect("its launch");
    let games = sandbox.games().into_iter();
    let mut games = games.filter(|one| one.command.contains(" boot "));
    Process::kill(games.next().expect("the game").pid);
    wait_until("another launch", || fs::read(&origin).is_ok_and(|now| now != before));
    fs::remove_file(sandbox.path("away")).expect("it is back");
    run.sees("a", "running");
    wait_until("that it is reached", || run.logged("box2: it is reached again") == 1);
    assert_eq!(run.logged(told), 1, "{}", run.text());
    assert_eq!(restarts(sandbox, "a"), 1);
    // One keeper is there, and it ends with `run`.
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    wait_until("no keeper", || serving(sandbox).is_empty());
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn what_was_kept_for_a_run_that_was_killed_is_taken_over() {
    let Some(there) = Elsewhere::new("what_was_kept_for_a_run_that_was_killed_is_taken_over") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    there.inventory(
        &json!({ "box2": there.host("box2", "") }),
        &[gated(sandbox, "a", "box2")],
    );
    let run = Background::run_json(sandbox, &[]);
    run.sees("a", "running");
    let way = way_of(&there, run.pid());
    run.end(Signal::SIGKILL);
    // Nothing of the login is left, and yet it is kept.
    wait_until("the end of the login", || !Process::lives(way));
    crash(sandbox, "a");
    wait_until("the restart", || restarts(sandbox, "a") == 1);
    let keeper = wait_for("one keeper", || match serving(sandbox)[..] {
        [one] => Some(one),
        _ => None,
    });
    // The next one takes over, and goes on with the count.
    let next = Background::run_json(sandbox, &[]);
    wait_until("that it is watched", || {
        next.logged("already running; watching it") == 1
    });
    assert_eq!(next.logged("shown, and not restarted from here"), 0, "{}", next.text());
    wait_until("the end of the keeper", || !Process::lives(keeper));
    crash(sandbox, "a");
    wait_until("another restart", || restarts(sandbox, "a") == 2);
    next.end(Signal::SIGKILL);
    // Somebody who is there takes over in the same way.
    there_inventory(&there, &[gated(sandbox, "a", "box2")]);
    let mut alone = there_command(&there, "box2", &["run", "--json"]);
    let alone = Background::of(&mut alone);
    wait_until("that it is watched", || {
        alone.logged("already running; watching it") == 1
    });
    wait_until("no keeper", || serving(sandbox).is_empty());
    assert_eq!(alone.end(Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn without_linger_the_keeping_ends_with_the_connection() {
    let Some(there) = Elsewhere::new("without_linger_the_keeping_ends_with_the_connection") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let with = |linger: &str| {
        let mut box2 = there.host("box2", "");
        box2["linger"] = json!(linger);
        there.inventory(&json!({ "box2": box2 }), &[gated(sandbox, "a", "box2")]);
    };
    for linger in ["0s", "2s"] {
        with(linger);
        let run = Background::run_json(sandbox, &[]);
        run.sees("a", "running");
        run.end(Signal::SIGKILL);
        wait_until("no keeper", || serving(sandbox).is_empty());
        let pid = sandbox.pid("a");
        assert!(Process::lives(pid), "the game goes on");
    }
    crash(sandbox, "a");
    sandbox.wait_state("a", "crashed");
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_run_that_is_there_is_not_fought() {
    let Some(there) = Elsewhere::new("a_run_that_is_there_is_not_fought") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let game = gated(sandbox, "a", "box2");
    there.inventory(&json!({ "box2": there.host("box2", "") }), std::slice::from_ref(&game));
    there_inventory(&there, &[game]);
    let theirs = Background::of(&mut there_command(&there, "box2", &["run", "--json"]));
    theirs.sees("a", "running");
    let run = Background::run_json(sandbox, &["--on-exit", "stop"]);
    let told = format!(
        "a on `box2`: shown, and not restarted from here: gamectl run (pid {}",
        theirs.pid()
    );
    wait_until("who keeps it", || run.logged(&told) == 1);
    run.sees("a", "running");
    crash(sandbox, "a");
    wait_until("the restart", || restarts(sandbox, "a") == 1);
    run.passes("crashed");
    run.sees("a", "running");
    assert_eq!((run.logged(&told), theirs.logged("crashed") > 0), (1, true));
    // It is theirs: the end of this one stops nothing.
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.state("a"), "running");
    // When theirs has ended, this one keeps.
    let run = Background::run_json(sandbox, &[]);
    wait_until("who keeps it", || run.logged(&told) == 1);
    assert_eq!(theirs.end(Signal::SIGTERM), Some(0));
    wait_until("that it is kept", || {
        run.logged("box2: kept from here from now on") == 1
    });
    crash(sandbox, "a");
    wait_until("the restart", || restarts(sandbox, "a") == 2);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn an_older_gamectl_there_only_shows() {
    let Some(there) = Elsewhere::new("an_older_gamectl_there_only_shows") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let filter = format!(
        "'{}' \"$@\" | sed -u 's/,\"keep\"//'; exit",
        support::gamectl().display()
    );
    there.inventory(
        &json!({ "box2": there.host("box2", &filter) }),
        &[gated(sandbox, "a", "box2")],
    );
    sandbox.ok(&["start", "a"]);
    let run = Background::run_json(sandbox, &[]);
    run.sees("a", "running");
    wait_until("why it is not kept", || run.logged("cannot do this yet (keep)") == 1);
    assert_eq!(run.logged("gamectl host install box2"), 1, "{}", run.text());
    sandbox.ok(&["stop", "a"]);
    run.sees("a", "stopped");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
}

#[test]
fn what_is_added_to_the_inventory_is_kept_too() {
    let Some(there) = Elsewhere::new("what_is_added_to_the_inventory_is_kept_too") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    sandbox.touch("b.gate");
    let hosts = json!({ "box2": there.host("box2", "") });
    there.inventory(&hosts, &[gated(sandbox, "a", "box2")]);
    let run = Background::run_json(sandbox, &[]);
    run.sees("a", "running");
    let pid = sandbox.pid("a");
    there.inventory(&hosts, &[gated(sandbox, "a", "box2"), gated(sandbox, "b", "box2")]);
    run.sees("b", "running");
    assert_eq!(sandbox.pid("a"), pid, "it goes on");
    for id in ["a", "b"] {
        crash(sandbox, id);
        wait_until("the restart", || restarts(sandbox, id) == 1);
    }
    assert_eq!(run.logged("shown, and not restarted"), 0, "{}", run.text());
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    wait_until("no keeper", || serving(sandbox).is_empty());
    let seen: Value = sandbox.run(&["status", "--json"]).json();
    assert_eq!(seen["instances"].as_array().map(Vec::len), Some(2));
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn a_run_that_says_nothing_any_more_has_lost_what_it_kept() {
    let Some(there) = Elsewhere::new("a_run_that_says_nothing_any_more_has_lost_what_it_kept") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    there.inventory(
        &json!({ "box2": there.host("box2", "") }),
        &[gated(sandbox, "a", "box2")],
    );
    let first = Background::run_json(sandbox, &[]);
    first.sees("a", "running");
    let before = serving(sandbox);
    // As long as it lives, that of somebody elsewhere only shows.
    let mut next = sandbox.command(&["run", "--json"]);
    let next = Background::of(next.env("GAMECTL_STATE_DIR", sandbox.path("state-elsewhere")));
    wait_until("who keeps it", || {
        next.logged("is at work there, and restarts only what it lists itself") == 1
    });
    assert_eq!(next.logged("gamectl serve (pid"), 1, "{}", next.text());
    // Its connection stands, and nothing comes.
    first.signal(Signal::SIGSTOP);
    wait_until("that it is kept", || {
        next.logged("box2: kept from here from now on") == 1
    });
    assert!(before.iter().all(|pid| !Process::lives(*pid)), "{before:?}");
    crash(sandbox, "a");
    wait_until("the restart", || restarts(sandbox, "a") == 1);
    // It comes back, and finds that another one keeps now.
    first.signal(Signal::SIGCONT);
    wait_until("who keeps it", || {
        first.logged("is at work there, and restarts only what it lists itself") == 1
    });
    first.sees("a", "running");
    assert_eq!(first.end(Signal::SIGTERM), Some(0));
    assert_eq!(next.end(Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "a"]);
}
