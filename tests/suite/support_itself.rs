//! The tools of the tests hold what they promise, without gamectl.

use std::fs;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;

use crate::support::{self, Instance, Process, Sandbox, awkward, wait_for, wait_until};

/// Starts a game in a sandbox, with its output in the file `out`.
fn game(sandbox: &Sandbox, args: &[&str]) -> Child {
    let out = fs::File::create(sandbox.path("out")).expect("a file");
    Command::new(awkward())
        .args(args)
        .current_dir(sandbox.dir())
        .stdin(Stdio::piped())
        .stdout(out)
        .spawn()
        .expect("start the game")
}

fn code(mut game: Child) -> Option<i32> {
    game.wait().expect("wait for the game").code()
}

#[test]
fn a_gate_holds_the_boot_and_term_saves() {
    let sandbox = Sandbox::new();
    let game = game(
        &sandbox,
        &[
            "boot",
            "--say",
            "booting",
            "--gate",
            "gate",
            "--ready",
            "ready",
            "--journal",
            "j",
        ],
    );
    wait_until("booting", || sandbox.lines("out") == ["booting"]);
    sandbox.touch("gate");
    wait_until("ready", || sandbox.lines("out") == ["booting", "ready"]);
    Process::signal(Process::pid_of(&game), Signal::SIGTERM);
    assert_eq!(code(game), Some(0));
    assert_eq!(sandbox.lines("out"), ["booting", "ready", "saved"]);
    assert_eq!(sandbox.lines("j").len(), 2);
}

#[test]
fn two_games_at_one_beacon_are_seen() {
    let sandbox = Sandbox::new();
    let mut first = game(&sandbox, &["beacon", "light", "--ready", "up"]);
    wait_until("the first", || sandbox.lines("out") == ["up"]);
    assert_eq!(code(game(&sandbox, &["beacon", "light"])), Some(99));
    assert_eq!(sandbox.lines("light.violations").len(), 1);
    drop(first.stdin.take());
    first.kill().expect("kill");
    first.wait().expect("wait");
    let mut next = game(&sandbox, &["beacon", "light", "--ready", "up"]);
    wait_until("the next", || sandbox.lines("out") == ["up"]);
    next.kill().expect("kill");
    next.wait().expect("wait");
}

#[test]
fn a_scattered_tree_is_found_and_killed_by_its_folder() {
    let sandbox = Sandbox::new();
    let mut root = game(
        &sandbox,
        &["tree", "2", "3", "--scatter", "--deaf-children", "--pids", "pids"],
    );
    wait_until("the tree", || {
        sandbox.lines("out").contains(&"tree: 13 processes".to_owned())
    });
    assert_eq!(sandbox.processes().len(), 13);
    Process::signal(Process::pid_of(&root), Signal::SIGTERM);
    root.wait().expect("wait");
    assert_eq!(sandbox.processes().len(), 12);
    assert_eq!(support::processes::kill_tied_to(sandbox.dir()).len(), 12);
    assert!(
        sandbox
            .lines("pids")
            .iter()
            .all(|pid| !Process::lives(pid.parse().expect("a pid")))
    );
}

#[test]
fn a_daemon_outlives_its_parents_in_a_session_of_its_own() {
    let sandbox = Sandbox::new();
    let parent = game(&sandbox, &["daemonise", "--", "dump", "given", "--ignore", "TERM"]);
    assert_eq!(code(parent), Some(0));
    let given = wait_for("the dump", || fs::read_to_string(sandbox.path("given")).ok());
    let given: serde_json::Value = serde_json::from_str(&given).expect("JSON");
    assert_ne!(given["pid"], given["sid"]);
    assert!(Process::lives(
        i32::try_from(given["pid"].as_i64().expect("a pid")).expect("a pid")
    ));
    assert_eq!(support::processes::kill_tied_to(sandbox.dir()).len(), 1);
}

#[test]
fn an_inventory_is_written_as_asked() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve"]).ready_log("up").env("A", "b: #c")]);
    let text = fs::read_to_string(sandbox.path("instances.yaml")).expect("the inventory");
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(read["instances"]["a"]["process"]["env"]["A"], "b: #c");
}
