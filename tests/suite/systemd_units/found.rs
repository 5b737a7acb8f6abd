//! `gamectl init --from-systemd`, of units that are there.

use serde_json::json;

use super::{Units, state};
use crate::support::wait_until;

#[test]
fn a_unit_that_is_there_is_written_down_and_managed() {
    let test = "a_unit_that_is_there_is_written_down_and_managed";
    let units = Units::new().add("palworld", "polite", "", &json!({}));
    let Some(machine) = units.boot(test) else { return };
    let init = |name: &str| machine.run(&["gamectl", "-f", "-", "init", "--from-systemd", name]);
    let found = init("palworld").expect_code(0).stdout;
    for part in ["palworld:", "unit: \"palworld.service\"", "scope: \"system\""] {
        assert!(found.contains(part), "{part}: {found}");
    }
    units.write("etc/gamectl/instances.yaml", &found);
    machine.ok(&["gamectl", "start", "palworld"]);
    assert_eq!(state(&machine, "palworld"), json!("running"));
    machine.ok(&["gamectl", "stop", "palworld"]);
    // A name that is nearly right, one that is none, and a unit that is no service.
    let near = init("palword").expect_code(4).stderr;
    assert!(near.contains("did you mean `palworld.service`?"), "{near}");
    let none = init("xonotic").expect_code(4).stderr;
    assert!(
        none.contains("systemd has no unit xonotic") && none.contains("list-unit-files"),
        "{none}"
    );
    let other = init("multi-user.target").expect_code(5).stderr;
    assert!(other.contains("multi-user.target is a unit, and no service"), "{other}");

    // That of a user is found by that user.
    machine.ok(&["useradd", "--create-home", "gs"]);
    machine.ok(&["loginctl", "enable-linger", "gs"]);
    wait_until("the service manager of gs", || {
        machine.run(&["ls", "/run/user/1000/bus"]).code == Some(0)
    });
    units.write("share/own.service", "[Service]\nExecStart=/bin/sleep infinity\n");
    machine.ok(&[
        "install",
        "-D",
        "-o",
        "gs",
        "/share/own.service",
        "/home/gs/.config/systemd/user/own.service",
    ]);
    let gs = |argv: &[&str]| {
        let env = [
            "runuser",
            "-u",
            "gs",
            "--",
            "env",
            "HOME=/home/gs",
            "XDG_RUNTIME_DIR=/run/user/1000",
        ];
        machine.run(&[&env[..], &["gamectl"], argv].concat())
    };
    let found = gs(&["-f", "-", "init", "--from-systemd", "own"]).expect_code(0).stdout;
    assert!(
        found.contains("unit: \"own.service\"") && found.contains("scope: \"user\""),
        "{found}"
    );
    gs(&["-f", "/home/gs/own.yaml", "init", "--from-systemd", "own"]).expect_code(0);
    gs(&["-f", "/home/gs/own.yaml", "start", "own"]).expect_code(0);
    gs(&["-f", "/home/gs/own.yaml", "stop", "own"]).expect_code(0);
    machine.power_off();
}
