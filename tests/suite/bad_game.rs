//! Games that cannot be started, and why.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::json;

use crate::support::{self, Instance, Outcome, Sandbox};

/// Somebody who is nobody.
const NOBODY: u32 = 65534;

/// Starts the instance `a`, which must fail and say all of these words; twice,
/// for a failed start leaves nothing in the way.
#[track_caller]
fn fails(sandbox: &Sandbox, instance: &Instance, words: &[&str]) {
    sandbox.inventory(std::slice::from_ref(instance));
    for args in [&["start", "a"][..], &["start", "a", "--no-wait"], &["restart", "a"]] {
        let outcome = sandbox.run(args).expect_code(1);
        let text = outcome.stderr.clone();
        for word in words.iter().chain(&["a: ", "hint: "]) {
            assert!(text.contains(word), "{word:?} is not in {outcome:#?}");
        }
        sandbox.nothing_left();
    }
    let json = sandbox.run(&["start", "a", "--json"]).expect_code(1).json();
    let result = &json["results"][0];
    assert_eq!((&result["id"], &result["ok"]), (&json!("a"), &json!(false)), "{json}");
    assert_eq!(result["error"]["kind"], "failed", "{json}");
    assert_ne!(sandbox.state("a"), "running");
}

#[test]
fn executables_that_cannot_be_executed() {
    let sandbox = Sandbox::new();
    let file = |name: &str, bytes: &[u8], mode: u32| {
        fs::write(sandbox.path(name), bytes).expect("write");
        fs::set_permissions(sandbox.path(name), Permissions::from_mode(mode)).expect("chmod");
        sandbox.arg(name)
    };
    let plain = file("plain", b"#!/bin/sh\n", 0o644);
    let script = file("script", b"#!/no/such/interpreter\n", 0o755);
    let garbage = file("garbage", b"\x01\x02\x03\x04", 0o755);
    let empty = file("empty", b"", 0o755);
    fs::create_dir(sandbox.path("folder")).expect("a folder");
    let folder = sandbox.arg("folder");
    let missing = sandbox.arg("no-such-game");
    let beyond = format!("{plain}/game");
    for (path, words) in [
        (
            &missing,
            &["there is no executable", "no-such-game", "`executable:`"][..],
        ),
        (&plain, &["may not be executed", "chmod +x"]),
        (&folder, &["is a directory", "the program inside it"]),
        (&script, &["the interpreter it names is not", "#!"]),
        (&garbage, &["is not a program that this machine can execute"]),
        (&empty, &["is not a program that this machine can execute"]),
        (&beyond, &["plain/game"]),
    ] {
        fails(&sandbox, &Instance::program("a", path, &[]), words);
    }
}

#[test]
fn working_directories_that_are_none() {
    let sandbox = Sandbox::new();
    sandbox.touch("file");
    for (cwd, words) in [
        ("no-such-folder", &["no-such-folder is not there", "`cwd:`"][..]),
        ("file", &["file is not a directory", "`cwd:`"]),
    ] {
        let instance = Instance::script("a", "sleep 100").process("cwd", json!(cwd));
        fails(&sandbox, &instance, words);
    }
}

#[test]
fn environment_files_that_cannot_be_read() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("folder")).expect("a folder");
    for name in ["no-such.env", "folder"] {
        let instance = Instance::script("a", "sleep 100").process("env_file", json!(name));
        fails(&sandbox, &instance, &[name, "env"]);
    }
}

/// Nobody writes to the FIFO, and the device has no end.
#[test]
fn secrets_that_are_no_plain_files() {
    let sandbox = Sandbox::new();
    let made = Command::new("mkfifo").arg(sandbox.path("fifo")).status();
    assert!(made.expect("run mkfifo").success());
    for path in [sandbox.arg("fifo"), "/dev/zero".to_owned()] {
        let instance = Instance::script("a", "sleep 100").process("env_file", json!(path));
        fails(&sandbox, &instance, &[&path, "it is not a plain file"]);
        let rcon = json!({ "port": 1, "password": { "file": path } });
        let ready = json!({ "rcon": true, "timeout": "1s" });
        sandbox.inventory(&[Instance::script("a", "sleep 100")
            .with("rcon", rcon)
            .with("ready", ready)]);
        sandbox.run(&["start", "a"]).expect_code(124);
        let check = sandbox.run(&["check"]).expect_code(1);
        assert!(check.stdout.contains("it is not a plain file"), "{check:?}");
        sandbox.ok(&["stop", "--now", "a"]);
    }
}

#[test]
fn users_that_are_nobody() {
    let sandbox = Sandbox::new();
    let instance = Instance::script("a", "sleep 100").process("user", json!("no-such-user"));
    fails(&sandbox, &instance, &["there is no user `no-such-user`", "useradd"]);
}

#[test]
fn only_root_can_become_somebody_else() {
    if !support::is_root("only_root_can_become_somebody_else") {
        return;
    }
    let sandbox = Sandbox::with(&[Instance::script("a", "sleep 100").process("user", json!("root"))]);
    fs::set_permissions(sandbox.dir(), Permissions::from_mode(0o777)).expect("open the folder");
    let output = sandbox.command(&["start", "a"]).uid(NOBODY).gid(NOBODY).output();
    let outcome = Outcome::of(&["start"], &output.expect("run gamectl")).expect_code(1);
    assert!(
        outcome.stderr.contains("only root can start a game as user `root`"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("hint: run gamectl as root"), "{outcome:?}");
    assert_eq!(sandbox.processes(), []);
}

#[test]
fn too_long_arguments() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(200_000);
    sandbox.inventory(&[Instance::program("a", "/bin/true", &[&long])]);
    let outcome = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(outcome.stderr.contains("too long"), "{}", outcome.stderr);
    sandbox.nothing_left();
}

#[test]
fn a_restart_that_could_not_start_it_again_stops_nothing() {
    let sandbox = Sandbox::new();
    let program = sandbox.arg("game");
    support::install(std::path::Path::new("/bin/sh"), &sandbox.path("game"));
    sandbox.inventory(&[Instance::program("a", &program, &["-c", "read -r line"])]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let intent = sandbox.status("a")["intent"].clone();

    fs::rename(sandbox.path("game"), sandbox.path("away")).expect("it goes away");
    let refused = sandbox.run(&["restart", "a"]).expect_code(1);
    for word in ["it was left as it is", &program, "is not there", "hint: ", "stop a"] {
        assert!(refused.stderr.contains(word), "{word:?} is not in {refused:#?}");
    }
    let json = sandbox.run(&["restart", "a", "--json"]).expect_code(1).json();
    let result = &json["results"][0];
    assert_eq!(
        (&result["changed"], &result["state"]),
        (&json!(false), &json!("running")),
        "{json}"
    );
    assert_eq!(sandbox.pid("a"), pid);
    assert_eq!(sandbox.status("a")["intent"], intent);

    fs::rename(sandbox.path("away"), sandbox.path("game")).expect("it comes back");
    sandbox.ok(&["restart", "a"]);
    assert_ne!(sandbox.pid("a"), pid);
}
