//! Games that crash under `gamectl run` and are to come back at once: with
//! whatever is killed at whatever point there is one game.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Instance, Process, Sandbox, spin, wait_until};

/// A game that may not be there twice, and comes back at once.
fn game(sandbox: &Sandbox) -> Instance {
    let game = sandbox.solitary("a").ready_log("^up$");
    game.with("restart", json!({ "delay": "0s" }))
}

fn starts(sandbox: &Sandbox) -> usize {
    sandbox.starts("a.journal")
}

/// Waits until another game than this one runs.
#[track_caller]
fn wait_for_another(sandbox: &Sandbox, than: i32) -> i32 {
    sandbox.wait_for_another("a", than);
    sandbox.pid("a")
}

#[test]
fn a_game_that_crashes_comes_back_and_is_counted() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox)]);
    let run = Background::run(&sandbox);
    let mut pid = wait_for_another(&sandbox, 0);
    for code in 1..6 {
        sandbox.tell("a", &format!("exit {code}"));
        pid = wait_for_another(&sandbox, pid);
        let row = sandbox.status("a");
        assert_eq!(
            (&row["last_exit"]["code"], &row["restarts"]),
            (&json!(code), &json!(code))
        );
    }
    // Its console and its log are those of this launch, and of all.
    sandbox.tell("a", "say again");
    sandbox.wait_console("a", "again\n");
    assert_eq!(sandbox.console("a").lines().filter(|line| *line == "up").count(), 6);
    assert_eq!(starts(&sandbox), 6);
    sandbox.never_two("a");
    drop(run);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_crash_waits_for_a_frozen_run_and_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox)]);
    let run = Background::run(&sandbox);
    let mut pid = wait_for_another(&sandbox, 0);
    for _ in 0..2 {
        run.signal(Signal::SIGSTOP);
        let restarts = sandbox.status("a")["restarts"].as_u64().expect("a number");
        Process::kill(pid);
        let row = sandbox.wait_state("a", "crashed");
        assert_eq!(
            (&row["last_exit"]["signal"], &row["restarts"]),
            (&json!("SIGKILL"), &json!(restarts))
        );
        run.signal(Signal::SIGCONT);
        pid = wait_for_another(&sandbox, pid);
        assert_eq!(sandbox.status("a")["restarts"], json!(restarts + 1));
    }
    wait_until("run to tell of every crash", || {
        let text = run.text();
        text.matches("crashed: ").count() == 2 && text.matches("started again").count() == 2
    });
    drop(run);
    sandbox.never_two("a");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// A launch first puts on record how the last one ended. That tells no new crash, also
/// where the launch then fails.
#[test]
fn a_crash_that_only_a_fresh_run_finds_is_told_once() {
    let sandbox = Sandbox::new();
    // Whether it can be executed is known only when it is.
    let (shell, game) = (sandbox.path("shell"), sandbox.path("game"));
    let script = format!("#!{}\necho up\nexec sleep 1000\n", sandbox.arg("shell"));
    std::fs::write(&game, script).expect("the game");
    std::fs::set_permissions(&game, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("its mode");
    let make_executable = || std::os::unix::fs::symlink("/bin/sh", &shell).expect("its shell");
    let note = format!("echo \"$GAMECTL_EVENT $GAMECTL_NOTE\" >>{}", sandbox.arg("notes"));
    let hook = json!({ "command": ["/bin/sh", "-c", note], "events": ["crashed", "restarted", "stopped"] });
    let game = Instance::program("a", &sandbox.arg("game"), &[]).ready_log("^up$");
    let restart = json!({ "delay": "50ms", "max_delay": "50ms" });
    sandbox.inventory(&[game.with("on_event", json!([hook])).with("restart", restart)]);
    make_executable();
    sandbox.ok(&["start", "a"]);
    // Until init has reaped it, the kernel tells how it ended.
    let notes = [
        "nobody saw how it ended: its shim was killed too",
        "killed by SIGKILL; it ended after its shim was killed",
    ];
    let is_little = |exit: &Value| {
        let little =
            |signal| json!({ "code": null, "signal": signal, "at": null, "requested": false, "oom_killed": false });
        *exit == little(Value::Null) || *exit == little(json!("SIGKILL"))
    };
    let kill_both = || {
        let pid = sandbox.pid("a");
        sandbox.kill_shim("a");
        Process::kill_and_wait(pid);
        let row = sandbox.wait_state("a", "crashed");
        assert!(
            notes.iter().any(|note| row["note"] == *note) && is_little(&row["last_exit"]),
            "{row}"
        );
    };
    kill_both();
    std::fs::remove_file(&shell).expect("its shell");
    let run = Background::run_json(&sandbox, &[]);
    wait_until("two launches to fail", || run.logged("cannot be started: ") >= 2);
    make_executable();
    run.sees("a", "running");
    wait_until("its hooks", || sandbox.lines("notes").len() >= 2);
    let hooks = sandbox.lines("notes");
    assert_eq!((hooks.len(), &*hooks[1]), (2, "restarted "), "{hooks:?}");
    assert!(
        notes.iter().any(|note| hooks[0] == format!("crashed {note}")),
        "{hooks:?}"
    );
    let told = (run.logged("crashed: "), run.logged("started again ("));
    assert_eq!(told, (1, 1), "{}", run.text());
    assert!(is_little(&sandbox.status("a")["last_exit"]));
    drop(run);
    // A person reads the same.
    kill_both();
    let run = Background::run(&sandbox);
    run.wait("a: running");
    let text = run.text();
    let told = |words| text.matches(words).count();
    assert_eq!((told("crashed: "), told("started again (")), (1, 1), "{text}");
    drop(run);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn nothing_comes_back_without_run() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox)]);
    let run = Background::run(&sandbox);
    let pid = wait_for_another(&sandbox, 0);
    drop(run);
    let begun = starts(&sandbox);
    Process::kill(pid);
    sandbox.wait_state("a", "crashed");
    sandbox.nothing_left();
    assert_eq!((starts(&sandbox), sandbox.state("a")), (begun, "crashed".to_owned()));
    sandbox.never_two("a");
}

#[test]
fn an_end_on_purpose_is_no_crash() {
    let sandbox = Sandbox::new();
    let policy = json!({ "delay": "0s", "policy": "on-failure", "success_exit_codes": [0, 5] });
    sandbox.inventory(&[game(&sandbox).with("restart", policy)]);
    for (code, state) in [(5, "stopped"), (78, "crashed")] {
        let run = Background::run(&sandbox);
        let pid = wait_for_another(&sandbox, 0);
        Process::kill(pid);
        wait_for_another(&sandbox, pid);
        let begun = starts(&sandbox);
        sandbox.tell("a", &format!("exit {code}"));
        sandbox.wait_state("a", state);
        // Its shim has gone, and nothing follows.
        wait_until("its shim to leave", || sandbox.games().len() == 1);
        assert_eq!((starts(&sandbox), sandbox.state("a").as_str()), (begun, state));
        drop(run);
        sandbox.ok(&["start", "a"]);
    }
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn what_the_last_game_did_not_read_is_not_for_the_next() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox)]);
    let run = Background::run(&sandbox);
    let pid = wait_for_another(&sandbox, 0);
    Process::signal(pid, Signal::SIGSTOP);
    sandbox.ok(&["send", "a", "exit 9"]);
    Process::kill(pid);
    wait_for_another(&sandbox, pid);
    sandbox.ok(&["send", "a", "say again"]);
    sandbox.wait_console("a", "again\n");
    assert_eq!(starts(&sandbox), 2, "the second has read another command than its own");
    drop(run);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn run_is_killed_at_any_point_after_a_crash() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox)]);
    for step in 0..24 {
        let run = Background::run(&sandbox);
        let pid = wait_for_another(&sandbox, 0);
        let before = starts(&sandbox);
        Process::kill_and_wait(pid);
        spin(Duration::from_micros(step * 300));
        drop(run);
        sandbox.ok(&["start", "a"]);
        assert_eq!(starts(&sandbox), before + 1, "after {step} steps");
        assert_eq!(sandbox.games().len(), 1, "after {step} steps");
    }
    sandbox.never_two("a");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn the_shim_is_killed_at_any_point_after_a_crash() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox)]);
    let run = Background::run(&sandbox);
    let mut pid = wait_for_another(&sandbox, 0);
    for step in 0..24 {
        let shim = sandbox.shim("a");
        Process::kill(pid);
        spin(Duration::from_micros(step * 300));
        Process::kill(shim);
        pid = wait_for_another(&sandbox, pid);
        wait_until("another shim", || {
            let row = sandbox.status("a");
            row["details"]["shim_pid"].is_number() && row["details"]["shim_pid"] != json!(shim)
        });
        assert_eq!(sandbox.games().len(), 2, "the game and run, after {step} steps");
    }
    sandbox.never_two("a");
    drop(run);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn no_game_after_a_stop_at_any_point_after_a_crash() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox)]);
    let run = Background::run(&sandbox);
    let mut pid = wait_for_another(&sandbox, 0);
    for step in 0..24 {
        Process::kill(pid);
        spin(Duration::from_micros(step * 200));
        let args: &[&str] = if step % 3 == 0 {
            &["stop", "a", "--now"]
        } else {
            &["stop", "a"]
        };
        sandbox.ok(args);
        let begun = starts(&sandbox);
        // Nothing but run is left, and nothing comes.
        assert_eq!(sandbox.games().len(), 1, "after {step} steps");
        assert_eq!(sandbox.state("a"), "stopped");
        assert_eq!(starts(&sandbox), begun, "after {step} steps");
        sandbox.ok(&["start", "a"]);
        assert_eq!(starts(&sandbox), begun + 1, "after {step} steps");
        pid = sandbox.pid("a");
        Process::kill(pid);
        pid = wait_for_another(&sandbox, pid);
    }
    sandbox.never_two("a");
    drop(run);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
