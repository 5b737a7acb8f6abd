//! The packaged unit under a systemd that has really booted.

use std::path::Path;

use serde_json::{Value, json};

use super::oom::Group;
use crate::support::{Machine, not_run, say, wait_until};

/// Saves for as long as `/share/seconds` says when it is told to quit, and dies of
/// SIGTERM unsaved. Told to hog, it takes all memory that it gets.
const GAME: &str = r#"#!/bin/bash
echo "Server ready"
while read -r line; do
    if [ "$line" = quit ]; then
        echo begin >>/share/saves
        sleep "$(cat /share/seconds)"
        echo saved >>/share/saves
        exit 0
    elif [ "$line" = hog ]; then
        x=xxxxxxxxxxxxxxxx
        while :; do x=$x$x; done
    fi
done
"#;

const UNIT: &str = "etc/systemd/system/gamectl.service";

/// Returns a folder with the packaged unit and an inventory of these games.
fn shared(ids: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("its folder")).expect("its folder");
        std::fs::write(path, text).expect("a file");
    };
    write("share/game", GAME);
    write("share/seconds", "2");
    let game = json!({
        "process": { "executable": "/bin/bash", "args": ["/share/game"] },
        "ready": { "log": "^Server ready$" },
        "restart": { "delay": "0s" },
        "stop": [{ "stdin": "quit", "wait": "30s" }],
    });
    let games: serde_json::Map<_, _> = ids.iter().map(|id| ((*id).to_owned(), game.clone())).collect();
    write("etc/gamectl/instances.yaml", &json!({ "instances": games }).to_string());
    let unit = std::fs::read_to_string("packaging/gamectl.service").expect("the unit");
    write(UNIT, &unit);
    folder
}

fn pid_when_running(machine: &Machine) -> Value {
    wait_until("the game to run", || machine.row("a")["state"] == "running");
    machine.row("a")["pid"].clone()
}

#[test]
fn games_outlive_their_unit_and_are_saved_when_the_host_goes_down() {
    let shared = shared(&["a"]);
    let test = "games_outlive_their_unit_and_are_saved_when_the_host_goes_down";
    let Some(machine) = Machine::boot(test, shared.path()) else {
        return;
    };
    machine.ok(&["systemctl", "enable", "--now", "gamectl"]);
    let pid = pid_when_running(&machine);
    let well = machine.ok(&["gamectl", "check"]).stdout;
    assert!(
        well.contains("ok      unit: gamectl.service stops the games when the host goes down"),
        "{well}"
    );
    for argv in [
        &["systemctl", "restart", "gamectl"][..],
        &["systemctl", "kill", "--kill-who=main", "--signal=KILL", "gamectl"],
    ] {
        let before = machine
            .ok(&["systemctl", "show", "--property=MainPID", "gamectl"])
            .stdout;
        machine.ok(argv);
        wait_until("the unit to be up again", || {
            let main = machine
                .run(&["systemctl", "show", "--property=MainPID", "gamectl"])
                .stdout;
            main != before && main != "MainPID=0\n"
        });
        assert_eq!(pid_when_running(&machine), pid, "{argv:?}");
    }
    assert!(!machine.shared("share/saves").exists());
    machine.power_off();
    let saves = std::fs::read_to_string(shared.path().join("share/saves")).expect("a save");
    assert_eq!(saves, "begin\nsaved\n");
    // What ran before the host went down runs again.
    let machine = Machine::boot(test, shared.path()).expect("a second boot");
    pid_when_running(&machine);
    machine.power_off();
}

/// Its scope has the time that its own steps take.
#[test]
fn a_slow_game_is_saved_however_little_time_the_unit_gives_it() {
    let test = "a_slow_game_is_saved_however_little_time_the_unit_gives_it";
    for limit in ["5min", "3s"] {
        let shared = shared(&["a"]);
        std::fs::write(shared.path().join("share/seconds"), "12").expect("a file");
        let path = shared.path().join(UNIT);
        let unit = std::fs::read_to_string(&path).expect("the unit");
        assert!(unit.contains("TimeoutStopSec=5min\n"), "{unit}");
        let limit = format!("TimeoutStopSec={limit}\n");
        std::fs::write(&path, unit.replace("TimeoutStopSec=5min\n", &limit)).expect("the unit");
        let Some(machine) = Machine::boot(test, shared.path()) else {
            return;
        };
        machine.ok(&["systemctl", "start", "gamectl"]);
        pid_when_running(&machine);
        machine.power_off();
        let saves = std::fs::read_to_string(shared.path().join("share/saves")).expect("a save");
        assert_eq!(saves, "begin\nsaved\n", "{limit}");
    }
}

#[test]
fn a_unit_that_would_kill_the_games_is_told_by_run_itself() {
    let shared = shared(&["a"]);
    let test = "a_unit_that_would_kill_the_games_is_told_by_run_itself";
    let path = shared.path().join(UNIT);
    let unit = std::fs::read_to_string(&path).expect("the unit");
    std::fs::write(&path, unit.replace("KillMode=process", "KillMode=mixed")).expect("the unit");
    let Some(machine) = Machine::boot(test, shared.path()) else {
        return;
    };
    machine.ok(&["systemctl", "start", "gamectl"]);
    // By its priority: the line has no time and no level of its own.
    wait_until("the warning in the journal", || {
        let warnings = ["journalctl", "--unit=gamectl", "--priority=warning", "--output=cat"];
        let journal = machine.run(&[&warnings[..], &["_COMM=gamectl"]].concat()).stdout;
        journal.starts_with("gamectl.service has KillMode=mixed: systemd kills every game, unsaved")
    });
    let told = machine.run(&["gamectl", "check"]).expect_code(1).stdout;
    assert!(
        told.contains("error   unit: gamectl.service has KillMode=mixed"),
        "{told}"
    );
}

/// In a control group of this host, since that of the machine may have no limits.
#[test]
fn a_game_that_the_kernel_takes_for_its_memory_takes_nothing_with_it() {
    let test = "a_game_that_the_kernel_takes_for_its_memory_takes_nothing_with_it";
    if !Path::new("/sys/fs/cgroup/memory/tasks").exists() {
        return say(&format!("NOT RUN, systemd would lose sight of what is moved: {test}\n"));
    }
    let name = format!("gamectl-unit-{}", std::process::id());
    let shared = shared(&["a", "b"]);
    let Ok(group) = Group::make(&name, 256) else {
        return not_run(test, "no control group can be made", "GAMECTL_TEST_OOM");
    };
    let Some(machine) = Machine::boot(test, shared.path()) else {
        return;
    };
    machine.ok(&["systemctl", "start", "gamectl"]);
    let running = |id: &str| {
        wait_until(id, || machine.row(id)["state"] == "running");
        machine.row(id)["pid"].as_i64().expect("a pid")
    };
    let first = ["a", "b"].map(running);
    // What `run` begins from now on has little memory, together.
    let unit = "/sys/fs/cgroup/systemd/system.slice/gamectl.service/cgroup.procs";
    for pid in machine.ok(&["cat", unit]).stdout.lines() {
        let pid = machine.host_pid(pid.parse().expect("a pid")).expect("its pid here");
        group.take(pid).expect("to move it");
    }
    for pid in first {
        machine.ok(&["kill", "-9", &pid.to_string()]);
    }
    for (id, pid) in ["a", "b"].into_iter().zip(first) {
        wait_until("another game", || {
            machine.row(id)["pid"].as_i64().is_some_and(|now| now != pid)
        });
    }
    let others = running("b");
    let properties = [
        "systemctl",
        "show",
        "--property=MainPID,ActiveState,NRestarts",
        "gamectl",
    ];
    let before = machine.ok(&properties).stdout;
    machine.ok(&["gamectl", "send", "a", "hog"]);
    wait_until("it to be back", || {
        let row = machine.row("a");
        row["state"] == "running" && row["last_exit"]["oom_killed"] == json!(true)
    });
    assert_eq!((machine.ok(&properties).stdout, running("b")), (before, others));
}

#[test]
fn a_verb_of_a_session_leaves_the_game_where_the_unit_has_it() {
    let shared = shared(&["a"]);
    let test = "a_verb_of_a_session_leaves_the_game_where_the_unit_has_it";
    let Some(machine) = Machine::boot(test, shared.path()) else {
        return;
    };
    machine.ok(&["systemctl", "start", "gamectl"]);
    let first = pid_when_running(&machine);
    let of_unit = machine.control_groups(&first);
    let limits = machine.ok(&["cat", &format!("/proc/{first}/limits")]).stdout;
    let session = [
        "systemd-run",
        "--scope",
        "--quiet",
        "--slice=user.slice",
        "prlimit",
        "--nofile=333:333",
    ];
    let own = machine
        .ok(&[&session[..], &["cat", "/proc/self/cgroup", "/proc/self/limits"]].concat())
        .stdout;
    assert!(
        own.contains("/user.slice/") && own.contains(" 333 ") && !of_unit.contains("/user.slice"),
        "{own}"
    );
    // One admin stops what another one starts.
    for verb in ["restart", "stop", "start"] {
        machine.ok(&[&session[..], &["gamectl", verb, "a"]].concat());
    }
    let pid = pid_when_running(&machine);
    assert_ne!(pid, first);
    assert_eq!(machine.control_groups(&pid), of_unit);
    assert_eq!(machine.ok(&["cat", &format!("/proc/{pid}/limits")]).stdout, limits);
    machine.power_off();
}
