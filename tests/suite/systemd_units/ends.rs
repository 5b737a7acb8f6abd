//! Units that the kernel or systemd ends.

use std::path::Path;

use serde_json::{Value, json};

use super::{Units, show, state};
use crate::oom::Group;
use crate::support::{not_run, say, wait_until};

/// Tells systemd that it is well until there is a file.
const WATCHED: &str = "systemd-notify --ready\n\
    while [ ! -e /share/hang ]; do systemd-notify WATCHDOG=1; sleep 0.1; done\n\
    while :; do sleep 1; done\n";

#[test]
fn a_unit_that_gives_no_sign_of_life_has_crashed() {
    let test = "a_unit_that_gives_no_sign_of_life_has_crashed";
    let service = "Type=notify\nNotifyAccess=all\nWatchdogSec=10s\nExecStart=\nExecStart=/bin/bash /share/watched";
    let units = Units::new().add("hangs", "polite", service, &json!({}));
    units.write("share/watched", WATCHED);
    let Some(machine) = units.boot(test) else { return };
    machine.ok(&["gamectl", "start", "hangs"]);
    units.write("share/hang", "");
    wait_until("systemd to lose patience", || {
        state(&machine, "hangs") == json!("crashed")
    });
    let row = machine.row("hangs");
    assert_eq!(
        (
            &row["note"],
            &row["last_exit"]["signal"],
            &row["last_exit"]["requested"]
        ),
        (
            &json!("systemd killed it: it gave no sign of life within WatchdogSec="),
            &json!("SIGABRT"),
            &json!(false)
        ),
        "{row}"
    );
    machine.power_off();
}

/// Takes all memory once there is a file.
const HOG: &str =
    "echo up; while [ ! -e /share/hog ]; do sleep 0.05; done; x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done\n";

/// In a control group of this host, since that of the machine may have no limits. systemd
/// itself sees only what becomes of groups of version 2.
#[test]
fn a_unit_that_takes_too_much_memory_has_crashed() {
    let test = "a_unit_that_takes_too_much_memory_has_crashed";
    if !Path::new("/sys/fs/cgroup/memory/tasks").exists() {
        return say(&format!("NOT RUN, systemd would lose sight of what is moved: {test}\n"));
    }
    let name = format!("gamectl-hog-{}", std::process::id());
    let Ok(group) = Group::make(&name, 32) else {
        return not_run(test, "no control group can be made", "GAMECTL_TEST_OOM");
    };
    let service = "ExecStart=\nExecStart=/bin/bash /share/hog-game";
    let units = Units::new().add("hog", "polite", service, &json!({}));
    units.write("share/hog-game", HOG);
    let Some(machine) = units.boot(test) else { return };
    machine.ok(&["gamectl", "start", "hog"]);
    let pid = machine.row("hog")["pid"].as_i64().and_then(|pid| pid.try_into().ok());
    let pid = machine.host_pid(pid.expect("a pid")).expect("its pid here");
    group.take(pid).expect("to move it");
    units.write("share/hog", "");
    wait_until("the kernel to end it", || state(&machine, "hog") == json!("crashed"));
    let row = machine.row("hog");
    let is_known = show(&machine, "hog", "Result") == "oom-kill";
    assert_eq!(
        (&row["last_exit"]["signal"], &row["last_exit"]["oom_killed"]),
        (&json!("SIGKILL"), &Value::Bool(is_known)),
        "{row}"
    );
    machine.power_off();
}
