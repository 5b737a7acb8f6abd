//! A game is the same game whoever typed the verb: while a `run` watches, it is `run`
//! that launches it, and nothing of the caller is in it.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, wait_until};

/// A game that writes down what it was given.
fn dumper(id: &str) -> Instance {
    let args = ["serve", "--dump", "dump", "--ready", "up", "--beacon", "beacon"];
    Instance::awkward(id, &args)
        .ready_log("^up$")
        .process("inherit_env", json!(["CALLER"]))
        .with("autostart", json!(false))
}

/// Somebody with surroundings of their own who types gamectl.
struct Caller {
    name: &'static str,
    wrapper: [&'static str; 3],
}

/// `run`, as a unit of systemd may set it up.
const RUN: Caller = Caller {
    name: "run",
    wrapper: [
        "sh",
        "-c",
        "umask 002; ulimit -S -n 400; ulimit -S -c 0; echo 200 >/proc/self/oom_score_adj; exec nice -n 3 \"$0\" \"$@\"",
    ],
};
const ADMIN: Caller = Caller {
    name: "admin",
    wrapper: [
        "sh",
        "-c",
        "umask 077; cd /; ulimit -S -n 300; echo 300 >/proc/self/oom_score_adj; exec nice -n 7 \"$0\" \"$@\"",
    ],
};

impl Caller {
    fn command(&self, sandbox: &Sandbox, args: &[&str]) -> Command {
        let mut command = sandbox.command_under(&self.wrapper, args);
        command
            .env("CALLER", self.name)
            .env("LC_ALL", "C")
            .env("SUDO_USER", self.name);
        command
    }

    #[track_caller]
    fn types(&self, sandbox: &Sandbox, args: &[&str]) -> Outcome {
        let output = self.command(sandbox, args).output();
        Outcome::of(args, &output.expect("run gamectl"))
    }
}

/// All that a game was given, but for what differs with each launch.
#[track_caller]
fn given(sandbox: &Sandbox) -> Value {
    let text = fs::read_to_string(sandbox.path("dump")).expect("read the dump");
    let mut given: Value = serde_json::from_str(&text).expect("the dump is JSON");
    assert_eq!((&given["sid"], &given["pgid"]), (&given["pid"], &given["pid"]));
    for differs in ["pid", "ppid", "pgid", "sid", "fds"] {
        given[differs].take();
    }
    let variables = fs::read(sandbox.path("dump.environ")).expect("read the dump");
    let variables = String::from_utf8(variables).expect("UTF-8");
    let variables = variables.split('\0').filter(|one| !one.starts_with("GAMECTL_TOKEN="));
    given["environ"] = json!(variables.collect::<Vec<_>>());
    let status = given["status"].as_object_mut().expect("an object");
    status.retain(|key, _| key != "SigQ" && (key.starts_with("Sig") || key.starts_with("Cap") || key == "NoNewPrivs"));
    given
}

fn has(given: &Value, variable: &str) -> bool {
    given["environ"]
        .as_array()
        .expect("an array")
        .contains(&json!(variable))
}

/// Returns true when `run` has made this shim, or a process that it has for that.
fn is_of(shim: i32, run: &Background) -> bool {
    let parent = Process::parent(shim).expect("a parent");
    [parent, Process::parent(parent).unwrap_or(0)].contains(&run.pid())
}

fn freeze(run: &Background) {
    run.signal(Signal::SIGSTOP);
    wait_until("run to be frozen", || Process::is_frozen(run.pid()));
}

#[test]
fn while_run_watches_it_is_the_game_of_run() {
    let sandbox = Sandbox::with(&[dumper("a").with("autostart", json!(true))]);
    let run = Background::of(&mut RUN.command(&sandbox, &["run", "--json"]));
    sandbox.wait_state("a", "running");
    let of_run = given(&sandbox);
    assert_eq!((&of_run["nice"], &of_run["oom_score_adj"]), (&json!(3), &json!("200")));
    let files = of_run["limits"].as_str().expect("the limits");
    let files = files.lines().find(|line| line.starts_with("Max open files"));
    assert!(files.is_some_and(|line| line.contains(" 400 ")), "{files:?}");
    assert!(has(&of_run, "CALLER=run"), "{of_run}");
    // One admin restarts it, one stops it, another starts it.
    for args in [
        &["restart", "a"][..],
        &["stop", "a"],
        &["start", "a"],
        &["restart", "--now", "a"],
    ] {
        let result = ADMIN
            .types(&sandbox, &[args, &["--json"]].concat())
            .expect_code(0)
            .json();
        let result = &result["results"][0];
        assert_eq!(
            (&result["changed"], &result["note"]),
            (&json!(true), &Value::Null),
            "{args:?}"
        );
        if args[0] != "stop" {
            assert_eq!(given(&sandbox), of_run, "{args:?}");
            assert!(is_of(sandbox.shim("a"), &run), "{args:?}");
            assert_eq!(sandbox.status("a")["restarts"], 0, "it is no retry");
        }
    }
    // Without `run` it is theirs.
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    ADMIN.types(&sandbox, &["restart", "a"]).expect_code(0);
    let of_admin = given(&sandbox);
    assert_eq!(of_admin["nice"], 7);
    assert!(has(&of_admin, "CALLER=admin"), "{of_admin}");
    sandbox.ok(&["stop", "a"]);
    assert_eq!(sandbox.lines("beacon.violations"), [""; 0]);
    sandbox.nothing_left();
}

/// A bare name is looked for on the PATH of whoever makes the game.
#[test]
fn a_program_without_a_folder_is_that_of_run() {
    let sandbox = Sandbox::new();
    let folder = |name: &str| {
        let folder = sandbox.path(name);
        fs::create_dir(&folder).expect("a folder");
        let server = folder.join("the-server");
        fs::write(&server, format!("#!/bin/sh\necho made by {name}\nexec sleep 1000\n")).expect("write");
        fs::set_permissions(&server, fs::Permissions::from_mode(0o755)).expect("chmod");
        format!("{}:/usr/bin:/bin", folder.display())
    };
    let (of_run, of_admin) = (folder("run"), folder("admin"));
    let game = Instance::program("a", "the-server", &[]).with("autostart", json!(false));
    sandbox.inventory(&[game]);
    let run = Background::of(
        sandbox
            .command(&["run", "--json"])
            .env("PATH", &of_run)
            .stdout(std::process::Stdio::piped()),
    );
    wait_until("the snapshot", || !run.events("snapshot").is_empty());
    let admin = |args: &[&str], path: &str| {
        let output = sandbox.command(args).env("PATH", path).output();
        Outcome::of(args, &output.expect("run gamectl"))
    };
    // Whether the caller has the program or not.
    for path in [of_admin.as_str(), "/usr/bin:/bin"] {
        admin(&["start", "a"], path).expect_code(0);
        let logs = admin(&["logs", "-n", "1", "a"], path);
        assert_eq!(logs.stdout, "made by run\n");
        let rows = admin(&["status", "--json", "a"], path).json();
        assert_eq!(rows["instances"][0]["note"], Value::Null, "it is no other entry");
        admin(&["stop", "a"], path).expect_code(0);
    }
    // `run` has not got it any more.
    fs::remove_file(sandbox.path("run").join("the-server")).expect("remove");
    let failed = admin(&["start", "a"], &of_admin).expect_code(1);
    let told = format!("nor the-server in any folder of PATH ({of_run})");
    assert!(failed.stderr.replace("\n      ", " ").contains(&told), "{failed:?}");
    // Without `run` it is theirs.
    drop(run);
    admin(&["start", "a"], &of_admin).expect_code(0);
    assert_eq!(admin(&["logs", "-n", "1", "a"], &of_admin).stdout, "made by admin\n");
    admin(&["stop", "a"], &of_admin).expect_code(0);
    sandbox.nothing_left();
}

/// Which instances it watches, and by which inventory, makes no difference: the
/// definition is that of whoever types.
#[test]
fn a_run_that_watches_others_launches_too() {
    let sandbox = Sandbox::with(&[dumper("a"), Instance::script("b", "exec sleep 100")]);
    let run = Background::run_json(&sandbox, &["b"]);
    sandbox.ok(&["start", "a"]);
    assert!(is_of(sandbox.shim("a"), &run));
    assert_eq!(run.states("a"), [""; 0]);
    sandbox.ok(&["stop", "--all"]);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.nothing_left();
}

/// After an upgrade `run` is the program from before, until it is restarted.
#[test]
fn the_shim_is_the_program_of_whoever_types_it() {
    let sandbox = Sandbox::with(&[dumper("a")]);
    let run = Background::run_json(&sandbox, &[]);
    let newer = sandbox.path("newer-gamectl");
    support::install(&support::gamectl(), &newer);
    let started = sandbox.program(&newer).args(["start", "a"]).output();
    Outcome::of(&["start", "a"], &started.expect("run gamectl")).expect_code(0);
    let shim = sandbox.shim("a");
    assert_eq!(Process::parent(shim), Some(run.pid()));
    assert_eq!(fs::read_link(format!("/proc/{shim}/exe")).expect("its program"), newer);
    sandbox.ok(&["stop", "a"]);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.nothing_left();
}

#[test]
fn what_cannot_be_launched_is_told_to_whoever_types_it() {
    let broken = [
        Instance::program("missing", "/nowhere/game", &[]),
        Instance::program("nobody", "/bin/true", &[]).process("env_file", json!("none.env")),
        Instance::script("short", "echo bye; exit 3"),
        Instance::script("nowhere", "exec sleep 100").process("cwd", json!("/nowhere")),
    ];
    let sandbox = Sandbox::with(&broken.map(|one| {
        one.with("autostart", json!(false))
            .with("restart", json!({ "policy": "never" }))
    }));
    let errors = || {
        let outcome = sandbox.run(&["start", "--all", "--json"]).expect_code(1).json();
        let results = outcome["results"].as_array().expect("an array").clone();
        results
            .into_iter()
            .map(|one| (one["id"].clone(), one["state"].clone(), one["error"].clone()))
            .collect::<Vec<_>>()
    };
    let alone = errors();
    let run = Background::run_json(&sandbox, &[]);
    assert_eq!(errors(), alone);
    assert!(alone.iter().all(|(_, _, error)| error.is_object()), "{alone:?}");
    assert_eq!(
        run.events("status")
            .iter()
            .filter(|one| one["state"] == "running")
            .count(),
        0
    );
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.nothing_left();
}

#[test]
fn a_game_that_was_given_up_is_taken_up_by_a_start() {
    let game = Instance::script("a", "[ -e ok ] || exit 3; echo up; exec sleep 100")
        .ready_log("^up$")
        .with(
            "restart",
            json!({ "delay": "0s", "give_up": { "times": 2, "within": "10m" } }),
        );
    let sandbox = Sandbox::with(&[game]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be given up", || run.logged("given up") == 1);
    sandbox.touch("ok");
    let result = sandbox.ok(&["start", "a", "--json"]).json()["results"][0].clone();
    assert_eq!((&result["state"], &result["note"]), (&json!("running"), &Value::Null));
    assert!(is_of(sandbox.shim("a"), &run));
    run.sees("a", "running");
    assert_eq!(sandbox.status("a")["restarts"], 0);
    sandbox.ok(&["stop", "a"]);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.nothing_left();
}

#[test]
fn a_run_that_is_frozen_keeps_nobody_from_a_start() {
    let sandbox = Sandbox::with(&[dumper("a")]);
    let run = Background::of(&mut RUN.command(&sandbox, &["run", "--json"]));
    wait_until("the snapshot", || !run.events("snapshot").is_empty());
    freeze(&run);
    let result = ADMIN.types(&sandbox, &["start", "a", "--json"]).expect_code(0).json()["results"][0].clone();
    let note = result["note"].as_str().expect("a note");
    assert!(
        note.contains(&format!("(pid {}", run.pid())) && note.contains("did not answer"),
        "{note}"
    );
    assert_eq!(given(&sandbox)["nice"], 7);
    let pid = sandbox.pid("a");
    run.signal(Signal::SIGCONT);
    run.sees("a", "running");
    // What it was asked for meanwhile comes to nothing.
    wait_until("its shims to be gone", || {
        let shims = sandbox.processes().into_iter();
        shims.filter(|one| one.command.starts_with("gamectl __shim")).count() == 1
    });
    assert_eq!(
        (sandbox.pid("a"), sandbox.status("a")["restarts"].clone()),
        (pid, json!(0))
    );
    ADMIN.types(&sandbox, &["restart", "a"]).expect_code(0);
    assert_eq!(given(&sandbox)["nice"], 3);
    sandbox.ok(&["stop", "a"]);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.lines("beacon.violations"), [""; 0]);
    sandbox.nothing_left();
}

#[test]
fn a_run_that_is_killed_when_it_was_asked_loses_no_start() {
    let sandbox = Sandbox::with(&[dumper("a")]);
    let run = Background::run_json(&sandbox, &[]);
    freeze(&run);
    let start = sandbox.command(&["start", "a", "--json"]).spawn().expect("run gamectl");
    let holder = format!("gamectl start (pid {})", start.id());
    wait_until("the start to hold the lock", || {
        let mut text = vec![0; holder.len()];
        let lock = fs::File::open(sandbox.instance_dir("a").join("lock"));
        lock.is_ok_and(|lock| lock.read_exact_at(&mut text, 0).is_ok()) && text == holder.as_bytes()
    });
    drop(run);
    let started = start.wait_with_output().expect("wait");
    Outcome::of(&["start", "a"], &started).expect_code(0);
    assert_eq!(sandbox.state("a"), "running");
    // The next one makes nothing of what was left.
    let run = Background::run_json(&sandbox, &[]);
    let pid = sandbox.pid("a");
    sandbox.ok(&["restart", "a"]);
    assert_ne!(sandbox.pid("a"), pid);
    assert!(is_of(sandbox.shim("a"), &run));
    sandbox.ok(&["stop", "a"]);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.lines("beacon.violations"), [""; 0]);
    sandbox.nothing_left();
}
