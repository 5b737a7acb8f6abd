//! Disks that take nothing: read-only for whoever looks, without the right to
//! execute, closed to the game. Of a disk that is full: tests/console_log.rs.

mod support;

use std::fs;

use serde_json::json;
use support::{Instance, Mounts, Process, Sandbox};

/// A folder, mounted over itself with an option.
fn remounted(folder: &str, option: &str) -> String {
    format!("mount --bind '{folder}' '{folder}' && mount -o remount,bind,{option} '{folder}'")
}

#[test]
fn a_state_directory_that_is_read_only() {
    let sandbox = Sandbox::with_one();
    fs::create_dir(sandbox.state_dir()).expect("a folder");
    fs::set_permissions(sandbox.state_dir(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("chmod");
    let state = sandbox.arg("state");
    let Some(mounts) = Mounts::of("a_state_directory_that_is_read_only", &remounted(&state, "ro")) else {
        return;
    };
    // Nothing has ever run.
    mounts.run(&sandbox, &["status"]).expect_code(3);
    for round in 0..2 {
        let outcome = mounts.run(&sandbox, &["start", "a"]).expect_code(1);
        assert!(outcome.stderr.to_lowercase().contains("read-only"), "{outcome:#?}");
        sandbox.nothing_left();
        assert_eq!(sandbox.lines("journal").len(), 2 * round, "no game ran");
        sandbox.ok(&["start", "a"]);
        let pid = sandbox.pid("a");
        let row = mounts.run(&sandbox, &["status", "--json"]).json()["instances"][0].clone();
        assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(pid)), "{row}");
        assert_eq!(
            mounts.run(&sandbox, &["logs", "-n", "1", "a"]).expect_code(0).stdout,
            "up\n"
        );
        // Whether it is stopped or not, the answer is the truth.
        let outcome = mounts.run(&sandbox, &["stop", "a", "--timeout", "20s"]);
        match outcome.code {
            Some(0) => assert!(!Process::lives(pid), "{outcome:#?}"),
            _ => {
                assert!(outcome.stderr.to_lowercase().contains("read-only"), "{outcome:#?}");
                assert!(Process::lives(pid), "{outcome:#?}");
            }
        }
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
}

#[test]
fn a_game_that_its_disk_forbids_to_execute() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("games")).expect("a folder");
    fs::copy("/bin/sleep", sandbox.path("games/game")).expect("copy");
    sandbox.inventory(&[Instance::program("a", &sandbox.arg("games/game"), &["300"])]);
    let games = sandbox.arg("games");
    let Some(mounts) = Mounts::of("a_game_that_its_disk_forbids_to_execute", &remounted(&games, "noexec")) else {
        return;
    };
    for _ in 0..2 {
        let outcome = mounts.run(&sandbox, &["start", "a"]).expect_code(1);
        assert!(outcome.stderr.contains("may not be executed"), "{outcome:#?}");
        assert!(outcome.stderr.contains("games/game"), "{outcome:#?}");
        sandbox.nothing_left();
    }
    assert_ne!(sandbox.state("a"), "running");
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// A working directory that the game's user may not enter.
#[test]
fn a_working_directory_that_is_closed() {
    if !support::is_root("a_working_directory_that_is_closed") {
        return;
    }
    let sandbox = Sandbox::new();
    let mode = std::os::unix::fs::PermissionsExt::from_mode;
    fs::set_permissions(sandbox.dir(), mode(0o755)).expect("chmod");
    fs::create_dir(sandbox.path("closed")).expect("a folder");
    fs::set_permissions(sandbox.path("closed"), mode(0o700)).expect("chmod");
    let game = Instance::program("a", "/bin/sleep", &["300"]);
    sandbox.inventory(&[game.process("user", json!("nobody")).process("cwd", json!("closed"))]);
    for _ in 0..2 {
        let outcome = sandbox.run(&["start", "a"]).expect_code(1);
        assert!(outcome.stderr.contains("closed"), "{outcome:#?}");
        assert!(outcome.stderr.to_lowercase().contains("permission denied") || outcome.stderr.contains("may not"));
        sandbox.nothing_left();
    }
}
