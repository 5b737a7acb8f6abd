//! Who does not go on: a verb, `run`, a socket that takes connections and never
//! answers. Nobody else waits for them without an end.

mod support;

use std::fs;
use std::os::fd::AsRawFd;

use nix::sys::signal::Signal;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};
use serde_json::json;
use support::{Instance, Outcome, Process, Sandbox, wait_until};

fn pid_of(child: &std::process::Child) -> i32 {
    child.id().try_into().expect("a pid")
}

#[test]
fn a_verb_that_is_frozen_keeps_nobody_from_a_stop() {
    let sandbox = Sandbox::new();
    let save = sandbox.arg("save");
    let game = Instance::awkward("a", &["serve", "--ready", "up", "--save-gate", &save])
        .ready_log("^up$")
        .with("stop", json!([{ "signal": "TERM", "wait": "8s" }]));
    sandbox.inventory(&[game]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let first = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
    sandbox.wait_console("a", "saving");
    Process::signal(pid_of(&first), Signal::SIGSTOP);
    // Who asks meanwhile is told that somebody is at it, or waits no longer
    // than it was told to.
    assert_ne!(sandbox.state("a"), "running");
    sandbox.run(&["start", "a", "--lock-wait", "0s"]).expect_code(75);
    sandbox.run(&["stop", "a", "--timeout", "300ms"]).expect_code(124);
    // The stop goes on without its verb, and one in a hurry needs no lock.
    sandbox.ok(&["stop", "--now", "a"]);
    assert!(!Process::lives(pid));
    Process::signal(pid_of(&first), Signal::SIGCONT);
    Outcome::of(&["stop"], &first.wait_with_output().expect("wait")).expect_code(0);
    assert_eq!(sandbox.state("a"), "stopped");
    sandbox.nothing_left();
}

#[test]
fn run_that_is_frozen_makes_no_second_game() {
    let sandbox = Sandbox::new();
    let args = ["serve", "--ready", "up", "--journal", "journal", "--beacon", "beacon"];
    let restart = json!({ "delay": "0s" });
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$").with("restart", restart)]);
    let mut run = sandbox.command(&["run"]).spawn().expect("run gamectl");
    sandbox.wait_state("a", "running");
    for verb in ["start", "stop"] {
        let before = sandbox.pid("a");
        Process::signal(pid_of(&run), Signal::SIGSTOP);
        sandbox.tell("a", "exit 3");
        sandbox.wait_state("a", "crashed");
        sandbox.ok(&[verb, "a"]);
        Process::signal(pid_of(&run), Signal::SIGCONT);
        if verb == "start" {
            let after = sandbox.pid("a");
            assert_ne!(after, before);
            // It sees what became of it, and leaves it alone.
            sandbox.tell("a", "say hello");
            sandbox.wait_console("a", "hello\n");
            assert_eq!((sandbox.pid("a"), sandbox.state("a").as_str()), (after, "running"));
        }
    }
    assert_eq!(sandbox.state("a"), "stopped", "a stop is not undone");
    Process::signal(pid_of(&run), Signal::SIGTERM);
    assert_eq!(run.wait().expect("its end").code(), Some(0));
    assert_eq!(sandbox.state("a"), "stopped");
    assert_eq!(sandbox.lines("beacon.violations"), [""; 0]);
    sandbox.nothing_left();
}

/// The socket of a shim is taken by somebody who never answers.
#[test]
fn a_socket_that_takes_connections_and_never_answers() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let door = sandbox.instance_dir("a").join("ctl");
    let aside = sandbox.instance_dir("a").join("ctl.aside");
    fs::rename(&door, &aside).expect("rename");
    let silent = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).expect("a socket");
    bind(silent.as_raw_fd(), &UnixAddr::new(&door).expect("an address")).expect("bind");
    listen(&silent, Backlog::new(64).expect("a number")).expect("listen");
    let row = sandbox.status("a");
    assert!(row["state"] == "running" || row["state"] == "unknown", "{row}");
    for args in [
        &["stop", "a", "--timeout", "1s"][..],
        &["start", "a", "--timeout", "1s"],
        &["send", "--timeout", "1s", "a", "hello"],
    ] {
        let outcome = sandbox.run(args);
        assert!(outcome.code != Some(0) || args[0] == "start", "{outcome:#?}");
        assert!(Process::lives(pid), "{outcome:#?}");
        assert_eq!(sandbox.games().len(), 1);
    }
    drop(silent);
    fs::rename(&aside, &door).expect("rename");
    wait_until("it to be heard again", || sandbox.pid("a") == pid);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
