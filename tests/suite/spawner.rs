//! The ways in which a shim comes into being: executed, as the first one of a
//! command, or forked by a spawner, as all others. Neither can be told from the
//! other.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Background, Instance, Process, Sandbox, wait_until};

fn game(id: &str) -> Instance {
    Instance::awkward(id, &["serve", "--ready", "up"])
        .ready_log("^up$")
        .with("restart", json!({ "delay": "0s" }))
}

/// Checks what `ps` and other processes can read of a shim.
#[track_caller]
fn assert_is_plain(sandbox: &Sandbox, id: &str) {
    let shim = sandbox.shim(id);
    let of = |file: &str| fs::read(format!("/proc/{shim}/{file}")).expect("a file of /proc");
    let words = String::from_utf8(of("cmdline")).expect("text");
    assert_eq!(
        words.trim_end_matches('\0').replace('\0', " "),
        format!("gamectl __shim {id}")
    );
    let environment = String::from_utf8(of("environ")).expect("text");
    // The rest is the end of a long title, at most.
    let variables: Vec<&str> = environment.split('\0').filter(|entry| entry.contains('=')).collect();
    assert_eq!(
        variables,
        ["GAMECTL_APART=1"],
        "what keeps it out of a game that starts it"
    );
    assert_eq!(Process::stat_field(shim, 20), Some(1), "threads");
    let session = Process::stat_field(shim, 6).expect("a session");
    assert_eq!(
        session,
        u64::try_from(shim).expect("a pid"),
        "it leads a session of its own"
    );
    assert_eq!(
        fs::read_link(format!("/proc/{shim}/cwd")).expect("a link").to_str(),
        Some("/")
    );
    for stream in 0..3 {
        let target = fs::read_link(format!("/proc/{shim}/fd/{stream}")).expect("a link");
        assert_eq!(target.to_str(), Some("/dev/null"));
    }
}

/// Kills an instance and its shim, and waits until it runs under another one.
/// Returns the pid of the shim that was killed.
fn kill_and_wait_for_the_next(sandbox: &Sandbox, id: &str) -> i32 {
    let (game, shim) = (sandbox.pid(id), sandbox.shim(id));
    // `run` must not take the game over between the two kills, nor learn its exit.
    Process::signal(shim, Signal::SIGSTOP);
    wait_until("the shim to be frozen", || Process::is_frozen(shim));
    Process::kill_and_wait(game);
    Process::kill(shim);
    wait_until("another shim", || {
        let row = sandbox.status(id);
        let now = &row["details"]["shim_pid"];
        row["state"] == "running" && now.is_number() && *now != json!(shim)
    });
    shim
}

#[test]
fn a_shim_shows_its_instance_and_nothing_of_its_starter() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(63);
    sandbox.inventory(&[game("a"), game("b"), game(&long)]);
    // One command executes its only shim, the other has its second one forked.
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["start", "--all"]);
    for id in ["a", "b", &long] {
        assert_is_plain(&sandbox, id);
    }
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn run_does_without_its_spawner() {
    let sandbox = Sandbox::with(&[game("a"), game("b")]);
    let run = Background::run(&sandbox);
    let pid = run.pid();
    sandbox.wait_state("a", "running");
    sandbox.wait_state("b", "running");
    let parent_of_shim = |id: &str| Process::parent(sandbox.shim(id)).expect("a parent");
    let (executed, forked) = if parent_of_shim("a") == pid {
        ("a", "b")
    } else {
        ("b", "a")
    };
    let spawner = parent_of_shim(forked);
    assert_eq!(parent_of_shim(executed), pid);
    assert_eq!(Process::parent(spawner), Some(pid));
    // A shim is reaped, although no process asks how it ended.
    let shim = kill_and_wait_for_the_next(&sandbox, forked);
    wait_until("the shim to be reaped", || Process::stat_field(shim, 4).is_none());
    assert_eq!(parent_of_shim(forked), spawner);
    Process::signal(spawner, Signal::SIGKILL);
    kill_and_wait_for_the_next(&sandbox, forked);
    assert_eq!(parent_of_shim(forked), pid);
    assert_is_plain(&sandbox, forked);
    // The one after it has a spawner again.
    kill_and_wait_for_the_next(&sandbox, forked);
    assert_ne!(parent_of_shim(forked), pid);
    assert_is_plain(&sandbox, forked);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

/// Returns the counts of its context switches.
fn switches(pid: i32) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let lines = status.lines().filter(|line| line.contains("voluntary_ctxt_switches"));
    lines.map(str::to_owned).collect()
}

/// A look asks the board, and an idle shim is not woken: neither by a clock nor
/// by whoever looks.
#[test]
fn an_idle_shim_sleeps() {
    let sandbox = Sandbox::with(&[game("a")]);
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    // What the game said last is behind it some time after the start.
    support::wait_until("a time in which it sleeps", || {
        let before = switches(shim);
        for _ in 0..20 {
            assert_eq!(sandbox.state("a"), "running");
        }
        switches(shim) == before
    });
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
