//! The exit code of a game whose shim was killed: it is the true one, or nobody knows
//! it, and that is said. Each test is the init of its games, and reaps when it wants to.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, wait_until};

/// Somebody who is nobody.
const NOBODY: u32 = 65534;

/// A game that is not started again.
fn game(args: &[&str]) -> Instance {
    let args: Vec<&str> = [&["serve", "--ready", "up"], args].concat();
    Instance::awkward("a", &args)
        .ready_log("^up$")
        .with("restart", json!({ "policy": "never" }))
}

/// Starts the game below an init of its own, which reaps it once the file `reap` exists.
fn start(sandbox: &Sandbox, adjust: impl FnOnce(&mut Command)) -> Background {
    let gate = sandbox.arg("reap");
    let program = support::gamectl().display().to_string();
    let mut command = sandbox.program(support::awkward());
    command.args(["init", "--gate", &gate, "--", &program, "start", "a"]);
    adjust(&mut command);
    let init = Background::of(&mut command);
    init.wait("init: its program ended with 0");
    init
}

/// Has the game exit with 7, and waits until it is gone, or a zombie.
fn exits(sandbox: &Sandbox, pid: i32) {
    sandbox.tell("a", "exit 7");
    wait_until("the game to end", || !Process::lives(pid));
}

fn is_there(pid: i32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Returns true where a descriptor of a process tells how it ended: Linux 6.15 and later.
fn kernel_tells() -> bool {
    let release = nix::sys::utsname::uname().expect("uname");
    let release = release.release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(15))
}

/// Asserts that the crash is told with its code, or without one where that is not to be
/// known.
#[track_caller]
fn tells(row: &Value, is_known: bool) {
    let code = if is_known { json!(7) } else { Value::Null };
    assert_eq!(
        (&row["state"], &row["last_exit"]["code"]),
        (&json!("crashed"), &code),
        "{row}"
    );
    assert_eq!(row.get("exit_code").unwrap_or(&Value::Null), &code, "{row}");
    let note = row["note"].as_str().expect("a note");
    assert_eq!(note.contains("exit code 7"), is_known, "{row}");
    assert_eq!(
        note.contains("nobody saw") || note.contains("not known"),
        !is_known,
        "{row}"
    );
}

#[test]
fn a_game_that_init_does_not_reap_tells_its_code() {
    let sandbox = Sandbox::with(&[game(&[])]);
    let init = start(&sandbox, |_| {});
    let pid = sandbox.pid("a");
    sandbox.kill_shim("a");
    exits(&sandbox, pid);
    tells(&sandbox.status("a"), true);
    // A verb puts it on record, where it outlives the zombie.
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 7);
    sandbox.touch("reap");
    wait_until("the init to reap it", || !is_there(pid));
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 7);
    sandbox.ok(&["stop", "a"]);
    drop(init);
    sandbox.nothing_left();
}

#[test]
fn what_was_reaped_before_anybody_looked_has_no_code() {
    let sandbox = Sandbox::with(&[game(&[])]);
    sandbox.touch("reap");
    let _init = start(&sandbox, |_| {});
    let pid = sandbox.pid("a");
    sandbox.kill_shim("a");
    exits(&sandbox, pid);
    wait_until("the init to reap it", || !is_there(pid));
    tells(&sandbox.status("a"), false);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Has `run` look away while game and shim end, and returns the row that it leaves.
fn ends_unseen_by(sandbox: &Sandbox, run: &mut Command, is_reaped: bool) -> Value {
    if is_reaped {
        sandbox.touch("reap");
    }
    let init = start(sandbox, |_| {});
    let pid = sandbox.pid("a");
    let run = Background::of(run);
    run.wait("\"event\":\"snapshot\"");
    let watcher = run.pid();
    Process::signal(watcher, Signal::SIGSTOP);
    wait_until("run to be frozen", || Process::is_frozen(watcher));
    Process::kill_and_wait(sandbox.shim("a"));
    exits(sandbox, pid);
    if is_reaped {
        wait_until("the init to reap it", || !is_there(pid));
    }
    Process::signal(watcher, Signal::SIGCONT);
    run.sees("a", "crashed");
    let row = sandbox.status("a");
    drop((run, init));
    row
}

#[test]
fn run_knows_the_code_of_a_game_that_went_with_its_shim() {
    for is_reaped in [true, false] {
        let sandbox = Sandbox::with(&[game(&[])]);
        let row = ends_unseen_by(&sandbox, &mut sandbox.command(&["run", "--json"]), is_reaped);
        tells(&row, !is_reaped || kernel_tells());
        sandbox.nothing_left();
    }
}

/// Linux before 6.13 has no such call.
#[test]
fn without_the_newer_call_only_a_zombie_tells_its_code() {
    let Some(strace) = support::strace("a kernel without PIDFD_GET_INFO") else {
        return;
    };
    for is_reaped in [true, false] {
        let sandbox = Sandbox::with(&[game(&[])]);
        let strace = strace.to_string_lossy();
        let words = [
            &*strace,
            "-DDD",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=ioctl",
            "-e",
            "inject=ioctl:error=ENOTTY",
        ];
        let mut run = sandbox.command_under(&words, &["run", "--json"]);
        tells(&ends_unseen_by(&sandbox, &mut run, is_reaped), !is_reaped);
        sandbox.nothing_left();
    }
}

/// The zombie tells nothing then to others of its user; its new shim waits for init.
#[test]
fn the_code_of_a_game_that_hides_itself() {
    if !support::is_root("the_code_of_a_game_that_hides_itself") {
        return;
    }
    let sandbox = Sandbox::with(&[game(&["--undumpable"])]);
    for (path, mode) in [(".", 0o755), ("instances.yaml", 0o644)] {
        fs::set_permissions(sandbox.path(path), Permissions::from_mode(mode)).expect("chmod");
    }
    fs::create_dir(sandbox.state_dir()).expect("a folder");
    fs::set_permissions(sandbox.state_dir(), Permissions::from_mode(0o700)).expect("chmod");
    chown(sandbox.state_dir(), Some(NOBODY), Some(NOBODY)).expect("chown");
    let as_nobody = |args: &[&str]| {
        let output = sandbox.command(args).uid(NOBODY).gid(NOBODY).output();
        Outcome::of(args, &output.expect("gamectl"))
    };
    let _init = start(&sandbox, |command| {
        command.uid(NOBODY).gid(NOBODY);
    });
    let status = || as_nobody(&["status", "--json", "a"]).json()["instances"][0].clone();
    let number = |value: &Value| i32::try_from(value.as_i64().expect("a pid")).expect("a pid");
    let row = status();
    let (pid, first) = (number(&row["pid"]), number(&row["details"]["shim_pid"]));
    Process::kill_and_wait(first);
    // It is taken over.
    as_nobody(&["start", "a"]).expect_code(0);
    let shim = number(&status()["details"]["shim_pid"]);
    sandbox.tell("a", "exit 7");
    wait_until("the game to end", || !Process::lives(pid));
    assert!(Process::lives(shim) && is_there(pid));
    sandbox.touch("reap");
    wait_until("its shim to end", || !Process::lives(shim));
    tells(&status(), kernel_tells());
    as_nobody(&["stop", "a"]).expect_code(0);
    sandbox.nothing_left();
}
