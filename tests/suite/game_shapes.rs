//! Whatever shape the processes of a game take, the built binary follows them.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use serde_json::json;

use crate::support::{self, Instance, Process, Sandbox, wait_until};

#[test]
fn start_waits_for_ready_and_stop_for_the_end() {
    let sandbox = Sandbox::with(&[Instance::awkward(
        "game",
        &["boot", "--say", "booting", "--gate", "gate", "--ready", "ready now"],
    )
    .ready_log("^ready")
    .with("stop", json!([{ "stdin": "quit", "wait": "10s" }]))]);
    sandbox.ok(&["start", "--no-wait", "game"]);
    sandbox.wait_console("game", "booting");
    assert_eq!(sandbox.state("game"), "starting");
    sandbox.touch("gate");
    sandbox.ok(&["start", "game"]);
    let row = sandbox.status("game");
    assert_eq!((&row["state"], &row["intent"]), (&json!("running"), &json!("running")));
    let (pid, shim) = (sandbox.pid("game"), sandbox.shim("game"));
    let stopped = sandbox.ok(&["stop", "--json", "game"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "stdin: quit");
    assert!(!Process::lives(pid));
    wait_until("the shim to leave", || !Process::lives(shim));
    assert_eq!(sandbox.console("game"), "booting\nready now\nbye\n");
    assert_eq!(sandbox.status("game")["last_exit"]["code"], 0);
}

#[test]
fn a_game_that_ends_by_itself_has_crashed_with_its_code() {
    let sandbox = Sandbox::with(&[Instance::awkward("game", &["early", "7", "--gate", "gate"])]);
    sandbox.ok(&["start", "--no-wait", "game"]);
    sandbox.touch("gate");
    let row = sandbox.wait_state("game", "crashed");
    assert_eq!(row["exit_code"], 7);
    assert_eq!(row["last_exit"]["requested"], false);
}

#[test]
fn a_scattered_deaf_tree_is_gone_after_a_stop() {
    let args = ["tree", "2", "3", "--scatter", "--deaf", "--pids", "pids"];
    let sandbox = Sandbox::with(&[Instance::awkward("game", &args)
        .ready_log("^tree: 13")
        .with("stop", json!([{ "signal": "TERM", "wait": "100ms" }]))]);
    sandbox.ok(&["start", "game"]);
    let stopped = sandbox.ok(&["stop", "--json", "game"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "kill");
    let pids = sandbox.lines("pids");
    assert_eq!(pids.len(), 13);
    assert!(pids.iter().all(|pid| !Process::lives(pid.parse().expect("a pid"))));
}

#[test]
fn a_server_that_daemonises_is_the_game_from_then_on() {
    let args = ["daemonise", "--", "serve", "--ready", "daemon up"];
    let sandbox = Sandbox::with(&[Instance::awkward("game", &args).ready_log("^daemon up")]);
    sandbox.ok(&["start", "game"]);
    let pid = sandbox.pid("game");
    sandbox.ok(&["stop", "game"]);
    assert!(!Process::lives(pid));
    assert!(
        sandbox.console("game").ends_with("saved\n"),
        "{}",
        sandbox.console("game")
    );
}

/// Its console is full before long: who writes to it then is told so, and neither
/// its shim nor a stop waits for it to read.
#[test]
fn a_game_that_never_reads_its_input() {
    let chain = json!([{ "stdin": "quit", "wait": "10m" }, { "signal": "TERM", "wait": "20s" }]);
    let game = Instance::awkward("game", &["no-read", "--ready", "up"]);
    let sandbox = Sandbox::with(&[game.ready_log("^up$").with("stop", chain)]);
    sandbox.ok(&["start", "game"]);
    let console = std::fs::File::options()
        .write(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(sandbox.instance_dir("game").join("in"));
    let mut console = console.expect("its console");
    // To the last byte.
    for length in [4096, 1] {
        while console.write(&vec![b'x'; length]).is_ok() {}
    }
    let refused = sandbox.run(&["send", "game", "hello"]).expect_code(1);
    assert!(refused.stderr.contains("takes no input now"), "{refused:?}");
    assert_eq!(sandbox.state("game"), "running");
    let stopped = sandbox.ok(&["stop", "--json", "game"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "signal: TERM", "{stopped}");
    sandbox.nothing_left();
}

#[test]
fn a_game_that_dies_by_a_signal_before_it_is_ready() {
    let game = Instance::awkward("game", &["crash-early", "SEGV", "--say", "booting", "--gate", "gate"]);
    let sandbox = Sandbox::with(&[game.ready_log("^never$")]);
    let start = sandbox.command(&["start", "game"]).spawn().expect("run gamectl");
    sandbox.wait_console("game", "booting");
    sandbox.touch("gate");
    let failed = support::Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(1);
    for word in ["SIGSEGV", "booting"] {
        assert!(failed.stderr.contains(word), "{failed:?}");
    }
    let row = sandbox.status("game");
    assert_eq!(row["state"], "crashed", "{row}");
    assert_eq!(
        (&row["last_exit"]["signal"], &row["last_exit"]["code"]),
        (&json!("SIGSEGV"), &json!(null))
    );
    sandbox.nothing_left();
}
