//! An instance has ended when its whole process tree has: whatever shape that
//! takes, and however badly it ends.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Instance, Outcome, Process, Sandbox, wait_until};

/// The path of the game with bad manners, for a shell.
fn game() -> String {
    format!("'{}'", support::awkward().display())
}

/// Returns the number of lines of a journal that begin with this word.
fn count(sandbox: &Sandbox, journal: &str, word: &str) -> usize {
    let lines = sandbox.lines(journal);
    lines.iter().filter(|line| line.starts_with(word)).count()
}

/// Has the game end with code 9, and leave a child that ignores SIGTERM and has
/// been sent one.
#[track_caller]
fn crash_and_leave_a_deaf_child(sandbox: &Sandbox) {
    sandbox.tell("a", "setsid deaf --say there");
    sandbox.wait_console("a", "there");
    sandbox.tell("a", "exit 9");
    sandbox.wait_console("a", "ignored SIGTERM");
}

#[test]
fn deaf_children_are_killed_some_time_after_a_polite_end() {
    let sandbox = Sandbox::new();
    let game = Instance::awkward(
        "a",
        &["tree", "2", "2", "--deaf-children", "--scatter", "--pids", "pids"],
    )
    .ready_log("^tree: 7 processes")
    .with("stop", json!([{ "stdin": "quit", "wait": "20s" }]));
    sandbox.inventory(&[game]);
    sandbox.ok(&["start", "a"]);
    let begin = Instant::now();
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "kill");
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(5), "{took:?}");
    for pid in sandbox.lines("pids") {
        assert!(!Process::lives(pid.parse().expect("a pid")), "{pid}");
    }
    sandbox.nothing_left();
    // The main process ended by itself, and politely.
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 0);
    // What was said to the leftovers first.
    assert_eq!(sandbox.console("a").matches("ignored SIGTERM").count(), 6);
}

#[test]
fn deaf_children_are_killed_after_a_crash_which_keeps_its_code() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    crash_and_leave_a_deaf_child(&sandbox);
    // A game that is not gone has not crashed yet, and nobody can play on it.
    let row = sandbox.status("a");
    assert_eq!((&row["state"], &row["pid"]), (&json!("stopping"), &json!(null)));
    let note = "its main process has ended; what outlived it is being cleared away";
    assert!(row["note"].as_str().is_some_and(|told| told.starts_with(note)), "{row}");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["last_exit"]["code"], 9);
    sandbox.nothing_left();
}

#[test]
fn a_start_waits_for_the_end_of_what_outlived_a_crash() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    crash_and_leave_a_deaf_child(&sandbox);
    sandbox.run(&["send", "a", "say lost"]).expect_code(3);
    let plan = sandbox.ok(&["start", "a", "--dry-run"]).stdout;
    assert!(plan.contains("would be started"), "{plan}");
    let result = sandbox.ok(&["start", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(
        (&result["changed"], &result["state"]),
        (&json!(true), &json!("running"))
    );
    let row = sandbox.status("a");
    assert_eq!(
        (&row["last_exit"]["code"], &row["details"]["launch"]),
        (&json!(9), &json!(2))
    );
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn what_outlived_a_crash_makes_nothing_ready() {
    let sandbox = Sandbox::new();
    let ready = json!({ "exec": ["test", "-e", sandbox.arg("gate")], "interval": "50ms" });
    sandbox.inventory(&[Instance::awkward("a", &["serve"]).with("ready", ready)]);
    let start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
    wait_until("the game", || !sandbox.status("a")["pid"].is_null());
    crash_and_leave_a_deaf_child(&sandbox);
    // What is left answers.
    std::fs::write(sandbox.path("gate"), "").expect("open the gate");
    let failed = Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(1);
    assert!(failed.stderr.contains("exit code 9 before it was ready"), "{failed:#?}");
    assert_eq!(sandbox.wait_state("a", "crashed")["last_exit"]["code"], 9);
    sandbox.nothing_left();
}

/// A game that starts two others by gamectl, the second one's shim by a spawner,
/// and then obeys its console.
fn lobby(sandbox: &Sandbox) -> Instance {
    let gamectl = support::gamectl().display().to_string();
    let script = format!("'{gamectl}' start --all -q; echo \"started: $?\"; while read line; do eval \"$line\"; done");
    Instance::script("lobby", &script)
        .env("GAMECTL_STATE_DIR", &sandbox.arg("state"))
        .env("GAMECTL_INVENTORY", &sandbox.arg("worlds.yaml"))
        .ready_log("^started: 0")
}

fn worlds(sandbox: &Sandbox) -> [Instance; 2] {
    ["north", "south"].map(|id| {
        let journal = sandbox.arg(id);
        let game = Instance::awkward(id, &["serve", "--ready", "up", "--journal", &journal]);
        game.ready_log("^up$")
            .with("stop", json!([{ "stdin": "quit", "wait": "20s" }]))
    })
}

#[test]
fn a_game_that_starts_others_takes_none_of_them_with_it() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&worlds(&sandbox));
    std::fs::copy(sandbox.path("instances.yaml"), sandbox.path("worlds.yaml")).expect("copy");
    let [north, south] = worlds(&sandbox);
    for (end, takes_over) in [("stop", false), ("crash", false), ("stop", true)] {
        sandbox.inventory(&[north.clone(), south.clone(), lobby(&sandbox)]);
        sandbox.ok(&["start", "lobby"]);
        let pids = ["north", "south"].map(|id| sandbox.pid(id));
        if takes_over {
            Process::kill_and_wait(sandbox.shim("lobby"));
            sandbox.ok(&["start", "lobby"]);
        }
        match end {
            "crash" => {
                sandbox.tell("lobby", "exit 3");
                assert_eq!(sandbox.wait_state("lobby", "crashed")["exit_code"], 3);
            }
            _ => drop(sandbox.ok(&["stop", "lobby"])),
        }
        assert_eq!(["north", "south"].map(|id| sandbox.pid(id)), pids, "{end}");
        for id in ["north", "south"] {
            let stopped = sandbox.ok(&["-f", "worlds.yaml", "stop", id, "--json"]);
            let result = stopped.json()["results"][0].clone();
            assert_eq!(result["ended_by"], "stdin: quit", "{end} {id}");
        }
    }
    sandbox.nothing_left();
}

#[test]
fn a_wrapper_that_passes_on_no_signal() {
    let sandbox = Sandbox::new();
    let journal = sandbox.arg("journal");
    let args = ["wrapper", "--", "serve", "--ready", "up", "--journal", &journal];
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let child: i32 = sandbox.wait_line("a", "wrapper: child ").parse().expect("a pid");
    assert_eq!(
        Process::parent(child),
        Some(sandbox.pid("a")),
        "the wrapper is the game"
    );
    sandbox.ok(&["stop", "a"]);
    assert_eq!(count(&sandbox, "journal", "end"), 1, "the child had its chance");
    assert_eq!(sandbox.status("a")["last_exit"]["signal"], "SIGTERM");
    sandbox.nothing_left();
}

#[test]
fn the_code_of_a_wrapper_is_the_code_of_the_game() {
    let sandbox =
        Sandbox::with(&[Instance::awkward("a", &["wrapper", "--", "serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "exit 4");
    assert_eq!(sandbox.wait_state("a", "crashed")["exit_code"], 4);
}

#[test]
fn what_a_launcher_leaves_is_the_game() {
    let sandbox = Sandbox::new();
    let args = ["launcher", "--", "serve", "--ready", "up"];
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let child: i32 = sandbox.wait_line("a", "launcher: child ").parse().expect("a pid");
    wait_until("the child to be the game", || sandbox.pid("a") == child);
    assert_eq!(sandbox.state("a"), "running");
    sandbox.tell("a", "exit 5");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!((&row["exit_code"], &row["last_exit"]["code"]), (&json!(5), &json!(5)));
    sandbox.nothing_left();
}

#[test]
fn a_chain_of_launchers() {
    let sandbox = Sandbox::new();
    let args = [
        "launcher",
        "--",
        "launcher",
        "--",
        "daemonise",
        "--",
        "launcher",
        "--",
        "serve",
        "--ready",
        "up",
    ];
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "pid");
    let last: i32 = sandbox.wait_line("a", "pid ").parse().expect("a pid");
    wait_until("the last one to be the game", || sandbox.pid("a") == last);
    sandbox.tell("a", "kill KILL");
    assert_eq!(sandbox.wait_state("a", "crashed")["last_exit"]["signal"], "SIGKILL");
    sandbox.nothing_left();
}

#[test]
fn a_daemon_in_a_session_of_its_own_is_tracked_and_stopped() {
    let sandbox = Sandbox::new();
    let journal = sandbox.arg("journal");
    let args = ["daemonise", "--", "serve", "--ready", "up", "--journal", &journal];
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "pid");
    let daemon: i32 = sandbox.wait_line("a", "pid ").parse().expect("a pid");
    wait_until("the daemon to be the game", || sandbox.pid("a") == daemon);
    let shim = sandbox.shim("a");
    assert_ne!(
        Process::stat_field(daemon, 6),
        Process::stat_field(shim, 6),
        "another session"
    );
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    assert_eq!(count(&sandbox, "journal", "end"), 1);
    sandbox.nothing_left();
}

#[test]
fn what_a_failed_launcher_leaves_is_cleared_away() {
    let sandbox = Sandbox::new();
    let script = format!(
        "{} serve --ready up --journal journal & while [ ! -e gate ]; do sleep 0.01; done; exit 3",
        game()
    );
    sandbox.inventory(&[Instance::script("a", &script).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox.touch("gate");
    assert_eq!(sandbox.wait_state("a", "crashed")["exit_code"], 3);
    assert_eq!(count(&sandbox, "journal", "end"), 1, "politely");
    sandbox.nothing_left();
}

#[test]
fn a_crash_that_leaves_children() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    for place in 1..=3 {
        let how = if place == 2 { "setsid" } else { "fork" };
        sandbox.tell("a", &format!("{how} serve --journal journal"));
        wait_until("the child", || count(&sandbox, "journal", "start") == place);
    }
    sandbox.tell("a", "crash");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["last_exit"]["signal"], "SIGSEGV");
    assert_eq!(count(&sandbox, "journal", "end"), 3);
    sandbox.nothing_left();
}

#[test]
fn zombies_of_the_game_hold_nothing_up() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["zombie", "3", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.state("a"), "running");
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 0);
    sandbox.nothing_left();
}

#[test]
fn orphans_are_reaped_while_the_game_runs() {
    let sandbox = Sandbox::new();
    let gate = sandbox.arg("gate");
    let script = format!(
        "{0} launcher -- early 7 --gate {gate}; exec {0} serve --ready up",
        game()
    );
    sandbox.inventory(&[Instance::script("a", &script).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let orphan: i32 = sandbox.wait_line("a", "launcher: child ").parse().expect("a pid");
    let shim = sandbox.shim("a");
    assert_eq!(Process::parent(orphan), Some(shim));
    sandbox.touch("gate");
    // Gone, not even a zombie.
    wait_until("the orphan to be reaped", || Process::parent(orphan) != Some(shim));
    assert_eq!(sandbox.state("a"), "running", "its code is not the game's");
}

#[test]
fn a_game_that_forks_while_it_is_killed() {
    let sandbox = Sandbox::new();
    // Three that give birth as fast as they can, each to at most 3000.
    let script = "trap '' TERM; \
        breed() { i=0; while [ $i -lt 3000 ]; do sleep 300 & i=$((i+1)); done; wait; }; \
        breed & breed & echo up; breed";
    let game = Instance::script("a", script)
        .ready_log("^up$")
        .with("stop", json!([{ "signal": "TERM", "wait": "1ms" }]));
    sandbox.inventory(&[game]);
    sandbox.ok(&["start", "a"]);
    wait_until("some offspring", || sandbox.processes().len() > 20);
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "kill");
    sandbox.nothing_left();
}

#[test]
fn a_frozen_game_hears_its_signal() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    Process::signal(pid, Signal::SIGSTOP);
    wait_until("the game to be frozen", || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.contains(") T ")
    });
    assert_eq!(sandbox.state("a"), "running");
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    assert!(sandbox.console("a").contains("saved"), "{}", sandbox.console("a"));
}

#[test]
fn the_first_signal_goes_to_the_game_alone_and_later_ones_to_all() {
    let game = Instance::awkward("a", &["deaf", "--ready", "up"])
        .ready_log("^up$")
        .with(
            "stop",
            json!([{ "signal": "INT", "wait": "500ms" }, { "signal": "HUP", "wait": "2s" }]),
        );
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "fork deaf --say child");
    sandbox.tell("a", "setsid deaf --say stranger");
    sandbox.wait_console("a", "child\n");
    sandbox.wait_console("a", "stranger\n");
    sandbox.ok(&["stop", "a"]);
    let console = sandbox.console("a");
    assert_eq!(console.matches("ignored SIGINT").count(), 1, "{console}");
    assert_eq!(console.matches("ignored SIGHUP").count(), 3, "{console}");
    sandbox.nothing_left();
}
