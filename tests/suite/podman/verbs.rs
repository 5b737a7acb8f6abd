//! Verbs on containers and pods.

use serde_json::json;

use super::{DEAF, ENDS, SERVE, World};
use crate::support::wait_until;

#[test]
#[ignore = "needs podman"]
fn a_container_through_its_life() {
    let world = World::with(SERVE, &[]);
    assert_eq!(world.told("game"), "stopped  created, and never started");
    let started = world.result(&["start", "game"], 0);
    assert_eq!(
        (&started["state"], &started["changed"]),
        (&json!("running"), &json!(true))
    );
    let row = world.row("game");
    assert_eq!(
        (&row["state"], &row["plane"]),
        (&json!("running"), &json!("podman")),
        "{row}"
    );
    let pid = world.pid("game");
    let again = world.result(&["start", "game"], 0);
    assert_eq!(
        (&again["changed"], world.pid("game")),
        (&json!(false), pid),
        "twice is once"
    );
    let stopped = world.result(&["stop", "game"], 0);
    let found = (&stopped["state"], &stopped["changed"], &stopped["ended_by"]);
    assert_eq!(
        found,
        (&json!("stopped"), &json!(true), &json!("podman stop")),
        "{stopped}"
    );
    assert!(world.printed("game").contains("saved"), "politely");
    assert_eq!(world.told("game"), "stopped  ");
    assert_eq!(world.result(&["stop", "game"], 0)["changed"], json!(false));
    world.ok(&["restart", "game"]);
    let second = world.pid("game");
    world.ok(&["restart", "game"]);
    assert_ne!(world.pid("game"), second);
    assert_eq!(world.row("game")["state"], "running");
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn a_crash_is_told_with_its_code_until_somebody_stops_or_starts_it() {
    let world = World::with(ENDS, &[]);
    let failed = world.run(&["start", "game"]).expect_code(1);
    assert!(failed.stderr.contains("ended with exit code 3"), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("no map"),
        "its last words are shown: {}",
        failed.stderr
    );
    assert_eq!(world.told("game"), "crashed 3 game ended with exit code 3");
    assert_eq!(world.row("game")["last_exit"]["code"], 3);
    assert_eq!(world.result(&["stop", "game"], 0)["changed"], json!(true));
    assert_eq!(world.row("game")["state"], "stopped");
}

#[test]
#[ignore = "needs podman"]
fn what_is_killed_from_outside_has_crashed() {
    let world = World::with(SERVE, &[]);
    world.ok(&["start", "game"]);
    world.kill("game");
    world.wait_told("game", "crashed 137");
    world.ok(&["start", "game"]);
    assert_eq!(world.row("game")["state"], "running");
    // One whom gamectl never started, and somebody stops, has not.
    world.podman_ok(&["stop", "game"]);
    world.wait_told("game", "crashed 0");
    world.ok(&["stop", "game"]);
    world.podman_ok(&["start", "game"]);
    // It was started beside us, and the stop before that is over.
    world.wait_told("game", "running  ");
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn a_container_that_is_missing_is_unknown_and_never_stopped() {
    let world = World::with(SERVE, &[]);
    world.ok(&["start", "game"]);
    world.podman_ok(&["rename", "game", "games"]);
    let nearest = "unknown  podman has no container `game`; the nearest name is `games`";
    assert_eq!(world.told("game"), nearest);
    for verb in ["start", "stop", "status"] {
        let said = world.run(&[verb, "game"]).expect_code(4);
        assert!(
            format!("{}{}", said.stdout, said.stderr).contains("podman has no container"),
            "{said:?}"
        );
    }
    world.podman_ok(&["rename", "games", "game"]);
    assert_eq!(world.result(&["start", "game"], 0)["changed"], json!(false));
    assert_eq!(world.row("game")["state"], "running");
    // One of the same name is the instance, whoever made it.
    world.podman_ok(&["rm", "-f", "-t", "0", "game"]);
    assert!(
        world
            .told("game")
            .starts_with("unknown  podman has no container `game`")
    );
    world.create("game", &[], SERVE);
    world.wait_told("game", "crashed");
    world.ok(&["start", "game"]);
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn a_container_that_goes_with_its_stop_is_stopped() {
    let world = World::with(SERVE, &["--rm"]);
    world.ok(&["start", "game"]);
    world.ok(&["stop", "game"]);
    wait_until("podman to remove it", || {
        !world.podman(&["container", "exists", "game"]).status.success()
    });
    assert_eq!(
        world.told("game"),
        "stopped  podman has no container of container `game` any more"
    );
    world.ok(&["stop", "game"]);
    let refused = world.run(&["start", "game"]).expect_code(4);
    assert!(refused.stderr.contains("podman has no container"), "{}", refused.stderr);
}

#[test]
#[ignore = "needs podman"]
fn a_paused_container_goes_on_at_a_start_and_is_woken_for_a_stop() {
    let world = World::with(SERVE, &[]);
    world.ok(&["start", "game"]);
    let pid = world.pid("game");
    world.podman_ok(&["pause", "game"]);
    assert!(world.told("game").contains("game is paused"), "{}", world.told("game"));
    assert_eq!(world.result(&["start", "game"], 0)["changed"], json!(true));
    assert_eq!((world.pid("game"), world.told("game").as_str()), (pid, "running  "));
    world.podman_ok(&["pause", "game"]);
    let stopped = world.result(&["stop", "game"], 0);
    assert_eq!(stopped["ended_by"], "podman stop", "{stopped}");
    assert!(world.printed("game").contains("saved"), "it was no kill");
}

#[test]
#[ignore = "needs podman"]
fn a_grace_period_that_was_too_short_is_told() {
    let world = World::with(DEAF, &["--stop-timeout", "1"]);
    world.ok(&["start", "game"]);
    let stopped = world.result(&["stop", "game"], 0);
    assert_eq!(stopped["ended_by"], "kill", "{stopped}");
    let note = "game was killed: its grace period of 1 s was too short";
    assert!(world.told("game").contains(note), "{}", world.told("game"));
    // In a hurry that is no news.
    world.ok(&["start", "game"]);
    let now = world.result(&["stop", "game", "--now"], 0);
    assert_eq!(now["ended_by"], "kill", "{now}");
    assert_eq!(world.told("game"), "stopped  ");
}

#[test]
#[ignore = "needs podman"]
fn what_podman_restarts_itself_stays_stopped() {
    let world = World::with(SERVE, &["--restart", "always"]);
    world.ok(&["start", "game"]);
    let first = world.pid("game");
    world.kill("game");
    wait_until("podman to start it again", || {
        let row = world.row("game");
        row["state"] == "running" && world.pid("game") != first
    });
    let checked = world.run(&["check"]);
    assert!(
        checked.stdout.contains("podman itself restarts game"),
        "{}",
        checked.stdout
    );
    let chain = json!([{ "signal": "TERM", "wait": "20s" }]);
    world.inventory(&json!({ "game": { "podman": { "container": "game" }, "stop": chain } }));
    world.ok(&["stop", "game"]);
    assert_eq!(world.fact("game", "{{.State.Running}}"), "false");
    assert_eq!(world.told("game"), "stopped  ");
}

#[test]
#[ignore = "needs podman"]
fn a_pod_is_one_instance() {
    let world = World::new(&json!({ "dune": { "podman": { "pod": "dune" } }, "odd": { "podman": { "pod": "dun" } } }));
    world.create_pod("dune");
    assert!(world.told("dune").starts_with("stopped "), "{}", world.told("dune"));
    world.create("dune-db", &["--pod", "dune"], SERVE);
    world.create("dune-game", &["--pod", "dune"], SERVE);
    world.ok(&["start", "dune"]);
    let row = world.row("dune");
    assert_eq!(row["details"]["services"], "dune-db up, dune-game up", "{row}");
    assert_eq!(
        world.told("odd"),
        "unknown  podman has no pod `dun`; the nearest name is `dune`"
    );
    world.kill("dune-game");
    world.wait_told("dune", "crashed 137 dune-game ended with exit code 137");
    world.ok(&["start", "dune"]);
    assert_eq!(world.row("dune")["state"], "running");
    world.podman_ok(&["pause", "dune-db"]);
    let stopped = world.result(&["stop", "dune"], 0);
    assert_eq!(
        (&stopped["state"], &stopped["ended_by"]),
        (&json!("stopped"), &json!("podman stop")),
        "{stopped}"
    );
    for name in ["dune-db", "dune-game"] {
        assert!(world.printed(name).contains("saved"), "{name}");
    }
    // What podman says of a pod that was stopped while one was paused is not true.
    let left = world.podman_ok(&["ps", "--format", "{{.Names}} {{.Status}}"]);
    assert_eq!(left, "", "not even what they share");
    assert_eq!(world.told("dune"), "stopped  ");
}

#[test]
#[ignore = "needs podman"]
fn what_has_left_the_inventory_is_shown_and_stopped() {
    let world = World::with(SERVE, &[]);
    world.ok(&["start", "game"]);
    world.inventory(&json!({}));
    let row = world.row("game");
    assert_eq!(
        (&row["state"], &row["plane"]),
        (&json!("running"), &json!("podman")),
        "{row}"
    );
    world.ok(&["stop", "game"]);
    assert_eq!(world.fact("game", "{{.State.Running}}"), "false");
    assert_eq!(world.run(&["status", "--json"]).json()["instances"], json!([]));
    // Another container under the same id does not hide the one that runs.
    world.inventory(&json!({ "game": { "podman": { "container": "game" } } }));
    world.ok(&["start", "game"]);
    world.create("other", &[], SERVE);
    world.inventory(&json!({ "game": { "podman": { "container": "other" } } }));
    assert!(
        world.told("game").contains("the inventory has changed"),
        "{}",
        world.told("game")
    );
    world.ok(&["restart", "game"]);
    assert_eq!(world.fact("game", "{{.State.Running}}"), "false");
    assert_eq!(world.fact("other", "{{.State.Running}}"), "true");
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn a_container_that_cannot_be_started_says_why() {
    let world = World::new(&json!({ "game": { "podman": { "container": "game" } } }));
    world.podman_ok(&["create", "--name", "game", "--network", "none", IMAGE, "/nope"]);
    let failed = world.run(&["start", "game"]).expect_code(1);
    assert!(failed.stderr.contains("/nope"), "{}", failed.stderr);
    assert!(!world.told("game").starts_with("running"), "{}", world.told("game"));
}

#[test]
#[ignore = "needs podman"]
fn a_dry_run_touches_nothing() {
    let world = World::with(SERVE, &[]);
    let start = world.ok(&["start", "game", "--dry-run"]);
    assert!(start.stdout.contains("podman start game"), "{}", start.stdout);
    assert_eq!(world.fact("game", "{{.State.Status}}"), "created");
    world.ok(&["start", "game"]);
    let stop = world.ok(&["stop", "game", "--dry-run"]);
    assert!(stop.stdout.contains("within its own grace period"), "{}", stop.stdout);
    assert_eq!(world.row("game")["state"], "running");
    world.ok(&["stop", "game"]);
}

use super::IMAGE;
