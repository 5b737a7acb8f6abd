//! A scope of systemd for each game, and its limits.

use std::os::unix::net::UnixListener;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{self, Instance, Machine, Sandbox, wait_until};

const BUS: &str = "DBUS_SYSTEM_BUS_ADDRESS";

/// Saves for a second when it is told to quit, and dies of SIGTERM unsaved.
const GAME: &str = r#"
echo "Server ready"
while read -r line; do
    if [ "$line" = quit ]; then
        echo begin >>/share/saves
        sleep 1
        echo saved >>/share/saves
        exit 0
    fi
done
"#;

const MEMORY: u64 = 64 << 20;

/// Returns a folder to share, with an inventory of two games, of which `a` has limits.
fn shared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let game = |limits: Value| {
        json!({
            "process": { "executable": "/bin/bash", "args": ["-c", GAME], "limits": limits },
            "ready": { "log": "^Server ready$" },
            "stop": [{ "stdin": "quit", "wait": "30s" }],
        })
    };
    let limits = json!({ "memory": "64MiB", "tasks": 40, "nofile": 5000, "nice": 3 });
    let inventory = json!({ "instances": { "a": game(limits), "b": game(json!({})) } });
    std::fs::create_dir_all(folder.path().join("etc/gamectl")).expect("a folder");
    std::fs::write(folder.path().join("etc/gamectl/instances.yaml"), inventory.to_string()).expect("an inventory");
    folder
}

/// Returns the control groups of its game and of its shim, of which each is one.
#[track_caller]
fn group(machine: &Machine, id: &str) -> String {
    let row = machine.row(id);
    let group = |pid: &Value| {
        let groups = machine.control_groups(pid);
        let of_systemd = groups.lines().find(|line| line.starts_with("0::"));
        of_systemd.expect("a group").trim_start_matches("0::").to_owned()
    };
    let (game, shim) = (group(&row["pid"]), group(&row["details"]["shim_pid"]));
    assert_eq!(game, shim);
    game
}

fn saves(machine: &Machine) -> String {
    std::fs::read_to_string(machine.shared("share/saves")).unwrap_or_default()
}

#[test]
fn a_game_of_root_has_a_scope_whose_stop_is_a_stop() {
    let (shared, test) = (shared(), "a_game_of_root_has_a_scope_whose_stop_is_a_stop");
    let Some(machine) = Machine::boot(test, shared.path()) else {
        return;
    };
    let started = machine.ok(&["gamectl", "start", "--all", "--json"]).json();
    assert_eq!(group(&machine, "a"), "/gamectl.slice/gamectl-a.scope");
    assert_eq!(group(&machine, "b"), "/gamectl.slice/gamectl-b.scope");

    // Each limit holds, or is said not to.
    let folder = "/sys/fs/cgroup/gamectl.slice/gamectl-a.scope";
    let note = started["results"][0]["note"].as_str().unwrap_or_default();
    let told = machine.run(&["gamectl", "check"]).stdout;
    for (file, key, wanted) in [("memory.max", "memory", MEMORY), ("pids.max", "tasks", 40)] {
        let value = machine.run(&["cat", &format!("{folder}/{file}")]).stdout;
        let holds = value.trim() == wanted.to_string();
        let unheld = format!("its limit of {key} does not hold");
        assert_eq!(
            (note.contains(&unheld), told.contains(&unheld)),
            (!holds, !holds),
            "{note}\n{told}"
        );
    }
    assert_eq!(started["results"][1]["note"], Value::Null);
    let show = ["systemctl", "show", "gamectl-a.scope", "--property=MemoryMax,TasksMax"];
    assert_eq!(machine.ok(&show).stdout, format!("MemoryMax={MEMORY}\nTasksMax=40\n"));
    let pid = machine.row("a")["pid"].to_string();
    let limits = machine.ok(&["cat", &format!("/proc/{pid}/limits")]).stdout;
    let files = limits.lines().find(|line| line.starts_with("Max open files"));
    let files: Vec<&str> = files.expect("a limit").split_whitespace().collect();
    assert_eq!(files[3..5], ["5000", "5000"]);
    assert_eq!(machine.ok(&["ps", "-o", "ni=", "-p", &pid]).stdout.trim(), "3");

    // What it uses is read from its group, which its shim is in, too.
    let wide = machine.ok(&["gamectl", "status", "--wide", "--json", "a"]).json();
    let used = &wide["instances"][0]["usage"];
    assert!(used["memory_bytes"].as_u64().is_some_and(|memory| memory > 0), "{used}");
    let tasks = machine.run(&["cat", &format!("{folder}/pids.current")]).stdout;
    match tasks.trim().parse::<u64>() {
        Ok(tasks) => assert_eq!(used["tasks"], json!(tasks), "{used}"),
        // There is no such controller in a container of this host: the tree is counted.
        Err(_) => assert_eq!(used["tasks"], json!(1), "{used}"),
    }

    machine.ok(&["systemctl", "stop", "gamectl-a.scope"]);
    assert_eq!(saves(&machine), "begin\nsaved\n");
    let ended = machine.row("a");
    assert_eq!(
        (&ended["state"], &ended["note"], &ended["last_exit"]["code"]),
        (&json!("stopped"), &json!("systemd stopped its scope"), &json!(0))
    );
    // The scope of the run before is hardly gone.
    for _ in 0..3 {
        machine.ok(&["gamectl", "restart", "a"]);
        assert_eq!(group(&machine, "a"), "/gamectl.slice/gamectl-a.scope");
    }
    machine.ok(&["gamectl", "--state-dir", "/share/state", "start", "a"]);
    let scopes = machine.ok(&["systemctl", "list-units", "--plain", "--no-legend", "gamectl-a.*scope"]);
    assert_eq!(scopes.stdout.lines().count(), 2, "{scopes:?}");

    // A game that lost its shim, and gets another from somewhere else.
    let before = machine.row("b")["details"]["shim_pid"].clone();
    machine.ok(&["kill", "-KILL", &before.to_string()]);
    wait_until("the shim to be gone", || {
        machine.row("b")["details"]["shim_pid"] != before
    });
    machine.ok(&["systemd-run", "--quiet", "--scope", "gamectl", "start", "b"]);
    assert_eq!(group(&machine, "b"), "/gamectl.slice/gamectl-b.scope");

    // Nobody watches, and all three are saved when the host goes down.
    std::fs::remove_file(machine.shared("share/saves")).expect("the saves");
    machine.power_off();
    let saves = std::fs::read_to_string(shared.path().join("share/saves")).expect("the saves");
    assert_eq!(saves.matches("saved").count(), 3, "{saves}");
}

#[test]
fn run_leaves_a_game_alone_whose_scope_was_stopped_until_the_host_boots() {
    let (shared, test) = (
        shared(),
        "run_leaves_a_game_alone_whose_scope_was_stopped_until_the_host_boots",
    );
    let units = shared.path().join("etc/systemd/system");
    std::fs::create_dir_all(&units).expect("a folder");
    std::fs::copy("packaging/gamectl.service", units.join("games.service")).expect("the unit");
    let Some(machine) = Machine::boot(test, shared.path()) else {
        return;
    };
    machine.ok(&["systemctl", "enable", "--now", "games"]);
    let is = |machine: &Machine, id: &str, state: &str| machine.row(id)["state"] == state;
    wait_until("both to run", || {
        is(&machine, "a", "running") && is(&machine, "b", "running")
    });
    assert_eq!(group(&machine, "a"), "/gamectl.slice/gamectl-a.scope");
    let journal = ["journalctl", "--unit=games", "--priority=warning", "--output=cat"];
    let folder = "/sys/fs/cgroup/gamectl.slice/gamectl-a.scope";
    if machine.run(&["cat", &format!("{folder}/memory.max")]).code != Some(0) {
        wait_until("`run` to tell of the limit", || {
            let told = machine.run(&journal).stdout;
            told.contains("a: its limit of memory does not hold")
        });
    }

    machine.ok(&["systemctl", "stop", "gamectl-a.scope"]);
    wait_until("`run` to tell it", || {
        let told = machine.ok(&["journalctl", "--unit=games", "--output=cat"]).stdout;
        told.contains("a: stopped: systemd stopped its scope")
    });
    // A new `run` settles both before it is ready.
    machine.ok(&["systemctl", "restart", "games"]);
    wait_until("b to be watched", || is(&machine, "b", "running"));
    assert!(is(&machine, "a", "stopped"));
    machine.ok(&["gamectl", "start", "a"]);
    // So that `run` stops the game before systemd stops its scope.
    let order = machine
        .ok(&["systemctl", "show", "gamectl-a.scope", "--property=Before"])
        .stdout;
    assert!(order.contains("games.service"), "{order}");
    machine.ok(&["systemctl", "stop", "gamectl-a.scope"]);
    wait_until("a to be down", || is(&machine, "a", "stopped"));
    assert_eq!(machine.row("a")["intent"], "running");
    machine.power_off();
    let machine = Machine::boot(test, shared.path()).expect("a second boot");
    wait_until("both to run", || {
        is(&machine, "a", "running") && is(&machine, "b", "running")
    });
    machine.power_off();
}

#[test]
fn a_game_of_a_user_who_lingers_is_with_his_service_manager() {
    let (shared, test) = (shared(), "a_game_of_a_user_who_lingers_is_with_his_service_manager");
    let Some(machine) = Machine::boot(test, shared.path()) else {
        return;
    };
    machine.ok(&["useradd", "--create-home", "gs"]);
    machine.ok(&["chmod", "755", "/etc/gamectl"]);
    machine.ok(&["chmod", "777", "/share"]);
    let gs = |argv: &[&str]| machine.ok(&[&["runuser", "-u", "gs", "--", "env", "HOME=/home/gs"], argv].concat());
    let started = gs(&["gamectl", "start", "a", "--json"]).json();
    let unheld = "its limit of memory does not hold: systemd does it for root, and for users with lingering";
    let note = started["results"][0]["note"].as_str().unwrap_or_default().to_owned();
    assert!(note.contains(unheld), "{note}");
    assert!(!gs(&["gamectl", "check"]).stdout.contains("a scope of its own"));
    gs(&["gamectl", "stop", "a"]);

    machine.ok(&["loginctl", "enable-linger", "gs"]);
    wait_until("the service manager of gs", || {
        machine.run(&["ls", "/run/user/1000/bus"]).code == Some(0)
    });
    gs(&["gamectl", "start", "b"]);
    let status = gs(&["gamectl", "status", "--json", "b"]).json();
    let pid = &status["instances"][0]["pid"];
    let groups = machine.control_groups(pid);
    let wanted = "0::/user.slice/user-1000.slice/user@1000.service/gamectl.slice/gamectl-b.scope";
    assert!(groups.lines().any(|line| line == wanted), "{groups}");
    assert!(gs(&["gamectl", "check"]).stdout.contains("it has a scope of its own"));
    gs(&["gamectl", "stop", "b"]);
    machine.power_off();
}

#[test]
fn two_hundred_games_that_start_at_once_have_a_scope_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let game = json!({ "process": { "executable": "/bin/sleep", "args": ["infinity"] } });
    let games: serde_json::Map<String, Value> = (0..200).map(|n| (format!("g{n}"), game.clone())).collect();
    std::fs::create_dir_all(folder.path().join("etc/gamectl")).expect("a folder");
    let inventory = json!({ "instances": games }).to_string();
    std::fs::write(folder.path().join("etc/gamectl/instances.yaml"), inventory).expect("an inventory");
    let test = "two_hundred_games_that_start_at_once_have_a_scope_each";
    let Some(machine) = Machine::boot(test, folder.path()) else {
        return;
    };
    let results = machine.ok(&["gamectl", "start", "--all", "--json"]).json()["results"].clone();
    let notes = results
        .as_array()
        .expect("results")
        .iter()
        .map(|result| &result["note"]);
    assert_eq!(notes.filter(|note| note.is_null()).count(), 200, "{results}");
    let scopes = || {
        let list = ["systemctl", "list-units", "--plain", "--no-legend", "gamectl-*.scope"];
        machine.ok(&list).stdout.lines().count()
    };
    assert_eq!(scopes(), 200);
    machine.ok(&["gamectl", "stop", "--all", "--quiet"]);
    wait_until("the scopes to be gone", || scopes() == 0);
}

fn address(socket: &Path) -> String {
    format!("unix:path={}", socket.display())
}

#[test]
fn a_bus_that_hangs_delays_a_start_once_and_is_told() {
    if !support::is_root("a_bus_that_hangs_delays_a_start_once_and_is_told") {
        return;
    }
    let limited = Instance::script("b", "cat").process("limits", json!({ "cpu": "150%" }));
    let sandbox = Sandbox::with(&[Instance::script("a", "cat"), limited, Instance::script("c", "cat")]);
    let socket = sandbox.path("bus");
    let _silent = UnixListener::bind(&socket).expect("a socket");
    let mut start = sandbox.command(&["start", "--all", "--json"]);
    let output = start.env(BUS, address(&socket)).output().expect("gamectl");
    let results = serde_json::from_slice::<Value>(&output.stdout).expect("its answer")["results"].clone();
    let none = "it has no scope of its own yet: systemd did not answer within 5 s";
    let unheld = format!("{none}; its limit of cpu does not hold: it has no scope yet");
    for (place, note) in [none, &unheld, none].into_iter().enumerate() {
        assert_eq!(
            (&results[place]["state"], &results[place]["note"]),
            (&json!("running"), &json!(note))
        );
    }
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn limits_that_cannot_be_kept_are_told_and_others_hold() {
    if !support::is_root("limits_that_cannot_be_kept_are_told_and_others_hold") {
        return;
    }
    let limits = json!({ "memory": "1GiB", "io_weight": 50, "nofile": 3000, "nice": 7 });
    let prints = Instance::script("a", "ulimit -n; ulimit -Hn; nice; cat").process("limits", limits);
    let sandbox = Sandbox::with(&[prints, Instance::script("b", "cat")]);
    let nobody = address(&sandbox.path("none"));
    let mut start = sandbox.command(&["start", "--all", "--json"]);
    let output = start.env(BUS, &nobody).output().expect("gamectl");
    let results = serde_json::from_slice::<Value>(&output.stdout).expect("its answer")["results"].clone();
    let note = "its limit of memory does not hold: there is no D-Bus to ask systemd over; \
                its limit of io_weight does not hold: there is no D-Bus to ask systemd over";
    assert_eq!((&results[0]["note"], &results[1]["note"]), (&json!(note), &Value::Null));
    wait_until("what the game prints", || sandbox.console("a") == "3000\n3000\n7\n");
    sandbox.ok(&["stop", "--all"]);
}
