//! State directories that cannot be used, and a host that cannot be looked at.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;

use nix::sys::signal::Signal;

use crate::support::{self, Instance, Mounts, Outcome, Process, Sandbox, wait_until};

/// Somebody who is nobody.
const NOBODY: u32 = 65534;

fn sandbox() -> Sandbox {
    Sandbox::with(&[Instance::script("a", "echo up; read line").ready_log("^up$")])
}

/// Every verb must refuse, with all of these words, and start nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, words: &[&str]) {
    for args in [
        &["start", "a"][..],
        &["stop", "a"],
        &["restart", "a"],
        &["status"],
        &["logs", "a"],
        &["start", "a", "--dry-run"],
    ] {
        let outcome = sandbox.run(args).expect_code(1);
        for word in words {
            assert!(outcome.stderr.contains(word), "{word:?} is not in {outcome:#?}");
        }
        assert_eq!(sandbox.processes(), []);
    }
}

#[test]
fn a_state_directory_that_others_may_enter() {
    let sandbox = sandbox();
    for mode in [0o777, 0o755, 0o710, 0o1777] {
        fs::create_dir_all(sandbox.state_dir()).expect("a folder");
        fs::set_permissions(sandbox.state_dir(), Permissions::from_mode(mode)).expect("chmod");
        let shown = format!("mode {mode:04o}");
        refused(&sandbox, &["is open to others", &shown, "chmod 700"]);
        let left = fs::read_dir(sandbox.state_dir()).expect("read").count();
        assert_eq!(left, 0, "something was written into it");
    }
}

#[test]
fn a_state_directory_of_somebody_else() {
    if !support::is_root("a_state_directory_of_somebody_else") {
        return;
    }
    let sandbox = sandbox();
    fs::create_dir(sandbox.state_dir()).expect("a folder");
    fs::set_permissions(sandbox.state_dir(), Permissions::from_mode(0o700)).expect("chmod");
    chown(sandbox.state_dir(), Some(NOBODY), Some(NOBODY)).expect("chown");
    refused(&sandbox, &["belongs to uid 65534", "you are uid 0", "--state-dir"]);
}

#[test]
fn something_else_where_the_state_directory_should_be() {
    let sandbox = sandbox();
    sandbox.touch("state");
    refused(&sandbox, &["state directory", "something else has that name"]);
    fs::remove_file(sandbox.state_dir()).expect("remove");
    symlink("state", sandbox.state_dir()).expect("a link to itself");
    refused(&sandbox, &["state directory"]);
}

#[test]
fn a_place_where_no_state_directory_can_be_made() {
    if !support::is_root("a_place_where_no_state_directory_can_be_made") {
        return;
    }
    let sandbox = sandbox();
    fs::set_permissions(sandbox.dir(), Permissions::from_mode(0o755)).expect("open the folder");
    let output = sandbox.command(&["start", "a"]).uid(NOBODY).gid(NOBODY).output();
    let outcome = Outcome::of(&["start"], &output.expect("run gamectl")).expect_code(1);
    for word in [
        "state directory",
        "ermission denied",
        "--state-dir",
        "GAMECTL_STATE_DIR",
    ] {
        assert!(outcome.stderr.contains(word), "{word:?} is not in {outcome:#?}");
    }
    assert!(!sandbox.state_dir().exists());
    assert_eq!(sandbox.processes(), []);
}

#[test]
fn without_proc_a_shim_still_tells_and_nothing_else_is_taken_for_granted() {
    let sandbox = sandbox();
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let Some(mounts) = Mounts::of("without_proc", "mount -t tmpfs none /proc") else {
        return;
    };
    let without_proc = |args: &[&str]| mounts.run(&sandbox, args);
    // The shim answers, and needs no `/proc` for that.
    let status = without_proc(&["status", "--json"]);
    assert_eq!(status.expect_code(0).json()["instances"][0]["state"], "running");
    let shim = sandbox.shim("a");
    Process::signal(shim, Signal::SIGKILL);
    wait_until("the shim to end", || !Process::lives(shim));
    let status = without_proc(&["status", "--json"]).expect_code(4);
    let row = &status.json()["instances"][0];
    assert_eq!(row["state"], "unknown", "{row}");
    assert!(row["note"].as_str().is_some_and(|note| note.contains("/proc")), "{row}");
    for verb in ["start", "stop", "restart"] {
        let outcome = without_proc(&[verb, "a", "--timeout", "5s"]);
        assert!(matches!(outcome.code, Some(1 | 4)), "{outcome:#?}");
        assert!(outcome.stderr.contains("/proc"), "{outcome:#?}");
        assert!(Process::lives(pid), "{outcome:#?}");
        assert_eq!(sandbox.games().len(), 1, "{outcome:#?}");
    }
    sandbox.ok(&["stop", "a"]);
    assert!(!Process::lives(pid));
}
