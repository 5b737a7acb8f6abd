//! Disks that take nothing: read-only for whoever looks, without a free inode,
//! without the right to execute, closed to the game. Of a disk that is full:
//! tests/suite/console_log.rs.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{self, Instance, Mounts, Process, Sandbox, SmallDisk, wait_until};

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
        // What could not be started again is not stopped for that.
        let outcome = mounts.run(&sandbox, &["restart", "a"]).expect_code(1);
        assert!(outcome.stderr.to_lowercase().contains("read-only"), "{outcome:#?}");
        assert_eq!(sandbox.pid("a"), pid);
        // What runs is stopped; that this is wanted is not on record, and said.
        let now: &[&str] = if round == 0 { &[] } else { &["--now"] };
        let outcome = mounts.run(&sandbox, &[&["stop", "a"], now].concat()).expect_code(0);
        assert!(!Process::lives(pid), "{outcome:#?}");
        assert!(outcome.stdout.contains("stopped by signal: TERM"), "{outcome:#?}");
        assert!(outcome.stdout.to_lowercase().contains("read-only"), "{outcome:#?}");
        assert!(outcome.stdout.contains("may start it again"), "{outcome:#?}");
        let row = sandbox.status("a");
        assert_eq!(
            (&row["state"], &row["intent"]),
            (&json!("stopped"), &json!("running")),
            "{row}"
        );
        assert_eq!(row["last_exit"]["code"], 0, "{row}");
        // There is nothing that it could do any more.
        let outcome = mounts.run(&sandbox, &["stop", "a"]).expect_code(1);
        assert!(outcome.stderr.to_lowercase().contains("read-only"), "{outcome:#?}");
        sandbox.ok(&["stop", "a"]);
        assert_eq!(sandbox.status("a")["intent"], "stopped");
        mounts.run(&sandbox, &["stop", "a"]).expect_code(0);
        sandbox.nothing_left();
    }
}

#[test]
fn a_log_without_a_free_inode_loses_nothing() {
    let game = Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$");
    let log = json!({ "max_size": "64KiB", "keep": 2 });
    let sandbox = Sandbox::with(&[game.process("log", log)]);
    let Some(disk) = SmallDisk::mount(
        &sandbox,
        "a_log_without_a_free_inode_loses_nothing",
        "size=4m,nr_inodes=200",
    ) else {
        return;
    };
    sandbox.ok(&["start", "a"]);
    disk.use_up_inodes();
    sandbox.tell("a", "flood 300000");
    sandbox.tell("a", "say flooded");
    sandbox.wait_console("a", "flooded\n");
    assert_eq!(sandbox.console("a").len(), "up\n".len() + 300_000 + "flooded\n".len());
    disk.free_inodes();
    sandbox.tell("a", "flood 300000");
    let rotated = |n: u32| sandbox.instance_dir("a").join(format!("console.log.{n}")).exists();
    wait_until("two rotated files", || rotated(2));
    // The oldest makes room for the new one.
    disk.use_up_inodes();
    sandbox.tell("a", "flood 70000");
    sandbox.tell("a", "say at last");
    sandbox.wait_console("a", "at last\n");
    assert!(sandbox.console("a").len() < 70_000 && rotated(2));
    assert!(sandbox.status("a")["details"]["lost_output_bytes"].is_null());
    disk.free_inodes();
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// A start keeps ready what a stop needs.
#[test]
fn a_stop_without_a_free_inode() {
    let sandbox = Sandbox::with_one();
    let Some(disk) = SmallDisk::mount(&sandbox, "a_stop_without_a_free_inode", "size=4m,nr_inodes=200") else {
        return;
    };
    for how in ["stop", "stop --now", "restart", "shim"] {
        sandbox.ok(&["start", "a"]);
        let pid = sandbox.pid("a");
        disk.use_up_inodes();
        match how {
            "stop" | "stop --now" => {
                let args: Vec<&str> = how.split(' ').chain(["a"]).collect();
                let outcome = sandbox.ok(&args);
                assert!(outcome.stdout.contains("stopped by signal: TERM"), "{outcome:#?}");
                assert_eq!(sandbox.status("a")["last_exit"]["code"], 0);
            }
            "restart" => {
                // What it gives back is enough for what it needs.
                sandbox.ok(&["restart", "a"]);
                assert_ne!(sandbox.pid("a"), pid);
                sandbox.ok(&["stop", "a"]);
            }
            _ => {
                Process::kill(sandbox.shim("a"));
                wait_until("the death of the shim to show", || {
                    sandbox.status("a")["details"]["shim_pid"].is_null()
                });
                sandbox.ok(&["stop", "a"]);
            }
        }
        assert!(!Process::lives(pid), "{how}");
        let row = sandbox.status("a");
        assert_eq!(
            (&row["state"], &row["intent"]),
            (&json!("stopped"), &json!("stopped")),
            "{how}: {row}"
        );
        sandbox.nothing_left();
        // Without one nothing is started.
        disk.use_up_inodes();
        let begun = sandbox.starts("journal");
        let outcome = sandbox.run(&["start", "a"]).expect_code(1);
        assert!(outcome.stderr.to_lowercase().contains("no space left"), "{outcome:#?}");
        assert_eq!(
            (sandbox.starts("journal"), sandbox.state("a")),
            (begun, "stopped".to_owned())
        );
        disk.free_inodes();
    }
}

/// A game that was started by an older gamectl, or without an inode to spare, is
/// stopped all the same.
#[test]
fn a_stop_that_cannot_be_put_on_record() {
    let sandbox = Sandbox::with_one();
    let Some(disk) = SmallDisk::mount(&sandbox, "a_stop_that_cannot_be_put_on_record", "size=4m,nr_inodes=200") else {
        return;
    };
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    fs::remove_file(sandbox.instance_dir("a").join("intent.stop")).expect("what was kept ready");
    disk.use_up_inodes();
    let outcome = sandbox.ok(&["stop", "a", "--json"]);
    let result = outcome.json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM", "{result}");
    let note = result["note"].as_str().expect("a note");
    assert!(
        note.to_lowercase().contains("no space left") && note.contains("may start it again"),
        "{note}"
    );
    assert!(!Process::lives(pid));
    let row = sandbox.status("a");
    assert_eq!(
        (&row["state"], &row["intent"]),
        (&json!("stopped"), &json!("running")),
        "{row}"
    );
    // Nothing is left to do but that.
    disk.use_up_inodes();
    let outcome = sandbox.run(&["stop", "a"]).expect_code(1);
    assert!(outcome.stderr.to_lowercase().contains("no space left"), "{outcome:#?}");
    disk.free_inodes();
    sandbox.ok(&["stop", "a"]);
    assert_eq!(sandbox.status("a")["intent"], "stopped");
}

#[test]
fn a_game_that_its_disk_forbids_to_execute() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("games")).expect("a folder");
    support::install(Path::new("/bin/sleep"), &sandbox.path("games/game"));
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
