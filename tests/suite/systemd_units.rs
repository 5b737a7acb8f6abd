//! Units of a systemd that has really booted, as instances.

mod absent;
mod bound;
mod courtesy;
mod ends;
mod found;
mod many;

use serde_json::{Map, Value, json};

use crate::support::{Machine, Outcome, free_port, wait_until};

/// A game that lives until it is told by a file with which code to end. Polite, it saves
/// for half a second at SIGTERM; stubborn, it goes on. It says that it is ready once there
/// is a file for that.
const GAME: &str = r#"#!/bin/bash
case $1 in
polite) trap 'echo saving; sleep 0.5; echo saved; exit 0' TERM ;;
stubborn) trap '' TERM ;;
esac
echo "$2 is up as $1"
while :; do
    if [ -e "/share/end-$2" ]; then
        code=$(cat "/share/end-$2")
        rm "/share/end-$2"
        exit "$code"
    fi
    if [ "$1" = notifying ] && [ -e "/share/ready-$2" ]; then
        systemd-notify --ready
        rm "/share/ready-$2"
    fi
    sleep 0.02
done
"#;

/// Writes units, and an inventory of them.
struct Units {
    folder: tempfile::TempDir,
    instances: Map<String, Value>,
}

impl Units {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let units = Self {
            folder,
            instances: Map::new(),
        };
        units.write("share/game", GAME);
        units
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("its folder")).expect("its folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Adds a unit with a game of this mood, and its instance with more keys.
    fn add(mut self, id: &str, mood: &str, service: &str, more: &Value) -> Self {
        let unit = format!(
            "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=3\n\
             [Service]\nExecStart=/bin/bash /share/game {mood} {id}\n{service}\n\
             [Install]\nWantedBy=multi-user.target\n"
        );
        self.write(&format!("etc/systemd/system/{id}.service"), &unit);
        let mut instance = json!({ "systemd": { "unit": format!("{id}.service") }, "restart": { "delay": "0s" } });
        let keys = more.as_object().expect("keys").clone();
        instance.as_object_mut().expect("an instance").extend(keys);
        self.instances.insert(id.to_owned(), instance);
        self
    }

    /// Adds an instance whose unit is not written here.
    fn instance(mut self, id: &str, section: &Value) -> Self {
        self.instances.insert(id.to_owned(), json!({ "systemd": section }));
        self
    }

    fn boot(&self, test: &str) -> Option<Machine> {
        let inventory = json!({ "instances": self.instances }).to_string();
        self.write("etc/gamectl/instances.yaml", &inventory);
        Machine::boot(test, self.folder.path())
    }

    /// Has the game of an instance end with a code.
    fn end(&self, id: &str, code: i32) {
        self.write(&format!("share/.end-{id}"), &code.to_string());
        let share = self.folder.path().join("share");
        std::fs::rename(share.join(format!(".end-{id}")), share.join(format!("end-{id}"))).expect("to end it");
    }
}

fn state(machine: &Machine, id: &str) -> Value {
    machine.row(id)["state"].clone()
}

fn result(outcome: &Outcome) -> Value {
    outcome.json()["results"][0].clone()
}

fn show(machine: &Machine, unit: &str, property: &str) -> String {
    let shown = machine
        .ok(&["systemctl", "show", "--value", "--property", property, unit])
        .stdout;
    shown.trim().to_owned()
}

#[test]
fn a_unit_is_started_stopped_and_restarted_by_systemd() {
    let test = "a_unit_is_started_stopped_and_restarted_by_systemd";
    let units = Units::new()
        .add("polite", "polite", "KillMode=mixed", &json!({}))
        .add("stubborn", "stubborn", "TimeoutStopSec=1s", &json!({}))
        .add("told", "notifying", "Type=notify\nNotifyAccess=all", &json!({}))
        .add(
            "chain",
            "stubborn",
            "Restart=always\nRestartSec=20ms\nTimeoutStopSec=1s",
            &json!({ "stop": [
                { "exec": ["/bin/sh", "-c", "exit 7"] },
                { "exec": ["/bin/sh", "-c", "echo 0 >/share/end-chain"], "wait": "20s" },
            ] }),
        );
    let Some(machine) = units.boot(test) else { return };
    let gamectl = |argv: &[&str]| machine.ok(&[&["gamectl"], argv, &["--json"]].concat());
    // systemd forgets how a unit has ended that is not enabled.
    machine.ok(&["systemctl", "enable", "--quiet", "polite"]);

    let row = machine.row("polite");
    assert_eq!(
        (&row["state"], &row["plane"]),
        (&json!("stopped"), &json!("systemd")),
        "{row}"
    );
    for changed in [true, false] {
        let started = result(&gamectl(&["start", "polite"]));
        assert_eq!(
            (&started["state"], &started["changed"]),
            (&json!("running"), &json!(changed))
        );
    }
    let row = machine.row("polite");
    assert_eq!(row["pid"].to_string(), show(&machine, "polite", "MainPID"));
    assert_eq!(
        row["details"]["invocation"],
        json!(show(&machine, "polite", "InvocationID"))
    );
    let restarted = result(&gamectl(&["restart", "polite"]));
    assert_eq!(restarted["ended_by"], json!("systemctl stop"), "{restarted}");
    assert_ne!(machine.row("polite")["pid"], row["pid"]);
    for changed in [true, false] {
        let stopped = result(&gamectl(&["stop", "polite"]));
        assert_eq!(
            (&stopped["state"], &stopped["changed"]),
            (&json!("stopped"), &json!(changed))
        );
    }
    let row = machine.row("polite");
    assert_eq!(
        (&row["state"], &row["last_exit"]["requested"]),
        (&json!("stopped"), &json!(true)),
        "{row}"
    );

    // What its processes have printed, and not what systemd says of it.
    let printed = machine.ok(&["gamectl", "logs", "-n", "5", "polite"]).stdout;
    assert_eq!(printed, "saving\nsaved\npolite is up as polite\nsaving\nsaved\n");

    gamectl(&["start", "stubborn"]);
    let killed = result(&gamectl(&["stop", "stubborn"]));
    assert_eq!(
        (&killed["state"], &killed["ended_by"], &killed["note"]),
        (
            &json!("stopped"),
            &json!("kill"),
            &json!("systemd killed it: it did not end within TimeoutStopSec=1s")
        )
    );
    assert_eq!(show(&machine, "stubborn", "Result"), "timeout");
    let row = machine.row("stubborn");
    assert_eq!(
        (&row["state"], &row["note"]),
        (&json!("stopped"), &killed["note"]),
        "{row}"
    );
    gamectl(&["start", "stubborn"]);
    let now = result(&gamectl(&["stop", "--now", "stubborn"]));
    assert_eq!(
        (&now["state"], &now["ended_by"]),
        (&json!("stopped"), &json!("kill")),
        "{now}"
    );

    // systemd is told by the game itself when it is ready.
    gamectl(&["start", "--no-wait", "told"]);
    assert_eq!(state(&machine, "told"), json!("starting"));
    units.write("share/ready-told", "");
    wait_until("it to be ready", || state(&machine, "told") == json!("running"));

    // It would be restarted by systemd after the chain.
    gamectl(&["start", "chain"]);
    let stopped = result(&gamectl(&["stop", "chain"]));
    assert_eq!(stopped["ended_by"], json!("exec: /bin/sh"), "{stopped}");
    let note = stopped["note"].as_str().expect("a note");
    assert!(
        note.starts_with("exec: /bin/sh failed: it ended with exit status: 7"),
        "{note}"
    );
    assert_eq!(show(&machine, "chain", "ActiveState"), "inactive");
    assert_eq!(state(&machine, "chain"), json!("stopped"));
    machine.power_off();
}

#[test]
fn the_ends_of_units_are_told_apart() {
    let test = "the_ends_of_units_are_told_apart";
    let units = Units::new()
        .add("plain", "polite", "", &json!({}))
        .add("auto", "polite", "Restart=on-failure\nRestartSec=1h", &json!({}))
        .add("limited", "polite", "Restart=always\nRestartSec=0", &json!({}))
        .add("late", "notifying", "Type=notify\nTimeoutStartSec=1s", &json!({}))
        .add("nowhere", "polite", "ExecStart=\nExecStart=/nowhere", &json!({}))
        .add("masked", "polite", "", &json!({}))
        .instance("absent", &json!({ "unit": "plian.service" }));
    let Some(machine) = units.boot(test) else { return };
    let gamectl = |argv: &[&str]| machine.run(&[&["gamectl"], argv].concat());

    gamectl(&["start", "plain", "auto", "limited"]).expect_code(0);
    units.end("plain", 3);
    wait_until("its crash", || state(&machine, "plain") == json!("crashed"));
    let row = machine.row("plain");
    assert_eq!(
        (&row["exit_code"], &row["note"]),
        (&json!(3), &json!("exit code 3")),
        "{row}"
    );
    assert_eq!(row["last_exit"]["requested"], json!(false));
    gamectl(&["start", "plain"]).expect_code(0);
    let pid = machine.row("plain")["pid"].to_string();
    machine.ok(&["kill", "-KILL", &pid]);
    wait_until("its crash", || state(&machine, "plain") == json!("crashed"));
    let row = machine.row("plain");
    assert_eq!(
        (&row["last_exit"]["signal"], &row["note"]),
        (&json!("SIGKILL"), &json!("killed by SIGKILL")),
        "{row}"
    );
    // A stop acknowledges it.
    assert!(
        gamectl(&["stop", "plain"])
            .expect_code(0)
            .stdout
            .contains("it had crashed: killed by SIGKILL")
    );
    assert_eq!(state(&machine, "plain"), json!("stopped"));
    gamectl(&["start", "plain"]).expect_code(0);
    machine.ok(&["systemctl", "stop", "plain"]);
    let row = machine.row("plain");
    assert_eq!(
        (&row["state"], &row["intent"], &row["note"]),
        (
            &json!("stopped"),
            &json!("running"),
            &json!(
                "it ended without a failure, of itself or through systemd, \
                 which forgets a unit that is not enabled"
            )
        )
    );

    units.end("auto", 4);
    wait_until("its crash", || state(&machine, "auto") == json!("crashed"));
    let row = machine.row("auto");
    assert_eq!(
        row["note"],
        json!("exit code 4; systemd restarts it 1h after its end"),
        "{row}"
    );
    // A start by hand does not wait for that, and neither does a stop.
    gamectl(&["start", "auto"]).expect_code(0);
    assert_eq!(machine.row("auto")["state"], json!("running"));
    units.end("auto", 4);
    wait_until("its crash", || state(&machine, "auto") == json!("crashed"));
    gamectl(&["stop", "auto"]).expect_code(0);
    assert_eq!(state(&machine, "auto"), json!("stopped"));

    for restarts in 1..=2 {
        units.end("limited", 5);
        wait_until("its restart by systemd", || {
            let row = machine.row("limited");
            row["restarts"] == json!(restarts) && row["state"] == json!("running")
        });
    }
    units.end("limited", 5);
    wait_until("systemd to give up", || {
        show(&machine, "limited", "ActiveState") == "failed"
    });
    let row = machine.row("limited");
    assert_eq!(row["state"], json!("crashed"), "{row}");
    let note = row["note"].as_str().expect("a note");
    assert!(
        note.contains("`systemctl reset-failed limited.service`, or a start by hand"),
        "{note}"
    );
    gamectl(&["start", "limited"]).expect_code(0);
    assert_eq!(state(&machine, "limited"), json!("running"));

    for (id, code, said) in [
        (
            "late",
            1,
            "it was not ready within TimeoutStartSec=1s, and systemd ended it, before it was ready",
        ),
        (
            "nowhere",
            1,
            "systemd could not start it: its program cannot be executed (203), before it was ready",
        ),
        ("absent", 4, "there is no unit plian.service"),
    ] {
        let failed = gamectl(&["start", id]).expect_code(code);
        assert!(failed.stderr.contains(said), "{id}: {failed:?}");
    }
    let unknown = gamectl(&["status", "absent"]).expect_code(4).stdout;
    assert!(unknown.contains("did you mean `plain.service`?"), "{unknown}");
    let unit = units.folder.path().join("etc/systemd/system/masked.service");
    std::fs::remove_file(&unit).expect("the unit");
    machine.ok(&["systemctl", "mask", "masked.service"]);
    let failed = gamectl(&["start", "masked"]).expect_code(1).stderr;
    assert!(
        failed.contains("masked") && failed.contains("`systemctl unmask masked.service`"),
        "{failed}"
    );

    let told = gamectl(&["check"]).stdout;
    for line in [
        "there is no unit plian.service",
        "masked.service is masked",
        "plain.service is disabled: systemd does not start it when the host boots",
        "systemd itself restarts it, by Restart=on-failure: `run` leaves that to systemd",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    machine.power_off();
}

/// `run` restarts what systemd does not, and leaves the rest to it.
#[test]
fn a_unit_is_restarted_by_run_or_by_systemd_and_never_by_both() {
    let test = "a_unit_is_restarted_by_run_or_by_systemd_and_never_by_both";
    let units = Units::new().add("ours", "polite", "", &json!({})).add(
        "theirs",
        "polite",
        "Restart=always\nRestartSec=300ms",
        &json!({}),
    );
    let unit = std::fs::read_to_string("packaging/gamectl.service").expect("the unit");
    units.write("etc/systemd/system/games.service", &unit);
    let Some(machine) = units.boot(test) else { return };
    let journal = || machine.ok(&["journalctl", "--unit=games", "--output=cat"]).stdout;
    let runs = |id: &str| state(&machine, id) == json!("running");
    machine.ok(&["systemctl", "start", "games"]);
    wait_until("both to run", || runs("ours") && runs("theirs"));
    let pids = ["ours", "theirs"].map(|id| machine.row(id)["pid"].clone());

    units.end("ours", 3);
    wait_until("`run` to restart it", || {
        let row = machine.row("ours");
        row["state"] == json!("running") && row["pid"] != pids[0]
    });
    assert_eq!(
        (
            machine.row("ours")["restarts"].clone(),
            show(&machine, "ours", "NRestarts")
        ),
        (json!(1), "0".into())
    );
    units.end("theirs", 4);
    wait_until("systemd to restart it", || {
        let row = machine.row("theirs");
        row["state"] == json!("running") && row["pid"] != pids[1]
    });
    assert_eq!(show(&machine, "theirs", "NRestarts"), "1");
    wait_until("`run` to tell it", || {
        journal().contains("theirs: crashed: exit code 4; systemd restarts it 300ms after its end")
    });
    wait_until("`run` to tell it", || journal().contains("ours: started again"));
    assert!(!journal().contains("theirs: started again"), "{}", journal());

    // A stop through systemd stays one until somebody starts it.
    machine.ok(&["systemctl", "stop", "ours"]);
    wait_until("`run` to tell it", || {
        journal().contains("ours: stopped: it was stopped through systemd")
    });
    machine.ok(&["systemctl", "daemon-reexec"]);
    machine.ok(&["gamectl", "start", "ours"]);
    units.end("ours", 3);
    wait_until("`run` to see the crash after systemd was started anew", || {
        runs("ours") && machine.row("ours")["restarts"] == json!(1)
    });
    machine.ok(&["gamectl", "stop", "--all"]);
    machine.power_off();
}

/// systemd has the whole of a user's service manager, whoever asks.
#[test]
fn a_unit_of_a_user_is_managed_by_him_and_by_root() {
    let test = "a_unit_of_a_user_is_managed_by_him_and_by_root";
    let units = Units::new().instance("own", &json!({ "unit": "own.service", "user": "gs" }));
    let Some(machine) = units.boot(test) else { return };
    machine.ok(&["useradd", "--create-home", "gs"]);
    machine.ok(&["chmod", "755", "/etc/gamectl"]);
    machine.ok(&["chmod", "777", "/share"]);
    let unit = "[Service]\nExecStart=/bin/bash /share/game polite own\n";
    units.write("share/own.service", unit);
    machine.ok(&[
        "install",
        "-D",
        "-o",
        "gs",
        "/share/own.service",
        "/home/gs/.config/systemd/user/own.service",
    ]);
    let gs = |argv: &[&str]| machine.run(&[&["runuser", "-u", "gs", "--", "env", "HOME=/home/gs"], argv].concat());

    let unknown = machine.run(&["gamectl", "status", "own"]).expect_code(4).stdout;
    assert!(
        unknown.contains("no service manager of gs runs") && unknown.contains("`loginctl enable-linger gs`"),
        "{unknown}"
    );
    machine.ok(&["loginctl", "enable-linger", "gs"]);
    wait_until("the service manager of gs", || {
        machine.run(&["ls", "/run/user/1000/bus"]).code == Some(0)
    });
    machine.ok(&["gamectl", "start", "own"]);
    let row = machine.row("own");
    let groups = machine.control_groups(&row["pid"]);
    assert!(groups.contains("/user@1000.service/app.slice/own.service"), "{groups}");
    assert_eq!(machine.ok(&["gamectl", "logs", "own"]).stdout, "own is up as polite\n");
    gs(&["gamectl", "stop", "own"]).expect_code(0);
    assert_eq!(state(&machine, "own"), json!("stopped"));
    gs(&["gamectl", "start", "own"]).expect_code(0);
    assert_eq!(
        gs(&["gamectl", "logs", "-n", "1", "own"]).expect_code(0).stdout,
        "own is up as polite\n"
    );

    machine.ok(&["useradd", "--create-home", "other"]);
    let other = ["runuser", "-u", "other", "--", "env", "HOME=/home/other", "gamectl"];
    let unknown = machine
        .run(&[&other[..], &["status", "own"]].concat())
        .expect_code(4)
        .stdout;
    assert!(
        unknown.contains("the service manager of gs may be asked only by gs and by root"),
        "{unknown}"
    );
    machine.power_off();
}

/// A unit of the system is started by those who may; others are told how.
#[test]
fn who_may_not_start_a_unit_is_told_how() {
    let test = "who_may_not_start_a_unit_is_told_how";
    let units = Units::new().add("polite", "polite", "", &json!({}));
    let Some(machine) = units.boot(test) else { return };
    machine.ok(&["useradd", "--create-home", "gs"]);
    machine.ok(&["chmod", "755", "/etc/gamectl"]);
    let gs = |argv: &[&str]| {
        machine.run(&[&["runuser", "-u", "gs", "--", "env", "HOME=/home/gs", "gamectl"], argv].concat())
    };
    gs(&["status", "polite"]).expect_code(3);
    let failed = gs(&["start", "polite"]).expect_code(1).stderr;
    assert!(
        failed.contains("systemd does not let you start polite.service"),
        "{failed}"
    );
    assert!(failed.contains("`sudo gamectl start polite`"), "{failed}");

    machine.power_off();
}

/// systemd has a connection of its own to the bus, and comes back to it.
#[test]
fn a_bus_that_goes_away_and_comes_back_is_followed_again() {
    let test = "a_bus_that_goes_away_and_comes_back_is_followed_again";
    let units = Units::new().add("ours", "polite", "", &json!({}));
    let unit = std::fs::read_to_string("packaging/gamectl.service").expect("the unit");
    units.write("etc/systemd/system/games.service", &unit);
    let Some(machine) = units.boot(test) else { return };
    machine.ok(&["systemctl", "start", "games"]);
    wait_until("it to run", || state(&machine, "ours") == json!("running"));
    machine.ok(&["systemctl", "restart", "dbus"]);
    units.end("ours", 3);
    wait_until("`run` to restart it", || {
        let row = machine.row("ours");
        row["state"] == json!("running") && row["restarts"] == json!(1)
    });
    machine.ok(&["systemctl", "stop", "dbus.socket", "dbus.service"]);
    let unknown = machine.run(&["gamectl", "status", "ours"]).expect_code(4).stdout;
    assert!(
        unknown.contains("there is no systemd to ask; is its D-Bus there? `systemctl status dbus.socket`"),
        "{unknown}"
    );
    machine.ok(&["systemctl", "start", "dbus"]);
    wait_until("the bus", || state(&machine, "ours") == json!("running"));
    machine.power_off();
}

/// Listens at the port that it is given.
const LISTENER: &str = "use IO::Socket::INET; \
    my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], ReuseAddr => 1) or die; \
    while (my $c = $s->accept) { close $c }";

#[test]
fn a_port_counts_for_a_unit_only_where_the_unit_has_it() {
    let test = "a_port_counts_for_a_unit_only_where_the_unit_has_it";
    let port = free_port();
    let ready = json!({ "ready": { "tcp": format!("127.0.0.1:{port}") } });
    let units = Units::new().add("deaf", "polite", "", &ready).add(
        "listens",
        "polite",
        &format!("ExecStart=\nExecStart=/usr/bin/perl /share/listener {port}"),
        &ready,
    );
    units.write("share/listener", LISTENER);
    let Some(machine) = units.boot(test) else { return };
    let listener = [
        "systemd-run",
        "--quiet",
        "--unit=other",
        "/usr/bin/perl",
        "/share/listener",
    ];
    machine.ok(&[&listener[..], &[&port.to_string()]].concat());
    let late = machine
        .run(&["gamectl", "start", "--timeout", "3s", "deaf"])
        .expect_code(124)
        .stderr;
    assert!(
        late.contains(&format!("not ready after 3s: ready (tcp 127.0.0.1:{port}")),
        "{late}"
    );
    assert_eq!(state(&machine, "deaf"), json!("starting"));
    machine.ok(&["systemctl", "stop", "other"]);
    machine.ok(&["gamectl", "start", "listens"]);
    assert_eq!(state(&machine, "listens"), json!("running"));
    assert_eq!(state(&machine, "deaf"), json!("starting"));
    machine.power_off();
}

/// The unit that podman 5 makes of a `.container` file, with another program in it: the
/// podman of Debian 12 has no generator.
const QUADLET: &str = r#"#!/bin/sh
cat >"$1/pal.service" <<'END'
[Unit]
Wants=network-online.target
After=network-online.target
SourcePath=/etc/containers/systemd/pal.container
RequiresMountsFor=%t/containers
[Service]
Environment=PODMAN_SYSTEMD_UNIT=%n
KillMode=mixed
Delegate=yes
Type=notify
NotifyAccess=all
SyslogIdentifier=%N
ExecStart=/bin/bash /share/game notifying pal
END
"#;

#[test]
fn a_quadlet_is_a_unit_like_others() {
    let test = "a_quadlet_is_a_unit_like_others";
    let units = Units::new().instance("pal", &json!({ "unit": "pal" }));
    units.write("share/quadlet", QUADLET);
    let Some(machine) = units.boot(test) else { return };
    machine.ok(&[
        "install",
        "-D",
        "/share/quadlet",
        "/etc/systemd/system-generators/quadlet",
    ]);
    machine.ok(&["systemctl", "daemon-reload"]);
    let told = machine.run(&["gamectl", "check"]).stdout;
    let line = "systemd has pal.service, made from /etc/containers/systemd/pal.container, and calls it generated";
    assert!(told.contains(line), "{told}");
    units.write("share/ready-pal", "");
    machine.ok(&["gamectl", "start", "pal"]);
    assert_eq!(state(&machine, "pal"), json!("running"));
    machine.ok(&["gamectl", "stop", "pal"]);
    assert_eq!(state(&machine, "pal"), json!("stopped"));
    machine.power_off();
}
