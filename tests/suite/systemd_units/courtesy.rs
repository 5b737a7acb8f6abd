//! Warnings, and the wait until nobody plays.

use serde_json::json;

use super::{Units, result, state};
use crate::support::{Crowd, Ear, Sandbox, wait_until};

#[test]
fn players_of_a_unit_are_warned_and_awaited() {
    let (sandbox, crowd) = (Sandbox::new(), Crowd::of(Some(2)));
    // The machine has the network of its host.
    let ear = Ear::open(&sandbox);
    let more = json!({
        "rcon": { "port": ear.port(), "password": "pw" },
        "broadcast": "tell {message}",
        "players": { "a2s": crowd.address() },
    });
    let units = Units::new().add("a", "polite", "", &more);
    let Some(machine) = units.boot("players_of_a_unit_are_warned_and_awaited") else {
        return;
    };
    let gamectl = |argv: &[&str]| machine.ok(&[&["gamectl"], argv, &["--json"]].concat());
    gamectl(&["start", "a"]);
    let restart = result(&gamectl(&["restart", "a", "--warn", "1s"]));
    assert_eq!(
        (&restart["ok"], &restart["changed"]),
        (&json!(true), &json!(true)),
        "{restart}"
    );
    assert_eq!(ear.heard(), ["tell Restart in 1 second"]);
    machine.ok(&[
        "systemd-run",
        "--quiet",
        "--unit=waits",
        "gamectl",
        "stop",
        "a",
        "--when-empty",
    ]);
    wait_until("its note", || {
        let note = machine.row("a")["note"].as_str().unwrap_or_default().to_owned();
        note.contains("stop once nobody plays")
    });
    crowd.counted(2);
    assert_eq!(state(&machine, "a"), "running");
    crowd.set(Some(0));
    wait_until("the end of it", || state(&machine, "a") == "stopped");
    assert_eq!(ear.heard().len(), 1, "nobody was left to be told");
}
