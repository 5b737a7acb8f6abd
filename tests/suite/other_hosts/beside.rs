//! Verbs from elsewhere on a host that has a `run` or a systemd: they do the same as if they
//! were typed there.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::sshd::Elsewhere;
use super::{gated, row};
use crate::support::{Background, Machine, Process, wait_until};

#[test]
fn a_run_there_launches_what_is_asked_from_here() {
    let Some(there) = Elsewhere::new("a_run_there_launches_what_is_asked_from_here") else {
        return;
    };
    let sandbox = &there.sandbox;
    let game = gated(sandbox, "a", "box2");
    there.inventory(&json!({ "box2": there.host("box2", "") }), &[game]);
    sandbox.touch("a.gate");
    // It keeps nothing of its own.
    fs::write(sandbox.path("theirs.yaml"), "instances: {}").expect("an inventory");
    let theirs = sandbox.arg("theirs.yaml");
    let mut command = sandbox.command(&["-f", &theirs, "run", "--json"]);
    let run = Background::of(command.env("GAMECTL_STATE_DIR", there.state_dir("box2")));
    wait_until("the snapshot", || !run.events("snapshot").is_empty());
    let is_of_run = || {
        let parent = Process::parent(sandbox.shim("a")).expect("a parent");
        [parent, Process::parent(parent).unwrap_or(0)].contains(&run.pid())
    };
    for verb in ["start", "restart"] {
        let result = sandbox.ok(&[verb, "a", "--json"]).json()["results"][0].clone();
        assert_eq!(
            (&result["changed"], &result["note"]),
            (&json!(true), &Value::Null),
            "{result}"
        );
        assert!(is_of_run(), "{verb}");
    }
    // One that does not answer is left aside, and that is said here.
    sandbox.ok(&["stop", "a"]);
    run.signal(Signal::SIGSTOP);
    wait_until("run to be frozen", || Process::is_frozen(run.pid()));
    let result = sandbox.ok(&["start", "a", "--json"]).json()["results"][0].clone();
    let note = result["note"].as_str().unwrap_or_default();
    assert!(note.contains("run"), "{result}");
    assert!(!is_of_run());
    run.signal(Signal::SIGCONT);
    sandbox.ok(&["stop", "a"]);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    let stopped = sandbox.run(&["status", "--json"]).expect_code(3);
    assert_eq!(row(&stopped, "a")["state"], "stopped");
}

#[test]
fn what_is_asked_from_elsewhere_has_a_scope_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let game = json!({
        "host": "shared",
        "process": { "executable": "/bin/sleep", "args": ["infinity"] },
    });
    let inventory = |user: &str| json!({ "hosts": { "shared": { "sudo": user } }, "instances": { "a": game } });
    fs::create_dir_all(folder.path().join("etc/gamectl")).expect("a folder");
    let write = |user: &str| {
        let path = folder.path().join("etc/gamectl/instances.yaml");
        fs::write(path, inventory(user).to_string()).expect("an inventory");
    };
    write("gs");
    let test = "what_is_asked_from_elsewhere_has_a_scope_of_its_own";
    let Some(machine) = Machine::boot(test, folder.path()) else {
        return;
    };
    machine.ok(&["useradd", "--create-home", "gs"]);
    machine.ok(&["chmod", "755", "/etc/gamectl"]);
    machine.ok(&["loginctl", "enable-linger", "gs"]);
    wait_until("the service manager of gs", || {
        machine.run(&["ls", "/run/user/1000/bus"]).code == Some(0)
    });
    let group = |of: &dyn Fn() -> Value| {
        let groups = machine.control_groups(&of()["pid"]);
        let of_systemd = groups.lines().find(|line| line.starts_with("0::"));
        of_systemd.expect("a group").trim_start_matches("0::").to_owned()
    };
    // Root asks for a game of a user, who lingers.
    let started = machine.ok(&["gamectl", "start", "a", "--json"]).json();
    assert_eq!(started["results"][0]["note"], Value::Null, "{started}");
    let wanted = "/user.slice/user-1000.slice/user@1000.service/gamectl.slice/gamectl-a.scope";
    assert_eq!(group(&|| machine.row("a")), wanted);
    machine.ok(&["gamectl", "stop", "a"]);
    // And that user, in a session, for one of root. The session takes nothing along.
    write("root");
    machine.ok(&[
        "sh",
        "-c",
        "echo 'gs ALL=(root) NOPASSWD: /usr/bin/gamectl serve' >/etc/sudoers.d/gs",
    ]);
    machine.ok(&[
        "systemd-run",
        "--quiet",
        "--wait",
        "--uid=gs",
        "--property=PAMName=login",
        "gamectl",
        "start",
        "a",
    ]);
    let row = || {
        let words = [
            "runuser",
            "-u",
            "gs",
            "--",
            "env",
            "HOME=/home/gs",
            "gamectl",
            "status",
            "--json",
            "a",
        ];
        machine.run(&words).json()["instances"][0].clone()
    };
    assert_eq!(row()["state"], "running");
    assert_eq!(group(&row), "/gamectl.slice/gamectl-a.scope");
    // A stop of the scope is a stop.
    machine.ok(&["systemctl", "stop", "gamectl-a.scope"]);
    let ended = row();
    assert_eq!(
        (&ended["state"], &ended["note"]),
        (&json!("stopped"), &json!("systemd stopped its scope")),
        "{ended}"
    );
    machine.power_off();
}

/// The host that has the game is the one that is updated.
#[test]
fn the_command_before_a_start_runs_there() {
    let Some(there) = Elsewhere::new("the_command_before_a_start_runs_there") else {
        return;
    };
    let sandbox = &there.sandbox;
    let script = |more: &str| format!("echo $GAMECTL_ID $SSH_CONNECTION >>{}; {more}", sandbox.arg("notes"));
    let with = |script: String| {
        let game = gated(sandbox, "a", "box2").with("before_start", json!({ "command": ["sh", "-c", script] }));
        there.inventory(&json!({ "box2": there.host("box2", "") }), &[game]);
    };
    sandbox.touch("a.gate");
    with(script("echo no space left; exit 3"));
    let refused = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(refused.stderr.contains("ended with exit code 3"), "{}", refused.stderr);
    assert!(refused.stderr.contains("| no space left"), "{}", refused.stderr);
    with(script(":"));
    sandbox.ok(&["start", "a"]);
    let notes = sandbox.lines("notes");
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes.iter().all(|line| line.starts_with("a 127.0.0.1 ")), "{notes:?}");
    sandbox.ok(&["stop", "a"]);
}
