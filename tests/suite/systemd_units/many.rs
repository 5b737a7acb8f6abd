//! More units than the bus of a host takes questions about at a time.

use serde_json::json;

use super::Units;

/// The bus refuses the 129th call of a connection that awaits its reply.
const UNITS: usize = 200;

#[test]
fn two_hundred_units_are_looked_at_at_once() {
    let mut units = Units::new();
    units.write(
        "etc/systemd/system/many@.service",
        "[Service]\nExecStart=/bin/sleep infinity\n",
    );
    for number in 0..UNITS {
        units = units.instance(
            &format!("g{number}"),
            &json!({ "unit": format!("many@{number}.service") }),
        );
    }
    let Some(machine) = units.boot("two_hundred_units_are_looked_at_at_once") else {
        return;
    };
    let states = || {
        let told = machine.run(&["gamectl", "status", "--json"]).json();
        let rows = told["instances"].as_array().expect("rows").clone();
        let mut states: Vec<String> = rows
            .iter()
            .map(|row| format!("{}{}", row["state"], row["note"]))
            .collect();
        states.sort();
        states.dedup();
        (rows.len(), states)
    };
    assert_eq!(states(), (UNITS, vec!["\"stopped\"null".to_owned()]));
    machine.ok(&["gamectl", "start", "--all", "-q"]);
    assert_eq!(states(), (UNITS, vec!["\"running\"null".to_owned()]));
    machine.ok(&["gamectl", "stop", "--all", "-q"]);
    assert_eq!(states(), (UNITS, vec!["\"stopped\"null".to_owned()]));
    machine.power_off();
}
