//! Games whose shims are told to end, as systemd does at a logout and at a shutdown:
//! nobody asked for the end of the game.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Background, Instance, Process, Sandbox, wait_until};

const TOLD: &str = "its shim got SIGTERM, and stopped it";

/// A game that ends with 0 when it is stopped, and notes what its hooks are told.
fn game(sandbox: &Sandbox, policy: &str) -> Instance {
    let note = format!("echo \"$GAMECTL_EVENT\" >>{}", sandbox.arg("notes"));
    let hook = json!({ "command": ["/bin/sh", "-c", note], "events": ["crashed", "restarted", "stopped"] });
    let game = sandbox.solitary("a").ready_log("^up$").with("on_event", json!([hook]));
    game.with("stop", json!([{ "stdin": "exit 0", "wait": "30s" }]))
        .with("restart", json!({ "policy": policy, "delay": "0s" }))
}

fn end_shim(sandbox: &Sandbox) {
    let shim = sandbox.shim("a");
    Process::signal(shim, Signal::SIGTERM);
    wait_until("the shim to be gone", || !Process::lives(shim));
}

#[test]
fn a_game_that_nobody_stopped_comes_back_whether_run_watched_or_not() {
    for policy in ["always", "on-failure", "never"] {
        for watched in [true, false] {
            let sandbox = Sandbox::new();
            sandbox.inventory(&[game(&sandbox, policy)]);
            let mut run = Background::run_json(&sandbox, &[]);
            run.sees("a", "running");
            if !watched {
                drop(run);
                end_shim(&sandbox);
                let row = sandbox.status("a");
                assert_eq!(
                    (&row["state"], &row["last_exit"]["requested"]),
                    (&json!("crashed"), &json!(false))
                );
                assert!(row["note"].as_str().is_some_and(|note| note.starts_with(TOLD)), "{row}");
                run = Background::run_json(&sandbox, &[]);
            } else {
                end_shim(&sandbox);
            }
            wait_until("the end to be told", || run.logged(&format!("crashed: {TOLD}")) == 1);
            let comes_back = policy != "never";
            if comes_back {
                run.sees("a", "running");
            } else {
                wait_until("that it is left", || run.logged("its policy is `never`") == 1);
            }
            let notes: &[&str] = if comes_back {
                &["crashed", "restarted"]
            } else {
                &["crashed"]
            };
            wait_until("its hooks", || sandbox.lines("notes") == notes);
            let row = sandbox.status("a");
            assert_eq!(
                row["restarts"],
                json!(u32::from(comes_back)),
                "{policy} {watched}: {row}"
            );
            sandbox.never_two("a");
            drop(run);
            sandbox.ok(&["stop", "a"]);
            sandbox.nothing_left();
        }
    }
}

/// The shim is already at it, and the stop is asked for all the same.
#[test]
fn a_stop_that_joins_the_end_by_a_signal_is_a_stop() {
    let sandbox = Sandbox::new();
    let chain = json!([{ "stdin": "say bye", "wait": "30s" }]);
    sandbox.inventory(&[game(&sandbox, "always").with("stop", chain)]);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    Process::signal(sandbox.shim("a"), Signal::SIGTERM);
    run.sees("a", "stopping");
    sandbox.ok(&["stop", "a", "--now"]);
    run.sees("a", "stopped");
    assert_eq!(sandbox.status("a")["last_exit"]["requested"], json!(true));
    wait_until("its hook", || sandbox.lines("notes") == ["stopped"]);
    assert_eq!(run.logged("crashed"), 0, "{}", run.text());
    drop(run);
    sandbox.nothing_left();
}

#[test]
fn nothing_comes_back_while_the_host_goes_down() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "always")]);
    sandbox.touch("down");
    let answer = format!(
        "cd {} && echo asked >>asked; [ ! -e down ] || {{ echo stopping; exit 1; }}; echo running",
        sandbox.arg(".")
    );
    let path = sandbox.stand_in("systemctl", &answer);
    let run = Background::of(sandbox.command(&["run", "--json"]).env("PATH", path));
    run.sees("a", "running");
    end_shim(&sandbox);
    run.sees("a", "crashed");
    wait_until("systemd to be asked again", || sandbox.lines("asked").len() >= 2);
    assert_eq!(
        (sandbox.state("a"), sandbox.starts("a.journal")),
        ("crashed".to_owned(), 1)
    );
    // It did not go down after all.
    std::fs::remove_file(sandbox.path("down")).expect("remove");
    run.sees("a", "running");
    drop(run);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
