//! More units than the bus of a host takes questions about at a time.

use serde_json::json;

use super::Units;

/// The bus refuses the 129th call of a connection that awaits its reply.
const UNITS: usize = 200;

/// Says `rests` once a second goes by without a wake-up of a `watch`, and `told` once it
/// has seen a unit that was killed after that.
const RESTS: &str = r#"
gamectl watch --json > /tmp/watched & watch=$!
until grep -q snapshot /tmp/watched; do sleep 0.1; done
count() { cat /proc/$watch/task/*/status | grep ^voluntary; }
until before=$(count); sleep 1; [ "$before" = "$(count)" ]; do :; done
echo rests
systemctl kill --signal KILL many@7
until grep -q '"g7".*"crashed"' /tmp/watched; do sleep 0.1; done
echo told
kill $watch
"#;

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
    // Between events nothing wakes up, and a change is told all the same.
    let watched = machine.ok(&["sh", "-c", RESTS]);
    assert_eq!(watched.stdout.trim(), "rests\ntold");
    machine.ok(&["gamectl", "stop", "--all", "-q"]);
    assert_eq!(states(), (UNITS, vec!["\"stopped\"null".to_owned()]));
    machine.power_off();
}
