//! Links where gamectl expects files of its own: it writes through none of
//! them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Background, Instance, Process, Sandbox, wait_until};

const CANARY: &str = "somebody else's, and to stay as it is\n";

/// A log that becomes a link while the game prints.
#[test]
fn a_log_that_becomes_a_link() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    let canary = sandbox.path("canary");
    fs::write(&canary, CANARY).expect("write");
    let log = sandbox.instance_dir("a").join("console.log");
    fs::remove_file(&log).expect("delete the log");
    symlink(&canary, &log).expect("a link");
    // Seen within some seconds; neither before nor after is it followed.
    for round in 0..30 {
        sandbox.tell("a", &format!("say round {round}"));
        sandbox.tell("a", &format!("touch round-{round}"));
        wait_until("the game not to be blocked", || {
            sandbox.path(&format!("round-{round}")).exists()
        });
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(fs::read_to_string(&canary).expect("the canary"), CANARY);
    assert_eq!(sandbox.shim("a"), shim);
    fs::remove_file(&log).ok();
    wait_until("a new log", || {
        sandbox.tell("a", "say again");
        log.is_file() && sandbox.console("a").ends_with("again\n")
    });
    assert_eq!(fs::read_to_string(&canary).expect("the canary"), CANARY);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// The folder of an instance is a link to another's.
#[test]
fn a_folder_that_is_a_link() {
    let game = |id: &str| Instance::awkward(id, &["serve", "--ready", "up"]).ready_log("^up$");
    let sandbox = Sandbox::with(&[game("a"), game("b")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    symlink("a", sandbox.instance_dir("b")).expect("a link");
    for verb in ["status", "start", "stop", "restart"] {
        let outcome = sandbox.run(&[verb, "b"]);
        assert!(!outcome.stderr.contains("panicked at"), "{outcome:#?}");
        assert!(Process::lives(pid), "{verb} of b ended the game of a: {outcome:#?}");
        assert_eq!(sandbox.games().len(), 1, "{outcome:#?}");
    }
    fs::remove_file(sandbox.instance_dir("b")).expect("remove the link");
    assert_eq!(sandbox.pid("a"), pid);
    Process::signal(pid, Signal::SIGTERM);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Whatever file of ours is a link, in the folder of an instance or above it.
#[test]
fn a_link_in_the_place_of_each_file() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"])
        .ready_log("^up$")
        .with("restart", json!({ "delay": "0s" }))]);
    // All that there can be: `run` has its own.
    let run = Background::run(&sandbox);
    sandbox.wait_state("a", "running");
    let first = sandbox.pid("a");
    sandbox.tell("a", "exit 3");
    sandbox.wait_for_another("a", first);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    let names = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| !path.is_dir())
            .collect()
    };
    let paths = [names(&sandbox.state_dir()), names(&sandbox.instance_dir("a"))].concat();
    sandbox.ok(&["stop", "a"]);
    assert!(paths.len() > 12, "{paths:?}");
    for path in paths {
        let canary = sandbox.path("canary");
        fs::write(&canary, CANARY).expect("write");
        let _ = fs::remove_file(&path);
        symlink(&canary, &path).expect("a link");
        for args in [
            &["status"][..],
            &["start", "a", "--timeout", "10s"],
            &["stop", "a"],
            &["logs", "a"],
        ] {
            let outcome = sandbox.run(args);
            assert!(!outcome.stderr.contains("panicked at"), "{path:?}: {outcome:#?}");
            assert!(!outcome.stdout.contains(CANARY), "{path:?}: {outcome:#?}");
        }
        assert_eq!(fs::read_to_string(&canary).expect("the canary"), CANARY, "{path:?}");
        if fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) && !path.ends_with("intent") {
            fs::remove_file(&path).expect("remove the link");
        }
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
}
