//! Stops whose gamectl is killed.

use serde_json::json;

use super::{DEAF, TALKS, World};
use crate::support::{Process, wait_until};

/// Podman's own stop goes on, and is told as what it is.
#[test]
#[ignore = "needs podman"]
fn a_stop_by_podman_goes_on_without_its_caller() {
    let world = World::with(DEAF, &["--stop-timeout", "6"]);
    world.ok(&["start", "game"]);
    let stop = world.background(&["stop", "game"]);
    wait_until("podman to be stopping it", || {
        world.fact("game", "{{.State.Status}}") == "stopping"
    });
    Process::kill_and_wait(stop.pid());
    drop(stop);
    assert_eq!(world.told("game"), "stopping  ");
    // Another one waits for the same end.
    let again = world.result(&["stop", "game"], 0);
    assert_eq!(again["state"], "stopped", "{again}");
    assert_eq!(world.fact("game", "{{.State.Running}}"), "false");
    let told = world.told("game");
    assert_eq!(told, "stopped  game was killed: its grace period of 6 s was too short");
}

/// The steps of a chain end with gamectl, and nothing pretends that they go on.
#[test]
#[ignore = "needs podman"]
fn a_stop_chain_that_was_cut_short_is_told_and_finished_by_the_next_stop() {
    let world = World::with(TALKS, &["--interactive"]);
    let with = |stop: serde_json::Value| {
        world.inventory(&json!({ "game": { "podman": { "container": "game" }, "stop": stop } }));
    };
    with(json!([{ "stdin": "hello", "wait": "5m" }]));
    world.ok(&["start", "game"]);
    let stop = world.background(&["stop", "game"]);
    wait_until("its first step", || world.printed("game").contains("got hello"));
    assert_eq!(world.told("game"), "stopping  ");
    Process::kill_and_wait(stop.pid());
    drop(stop);
    let cut = "running  its stop was cut short; `gamectl stop game` finishes it";
    assert_eq!(world.told("game"), cut);
    with(json!([{ "stdin": "quit", "wait": "20s" }]));
    let stopped = world.result(&["stop", "game"], 0);
    assert_eq!(stopped["ended_by"], "stdin: quit", "{stopped}");
    assert_eq!(world.told("game"), "stopped  ");
    // A start takes it back.
    with(json!([{ "stdin": "hello", "wait": "5m" }]));
    world.ok(&["start", "game"]);
    let stop = world.background(&["stop", "game"]);
    wait_until("its first step", || {
        world.printed("game").matches("got hello").count() == 2
    });
    Process::kill_and_wait(stop.pid());
    drop(stop);
    let pid = world.pid("game");
    world.ok(&["start", "game"]);
    assert_eq!((world.told("game").as_str(), world.pid("game")), ("running  ", pid));
    world.ok(&["stop", "game", "--now"]);
}

/// A stop by somebody else is told, and waited for by a start, which podman would refuse.
#[test]
#[ignore = "needs podman"]
fn a_stop_by_somebody_else_is_told_and_outlasted() {
    let world = World::with(DEAF, &[]);
    world.ok(&["start", "game"]);
    let mut stop = world.equipped(world.sandbox.program("/usr/bin/podman"));
    let mut stop = stop.args(["stop", "-t", "600", "game"]).spawn().expect("podman");
    wait_until("podman to be stopping it", || {
        world.fact("game", "{{.State.Status}}") == "stopping"
    });
    assert_eq!(world.told("game"), "stopping  game is being stopped");
    // Its death changes nothing of that, and podman itself never finishes it.
    stop.kill().expect("kill");
    stop.wait().expect("wait");
    assert_eq!(world.told("game"), "stopping  game is being stopped");
    let late = world.run(&["start", "game", "--timeout", "1s"]).expect_code(124);
    assert!(
        late.stderr.contains("`gamectl stop game` finishes it"),
        "{}",
        late.stderr
    );
    // Once it has ended, a start goes on.
    let start = world.background(&["start", "game"]);
    let pid = world.pid("game");
    world.kill("game");
    wait_until("another run of it", || {
        !["0", &pid.to_string()].contains(&&*world.fact("game", "{{.State.Pid}}"))
    });
    wait_until("it to run", || world.told("game") == "running  ");
    drop(start);
    world.ok(&["stop", "game", "--now"]);
}
