//! Games whose shims are told to end, as systemd does at a logout and at a shutdown:
//! nobody asked for the end of the game. And real logouts, in a machine with logind.

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Instance, Machine, Outcome, Process, Sandbox, wait_until};

const TOLD: &str = "its shim got SIGTERM, and stopped it";

/// A game that ends with 0 when it is stopped, and notes what its hooks are told.
fn game(sandbox: &Sandbox, policy: &str) -> Instance {
    let note = format!("echo \"$GAMECTL_EVENT\" >>{}", sandbox.arg("notes"));
    let hook = json!({ "command": ["/bin/sh", "-c", note], "events": ["crashed", "restarted", "stopped"] });
    let game = sandbox.solitary("a").ready_log("^up$").with("on_event", json!([hook]));
    game.with("stop", json!([{ "stdin": "exit 0", "wait": "30s" }]))
        .with("restart", json!({ "policy": policy, "delay": "0s" }))
}

fn end_shim(sandbox: &Sandbox) {
    let shim = sandbox.shim("a");
    Process::signal(shim, Signal::SIGTERM);
    wait_until("the shim to be gone", || !Process::lives(shim));
}

#[test]
fn a_game_that_nobody_stopped_comes_back_whether_run_watched_or_not() {
    for policy in ["always", "on-failure", "never"] {
        for watched in [true, false] {
            let sandbox = Sandbox::new();
            sandbox.inventory(&[game(&sandbox, policy)]);
            let mut run = Background::run_json(&sandbox, &[]);
            run.sees("a", "running");
            if !watched {
                drop(run);
                end_shim(&sandbox);
                let row = sandbox.status("a");
                assert_eq!(
                    (&row["state"], &row["last_exit"]["requested"]),
                    (&json!("crashed"), &json!(false))
                );
                assert!(row["note"].as_str().is_some_and(|note| note.starts_with(TOLD)), "{row}");
                run = Background::run_json(&sandbox, &[]);
            } else {
                end_shim(&sandbox);
            }
            wait_until("the end to be told", || run.logged(&format!("crashed: {TOLD}")) == 1);
            let comes_back = policy != "never";
            if comes_back {
                run.sees("a", "running");
            } else {
                wait_until("that it is left", || run.logged("its policy is `never`") == 1);
            }
            let notes: &[&str] = if comes_back {
                &["crashed", "restarted"]
            } else {
                &["crashed"]
            };
            wait_until("its hooks", || sandbox.lines("notes") == notes);
            let row = sandbox.status("a");
            assert_eq!(
                row["restarts"],
                json!(u32::from(comes_back)),
                "{policy} {watched}: {row}"
            );
            sandbox.never_two("a");
            drop(run);
            sandbox.ok(&["stop", "a"]);
            sandbox.nothing_left();
        }
    }
}

/// The shim is already at it, and the stop is asked for all the same.
#[test]
fn a_stop_that_joins_the_end_by_a_signal_is_a_stop() {
    let sandbox = Sandbox::new();
    let chain = json!([{ "stdin": "say bye", "wait": "30s" }]);
    sandbox.inventory(&[game(&sandbox, "always").with("stop", chain)]);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    Process::signal(sandbox.shim("a"), Signal::SIGTERM);
    run.sees("a", "stopping");
    sandbox.ok(&["stop", "a", "--now"]);
    run.sees("a", "stopped");
    assert_eq!(sandbox.status("a")["last_exit"]["requested"], json!(true));
    wait_until("its hook", || sandbox.lines("notes") == ["stopped"]);
    assert_eq!(run.logged("crashed"), 0, "{}", run.text());
    drop(run);
    sandbox.nothing_left();
}

#[test]
fn nothing_comes_back_while_the_host_goes_down() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "always")]);
    sandbox.touch("down");
    let answer = format!(
        "cd {} && echo asked >>asked; [ ! -e down ] || {{ echo stopping; exit 1; }}; echo running",
        sandbox.arg(".")
    );
    let path = sandbox.stand_in("systemctl", &answer);
    let run = Background::of(sandbox.command(&["run", "--json"]).env("PATH", path));
    run.sees("a", "running");
    end_shim(&sandbox);
    run.sees("a", "crashed");
    wait_until("systemd to be asked again", || sandbox.lines("asked").len() >= 2);
    assert_eq!(
        (sandbox.state("a"), sandbox.starts("a.journal")),
        ("crashed".to_owned(), 1)
    );
    // It did not go down after all.
    std::fs::remove_file(sandbox.path("down")).expect("remove");
    run.sees("a", "running");
    drop(run);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// The inventory of the user and of root, with one game.
const INVENTORY: &str = "/etc/gamectl/instances.yaml";

/// Boots a machine with a user, `anna`, who may use sudo.
fn machine_with_user(test: &str, shared: &Path) -> Option<Machine> {
    let game = json!({ "instances": { "a": {
        "process": { "executable": "/bin/sleep", "args": ["10000"] },
        "ready": { "alive_for": "10ms" },
        "restart": { "delay": "0s" },
        "autostart": false,
    } } });
    let folder = shared.join("etc/gamectl");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("instances.yaml"), game.to_string()).expect("the inventory");
    let machine = Machine::boot(test, shared)?;
    machine.ok(&["useradd", "--create-home", "--shell=/bin/sh", "anna"]);
    let script = format!(
        "chmod 755 /etc/gamectl && chmod 644 {INVENTORY} && echo 'anna ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/anna"
    );
    machine.ok(&["sh", "-c", &script]);
    Some(machine)
}

/// Says what logind does at a logout, and whether the services of the user go on then.
fn set_up_logind(machine: &Machine, kills: bool, lingers: bool) {
    let kills = if kills { "yes" } else { "no" };
    // Without a wait for the user to come back.
    let settings = format!("[Login]\nKillUserProcesses={kills}\nUserStopDelaySec=0\n");
    let path = machine.shared("share/logind.conf");
    std::fs::write(&path, settings).expect("the settings");
    let folder = "/etc/systemd/logind.conf.d";
    let script = format!("mkdir -p {folder} && cp /share/logind.conf {folder}/ && systemctl restart systemd-logind");
    machine.ok(&["sh", "-c", &script]);
    let verb = if lingers { "enable-linger" } else { "disable-linger" };
    machine.ok(&["loginctl", verb, "anna"]);
}

/// Logs the user in, runs this, and logs the user out.
fn in_session(machine: &Machine, script: &str) -> Outcome {
    machine.ok(&["su", "-", "anna", "-c", script])
}

/// Waits until a logout has done all that it does.
fn wait_for_logout(machine: &Machine) {
    wait_until("the user to be logged out", || {
        let sessions = machine
            .run(&["loginctl", "show-user", "anna", "--property=Sessions,State"])
            .stdout;
        // A session with processes that are left alone is closing for ever.
        let is_over = sessions.is_empty() || sessions.contains("State=lingering") || sessions.contains("State=closing");
        is_over && machine.ok(&["systemctl", "list-jobs", "--no-legend"]).stdout.is_empty()
    });
}

/// In and out of the session, by the user and by sudo, and as `check` advises.
#[test]
fn check_tells_what_a_logout_does_to_a_game() {
    let shared = tempfile::tempdir().expect("a folder");
    let Some(machine) = machine_with_user("check_tells_what_a_logout_does_to_a_game", shared.path()) else {
        return;
    };
    let mut fates = Vec::new();
    for (kills, lingers) in [(false, false), (false, true), (true, false), (true, true)] {
        set_up_logind(&machine, kills, lingers);
        for prefix in [
            "",
            "systemd-run --user --scope --quiet",
            "sudo -n",
            "sudo -n systemd-run --scope --slice=system.slice --quiet",
        ] {
            let gamectl = format!("{prefix} gamectl -f {INVENTORY}");
            let script = format!("{gamectl} start -q a && {{ {gamectl} check --json || :; }}");
            let findings = in_session(&machine, &script).json()["findings"].clone();
            let about = |finding: &&Value| finding["about"] == "logout";
            let told = findings
                .as_array()
                .into_iter()
                .flatten()
                .find(about)
                .expect("a finding");
            let message = told["message"].as_str().expect("a message");
            wait_for_logout(&machine);
            let user = if prefix.starts_with("sudo") { "root" } else { "anna" };
            // Outside of any session.
            let as_user = |verb: &str| {
                let argv = ["setpriv", &format!("--reuid={user}"), "--init-groups", "--reset-env"];
                machine.run(&[&argv[..], &["gamectl", "-f", INVENTORY, "--json", verb, "a"]].concat())
            };
            let row = || as_user("status").json()["instances"][0].clone();
            let ends = message.contains("a server started here");
            if ends {
                wait_until(&format!("the end that was foretold: {told}"), || {
                    row()["state"] == "crashed"
                });
            }
            assert_eq!(
                row()["state"] == "running",
                !ends,
                "{kills} {lingers} {prefix:?}: {told}\n{}",
                row()
            );
            fates.push(ends);
            as_user("stop").expect_code(0);
            wait_for_logout(&machine);
        }
    }
    assert!(fates.contains(&true) && fates.contains(&false));
}

/// The `run` elsewhere is lost with the session, and what it wanted kept is kept.
#[test]
fn what_is_kept_for_a_run_elsewhere_outlives_the_session() {
    let shared = tempfile::tempdir().expect("a folder");
    let test = "what_is_kept_for_a_run_elsewhere_outlives_the_session";
    let Some(machine) = machine_with_user(test, shared.path()) else {
        return;
    };
    set_up_logind(&machine, true, true);
    wait_until("the service manager of anna", || {
        machine.run(&["ls", "/run/user/1000/bus"]).code == Some(0)
    });
    let game = json!({ "executable": "/bin/sleep", "args": ["10000"] });
    let game = json!({ "process": game, "ready": { "alive_for": "10ms" }, "restart": { "delay": "0s" } });
    let inventory = json!({ "instances": { "a": game } }).to_string();
    let keep = json!({ "ids": ["a"], "run": "r1", "who": "otto@elsewhere", "linger_ms": 600_000 });
    let lines = [
        json!({ "version": "0", "protocol": 1 }),
        json!({ "id": 1, "ask": { "open": { "inventory": inventory } } }),
        json!({ "id": 2, "ask": { "keep": keep } }),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(machine.shared("etc/gamectl/asks"), lines).expect("the requests");
    let serve = "(cat /etc/gamectl/asks; exec sleep 10000) | gamectl serve >answers";
    machine.ok(&["systemd-run", "--unit=login", "su", "-", "anna", "-c", serve]);
    let row = || {
        let argv = ["setpriv", "--reuid=anna", "--init-groups", "--reset-env", "gamectl"];
        let outcome = machine.run(&[&argv[..], &["-f", INVENTORY, "--json", "status", "a"]].concat());
        outcome.json()["instances"][0].clone()
    };
    wait_until("the game", || row()["state"] == "running");
    let keepers = || {
        let found = machine.run(&["pgrep", "-x", "-u", "anna", "gamectl"]).stdout;
        found.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let is_apart = |pid: &String| {
        let groups = machine.run(&["cat", &format!("/proc/{pid}/cgroup")]).stdout;
        groups.contains("/user@1000.service/gamectl.slice/gamectl.keeper.")
    };
    wait_until("a scope of the keeper", || keepers().first().is_some_and(is_apart));
    let before = keepers();
    let sessions = machine.ok(&["loginctl", "list-sessions", "--no-legend"]).stdout;
    let session = sessions.lines().find(|line| line.contains("anna"));
    let session = session
        .and_then(|line| line.split_whitespace().next())
        .expect("a session");
    machine.ok(&["loginctl", "terminate-session", session]);
    wait_for_logout(&machine);
    wait_until("another keeper", || {
        let now = keepers();
        now.len() == 1 && now != before
    });
    assert!(keepers().iter().all(is_apart), "{:?}", keepers());
    let pid = row()["pid"].clone();
    machine.ok(&["kill", "-KILL", &pid.to_string()]);
    wait_until("another game", || {
        let row = row();
        row["state"] == "running" && row["pid"] != pid
    });
    let scopes = || {
        let list = "export XDG_RUNTIME_DIR=/run/user/1000; systemctl --user list-units --plain --no-legend";
        let as_user = ["setpriv", "--reuid=anna", "--init-groups", "sh", "-c"];
        let script = format!("{list} 'gamectl.keeper.*.scope'");
        machine.ok(&[&as_user[..], &[&script]].concat()).stdout.lines().count()
    };
    assert_eq!(scopes(), 1);
    // It goes with its keeper, when somebody there takes over.
    let run = ["--uid=anna", "gamectl", "-f", INVENTORY, "run"];
    machine.ok(&[&["systemd-run", "--unit=watch"], &run[..]].concat());
    wait_until("no keeper and no scope of one", || scopes() == 0);
}

#[test]
fn run_starts_again_what_a_logout_has_ended() {
    let shared = tempfile::tempdir().expect("a folder");
    let Some(machine) = machine_with_user("run_starts_again_what_a_logout_has_ended", shared.path()) else {
        return;
    };
    set_up_logind(&machine, true, false);
    let stay = format!("gamectl -f {INVENTORY} start a && touch started; while [ ! -e leave ]; do sleep 0.1; done");
    machine.ok(&["systemd-run", "--unit=login", "su", "-", "anna", "-c", &stay]);
    wait_until("the game", || {
        machine.run(&["test", "-e", "/home/anna/started"]).code == Some(0)
    });
    let status = || {
        let argv = ["setpriv", "--reuid=anna", "--init-groups", "--reset-env", "gamectl"];
        let outcome = machine.run(&[&argv[..], &["-f", INVENTORY, "--json", "status", "a"]].concat());
        outcome.json()["instances"][0].clone()
    };
    let before = status();
    assert_eq!(before["state"], "running");
    let run = [
        "systemd-run",
        "--unit=watch",
        "--uid=anna",
        "gamectl",
        "-f",
        INVENTORY,
        "run",
    ];
    machine.ok(&run);
    let journal = || machine.ok(&["journalctl", "--unit=watch", "--output=cat"]).stdout;
    wait_until("run to watch it", || journal().contains("already running"));
    machine.ok(&["touch", "/home/anna/leave"]);
    wait_until("another game", || {
        let row = status();
        row["state"] == "running" && row["pid"] != before["pid"]
    });
    let told = journal();
    assert!(
        told.contains("crashed: its shim got SIGTERM, and stopped it, as at the end of session-"),
        "{told}"
    );
    let row = status();
    assert_eq!(row["restarts"], json!(1), "{row}");
    let cgroup = machine.control_groups(&row["pid"]);
    assert!(cgroup.contains("/system.slice/watch.service"), "{cgroup}");
}
