//! Units that other units are bound to, and stops that are cut short.

use serde_json::{Value, json};

use super::{Units, result, show, state};
use crate::support::{Machine, wait_until};

fn pid(machine: &Machine, unit: &str) -> String {
    show(machine, unit, "MainPID")
}

/// A unit of the system, that belongs to another one in this way.
fn belonging(units: &Units, name: &str, how: &str) {
    let unit = format!("[Unit]\n{how}\n[Service]\nExecStart=/bin/sleep infinity\n");
    units.write(&format!("etc/systemd/system/{name}.service"), &unit);
}

/// `systemctl restart` restarts what requires a unit. A stop and then a start would leave
/// it down.
#[test]
fn what_went_down_with_a_unit_comes_back_with_its_restart() {
    let test = "what_went_down_with_a_unit_comes_back_with_its_restart";
    let chain = json!({ "stop": [{ "exec": ["/bin/sh", "-c", "echo 0 >/share/end-chain"], "wait": "20s" }] });
    let units = Units::new()
        .add("plain", "polite", "", &json!({}))
        .add("chain", "polite", "", &chain);
    for id in ["plain", "chain"] {
        for (name, how) in [
            ("bound", format!("BindsTo={id}.service\nAfter={id}.service")),
            ("part", format!("PartOf={id}.service\nAfter={id}.service")),
            ("idle", format!("PartOf={id}.service")),
            ("near", format!("After={id}.service")),
        ] {
            belonging(&units, &format!("{name}-{id}"), &how);
        }
    }
    let Some(machine) = units.boot(test) else { return };
    let gamectl = |argv: &[&str]| machine.ok(&[&["gamectl"], argv, &["--json"]].concat());
    for id in ["plain", "chain"] {
        let [bound, part, idle, near] = ["bound", "part", "idle", "near"].map(|name| format!("{name}-{id}.service"));
        gamectl(&["start", id]);
        machine.ok(&["systemctl", "start", &bound, &part, &near]);
        let before = [&bound, &part, &near].map(|unit| pid(&machine, unit));
        let note = result(&gamectl(&["restart", id]))["note"].clone();
        assert_eq!(
            note,
            json!(format!("systemd starts again with it: {bound}, {part}")),
            "{id}"
        );
        wait_until("both to be back", || {
            [&bound, &part]
                .iter()
                .all(|unit| show(&machine, unit, "ActiveState") == "active")
        });
        let after = [&bound, &part, &near].map(|unit| pid(&machine, unit));
        assert!(before[0] != after[0] && before[1] != after[1], "{before:?} {after:?}");
        assert_eq!(before[2], after[2], "this one has nothing to do with it");
        assert_eq!(show(&machine, &idle, "ActiveState"), "inactive", "it was down");
        // A stop and a start are what systemd makes of them.
        let note = result(&gamectl(&["stop", id]))["note"].clone();
        assert_eq!(
            note,
            json!(format!("systemd has stopped with it: {bound}, {part}")),
            "{id}"
        );
        assert_eq!(result(&gamectl(&["start", id]))["note"], Value::Null);
        assert_eq!(show(&machine, &part, "ActiveState"), "inactive");
        gamectl(&["restart", id]);
        assert_eq!(show(&machine, &part, "ActiveState"), "inactive", "it was down before");
    }
    machine.power_off();
}

/// systemd counts the starts by hand, too, and would refuse the fourth one here.
#[test]
fn a_unit_is_started_by_hand_as_often_as_somebody_likes() {
    let test = "a_unit_is_started_by_hand_as_often_as_somebody_likes";
    let units = Units::new().add("game", "polite", "", &json!({}));
    let Some(machine) = units.boot(test) else { return };
    machine.ok(&["gamectl", "start", "game"]);
    for _ in 0..5 {
        machine.ok(&["gamectl", "restart", "game"]);
    }
    assert_eq!(show(&machine, "game", "StartLimitBurst"), "3");
    machine.power_off();
}

/// The steps of a chain end with gamectl, and nothing pretends that they go on.
#[test]
fn a_stop_chain_of_a_unit_that_was_cut_short_is_told_and_finished() {
    let test = "a_stop_chain_of_a_unit_that_was_cut_short_is_told_and_finished";
    let slow = json!({ "stop": [{ "exec": ["/bin/touch", "/share/begun"], "wait": "5m" }] });
    let units = Units::new().add("game", "polite", "", &slow);
    let Some(machine) = units.boot(test) else { return };
    let begun = units.folder.path().join("share/begun");
    machine.ok(&["gamectl", "start", "game"]);
    let cut = |unit: &str| {
        let _ = std::fs::remove_file(&begun);
        machine.ok(&[
            "systemd-run",
            "--quiet",
            &format!("--unit={unit}"),
            "gamectl",
            "stop",
            "game",
        ]);
        wait_until("its first step", || begun.exists());
        wait_until("it to be told", || state(&machine, "game") == json!("stopping"));
        machine.ok(&["systemctl", "kill", "--signal=KILL", unit]);
        wait_until("its end", || {
            show(&machine, unit, "MainPID") == "0" || show(&machine, unit, "MainPID").is_empty()
        });
        let row = machine.row("game");
        assert_eq!(
            (&row["state"], &row["note"]),
            (
                &json!("running"),
                &json!("its stop was cut short; `gamectl stop game` finishes it")
            ),
            "{row}"
        );
    };
    cut("first");
    // A start takes it back, and changes nothing.
    let started = result(&machine.ok(&["gamectl", "start", "game", "--json"]));
    assert_eq!(started["changed"], json!(false), "{started}");
    assert_eq!(machine.row("game")["note"], Value::Null);
    cut("second");
    let stopped = result(&machine.ok(&["gamectl", "stop", "game", "--now", "--json"]));
    assert_eq!(stopped["state"], json!("stopped"), "{stopped}");
    assert_eq!(machine.row("game")["note"], Value::Null);
    machine.power_off();
}
