//! Very much at once: everybody killed, everybody looking, a game that prints
//! without an end, games that end as they begin.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Instance, Process, Sandbox, wait_for, wait_until};

fn serving(id: &str) -> Instance {
    Instance::awkward(id, &["serve", "--ready", "up"]).ready_log("^up$")
}

fn rows(sandbox: &Sandbox) -> Vec<Value> {
    let rows = sandbox.run(&["status", "--json"]).json();
    rows["instances"].as_array().expect("rows").clone()
}

#[test]
fn everybody_but_the_games_is_killed_at_once() {
    let _alone = crate::alone();
    let ids = ["a", "b", "c", "d", "e", "f"];
    let sandbox = Sandbox::with(&ids.map(serving));
    let mut clients = vec![sandbox.command(&["run"]).spawn().expect("run gamectl")];
    wait_until("all to run", || sandbox.run(&["status"]).code == Some(0));
    for args in [&["watch"][..], &["logs", "-f", "a"], &["console", "b"]] {
        clients.push(sandbox.command(args).spawn().expect("run gamectl"));
    }
    let before: Vec<Value> = rows(&sandbox).iter().map(|row| row["pid"].clone()).collect();
    // First frozen, so that none sees another go.
    let shims: Vec<i32> = ids.iter().map(|id| sandbox.shim(id)).collect();
    let all: Vec<i32> = clients.iter().map(Process::pid_of).chain(shims).collect();
    for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
        all.iter().for_each(|pid| Process::signal(*pid, signal));
    }
    clients.iter_mut().for_each(|client| drop(client.wait()));
    wait_until("all to be gone", || all.iter().all(|pid| !Process::lives(*pid)));
    let pids = || -> Vec<Value> { rows(&sandbox).iter().map(|row| row["pid"].clone()).collect() };
    for row in rows(&sandbox) {
        assert_eq!(row["state"], "running", "{row}");
        assert!(
            row["note"]
                .as_str()
                .is_some_and(|note| note.contains("shim was killed")),
            "{row}"
        );
    }
    assert_eq!(pids(), before);
    sandbox.ok(&["start", "--all"]);
    assert_eq!(pids(), before);
    assert!(rows(&sandbox).iter().all(|row| row["details"]["shim_pid"].is_number()));
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn everybody_looks_while_it_starts_and_stops() {
    let _alone = crate::alone();
    const LOOKS: usize = 200;
    let sandbox = Sandbox::with(&[serving("a")]);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let look = || {
            let mut looks = 0;
            while looks < LOOKS / 8 || !over.load(Ordering::Relaxed) {
                let outcome = sandbox.run(&["status", "--json"]);
                assert!(matches!(outcome.code, Some(0 | 3)), "{outcome:#?}");
                let state = outcome.json()["instances"][0]["state"].clone();
                assert!(state != "unknown" && state != "crashed", "{outcome:#?}");
                looks += 1;
            }
        };
        (0..8).for_each(|_| drop(scope.spawn(look)));
        for _ in 0..6 {
            sandbox.ok(&["start", "a"]);
            sandbox.ok(&["restart", "a"]);
            sandbox.ok(&["stop", "a"]);
        }
        over.store(true, Ordering::Relaxed);
    });
    sandbox.nothing_left();
}

/// The largest that a process has been, in KiB.
fn peak(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    number.expect("a number")
}

#[test]
fn a_flood_takes_no_memory_of_its_shim() {
    let _alone = crate::alone();
    let log = json!({ "max_size": "1MiB", "keep": 2 });
    let sandbox = Sandbox::with(&[serving("a").process("log", log)]);
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    let flood = |total: &str, name: &str| {
        sandbox.tell("a", &format!("flood {total}"));
        sandbox.tell("a", &format!("touch {name}"));
        wait_until("the end of the flood", || sandbox.path(name).exists());
    };
    flood("2000000", "small");
    let before = peak(shim);
    flood("100000000", "large");
    let after = peak(shim);
    assert!(after <= before + 1024, "{before} KiB, then {after} KiB");
    assert_eq!(sandbox.status("a")["details"].get("lost_output_bytes"), None);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn games_that_end_as_they_begin() {
    let _alone = crate::alone();
    let at_once = |id: &str, path: &str| Instance::program(id, path, &[]).with("ready", json!({ "alive_for": "10s" }));
    let sandbox = Sandbox::with(&[at_once("a", "/bin/true"), at_once("b", "/bin/false")]);
    for (id, code) in [("a", 0), ("b", 1)] {
        let mut before = 0;
        for _ in 0..20 {
            let outcome = sandbox.run(&["start", id]).expect_code(1);
            assert!(!outcome.stderr.is_empty(), "{outcome:#?}");
            let row = wait_for("its end on record", || {
                Some(sandbox.status(id)).filter(|row| row["last_exit"].is_object())
            });
            assert_eq!(
                (&row["state"], &row["last_exit"]["code"]),
                (&json!("crashed"), &json!(code)),
                "{row}"
            );
            let launch = row["details"]["launch"].as_u64().expect("its number");
            assert!(launch > before, "{launch} after {before}");
            before = launch;
        }
    }
    sandbox.nothing_left();
}
