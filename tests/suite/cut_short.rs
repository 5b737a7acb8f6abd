//! A start is carried out although the verb or the `run` that stopped the game for it was
//! cut short.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Background, Instance, Sandbox, wait_until};

/// A game that ends once it was asked to and its gate is open.
fn gated(sandbox: &Sandbox) -> Instance {
    let script = format!(
        "echo up; read line; until [ -e {} ]; do sleep 0.05; done",
        sandbox.arg("gate")
    );
    Instance::script("a", &script)
        .with("stop", json!([{ "stdin": "leave", "wait": "60s" }]))
        .with("restart", json!({ "delay": "0s" }))
}

#[track_caller]
fn was_brought_up_once(run: &Background) {
    let told = run.logged("was down, and is wanted running: started");
    assert_eq!(told, 1, "{}", run.text());
}

#[test]
fn a_restart_that_is_cut_short_is_carried_out_by_run() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let sandbox = Sandbox::new();
        sandbox.inventory(&[gated(&sandbox).ready_log("^up$")]);
        let run = Background::run_json(&sandbox, &[]);
        run.sees("a", "running");
        let before = sandbox.pid("a");
        let restart = Background::of(&mut sandbox.command(&["restart", "a"]));
        run.sees("a", "stopping");
        restart.end(signal);
        sandbox.touch("gate");
        run.sees("a", "running");
        was_brought_up_once(&run);
        let row = sandbox.status("a");
        assert_ne!(row["pid"], json!(before));
        assert_eq!(row["restarts"], 0, "{row}");
        // A stop is not fought.
        sandbox.ok(&["stop", "a"]);
        run.sees("a", "stopped");
        assert_eq!(run.logged("was down"), 1, "{}", run.text());
        drop(run);
        sandbox.nothing_left();
    }
}

#[test]
fn what_hung_is_started_by_the_next_run_where_the_last_one_ended_meanwhile() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let sandbox = Sandbox::new();
        let ready = json!({ "exec": ["test", "-e", sandbox.arg("well")], "timeout": "100ms", "on_timeout": "restart" });
        sandbox.inventory(&[gated(&sandbox).with("ready", ready)]);
        let run = Background::run_json(&sandbox, &[]);
        run.sees("a", "stopping");
        run.end(signal);
        let run = Background::run_json(&sandbox, &[]);
        wait_until("it to be looked at", || !run.events("snapshot").is_empty());
        assert_eq!(sandbox.state("a"), "stopping");
        sandbox.touch("well");
        sandbox.touch("gate");
        run.sees("a", "running");
        was_brought_up_once(&run);
        drop(run);
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
}

#[test]
fn a_restart_whose_time_is_over_while_it_stops_says_that_it_launches_nothing() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[gated(&sandbox).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    let restart = sandbox.run(&["restart", "--timeout", "100ms", "a"]).expect_code(124);
    let told = "this restart launches nothing after it; `gamectl restart a` does";
    assert!(restart.stderr.replace("\n      ", " ").contains(told), "{restart:?}");
    let interrupted = sandbox
        .command(&["restart", "a"])
        .stderr(std::process::Stdio::piped())
        .spawn();
    let interrupted = interrupted.expect("run gamectl");
    wait_until("it to hold the lock", || {
        sandbox.run(&["start", "a", "--lock-wait", "0s"]).code == Some(75)
    });
    crate::support::Process::signal(interrupted.id() as i32, Signal::SIGINT);
    let interrupted = crate::support::Outcome::of(&["restart"], &interrupted.wait_with_output().expect("wait"));
    let told = "this restart launches nothing after it; what was launched goes on starting";
    assert!(
        interrupted.stderr.replace("\n  ", " ").contains(told),
        "{interrupted:?}"
    );
    sandbox.touch("gate");
    sandbox.wait_state("a", "stopped");
    // As it was told.
    sandbox.ok(&["restart", "a"]);
    assert_ne!(sandbox.pid("a"), before);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
