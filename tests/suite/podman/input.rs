//! Input, output, and the steps of a stop chain.

use serde_json::json;

use super::{DEAF, TALKS, World};
use crate::support::wait_until;

#[test]
#[ignore = "needs podman"]
fn lines_reach_a_game_and_its_input_stays_open() {
    let world = World::with(TALKS, &["--interactive"]);
    let early = world.run(&["send", "game", "hello"]).expect_code(3);
    assert!(early.stderr.contains("does not run"), "{}", early.stderr);
    world.ok(&["start", "game"]);
    for line in ["one", "two three", "$(false)"] {
        world.ok(&["send", "game", line]);
        wait_until("the line", || world.printed("game").contains(&format!("got {line}\n")));
    }
    assert!(
        !world.printed("game").contains("closed"),
        "podman attach would have closed it"
    );
    world.ok(&["send", "game", "quit"]);
    world.wait_told("game", "crashed 0");
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn lines_reach_a_terminal() {
    let world = World::with(TALKS, &["--interactive", "--tty"]);
    world.ok(&["start", "game"]);
    for line in ["one", "two"] {
        world.ok(&["send", "game", line]);
        wait_until("the line", || world.printed("game").contains(&format!("got {line}")));
    }
    assert!(!world.printed("game").contains('\u{1f}'), "no key of ours reaches it");
    world.ok(&["stop", "game", "--now"]);
}

#[test]
#[ignore = "needs podman"]
fn a_container_without_input_takes_no_lines() {
    let world = World::with(DEAF, &[]);
    world.ok(&["start", "game"]);
    let refused = world.run(&["send", "game", "hello"]).expect_code(5);
    assert!(refused.stderr.contains("no open standard input"), "{}", refused.stderr);
    world.ok(&["stop", "game", "--now"]);
}

#[test]
#[ignore = "needs podman"]
fn a_stop_chain_is_carried_out_step_by_step() {
    let world = World::with(TALKS, &["--interactive"]);
    let with = |stop: serde_json::Value| {
        world.inventory(&json!({ "game": { "podman": { "container": "game" }, "stop": stop } }));
    };
    let mark = world.sandbox.arg("saved");
    with(json!([{ "exec": ["touch", mark], "wait": "0s" }, { "stdin": "quit", "wait": "20s" }]));
    world.ok(&["start", "game"]);
    let stopped = world.result(&["stop", "game"], 0);
    assert_eq!(stopped["ended_by"], "stdin: quit", "{stopped}");
    assert!(world.sandbox.path("saved").exists());
    assert_eq!(world.told("game"), "stopped  ");
    with(json!([{ "signal": "USR1", "wait": "20s" }]));
    world.ok(&["start", "game"]);
    let stopped = world.result(&["stop", "game"], 0);
    assert_eq!(stopped["ended_by"], "signal: USR1", "{stopped}");
    // Steps that do not end it are followed by the kill.
    with(json!([{ "stdin": "hello", "wait": "300ms" }, { "signal": "WINCH", "wait": "300ms" }]));
    world.ok(&["start", "game"]);
    let stopped = world.result(&["stop", "game"], 0);
    let found = (&stopped["state"], &stopped["ended_by"]);
    assert_eq!(found, (&json!("stopped"), &json!("kill")), "{stopped}");
    assert!(world.printed("game").contains("got hello"));
}

#[test]
#[ignore = "needs podman"]
fn the_output_is_what_podman_keeps() {
    let world = World::with(
        "echo first; echo second >&2; trap 'exit 0' TERM; while :; do sleep 0.05; done",
        &[],
    );
    world.ok(&["start", "game"]);
    let follow = world.background(&["logs", "-f", "game"]);
    follow.wait("second");
    let all = world.ok(&["logs", "game"]).stdout;
    assert!(
        all.contains("first\n") && all.contains("second\n"),
        "standard error as well: {all}"
    );
    assert_eq!(world.ok(&["logs", "-n", "1", "game"]).stdout.lines().count(), 1);
    assert_eq!(world.ok(&["logs", "--since", "1h", "game"]).stdout, all);
    // It is followed through a restart.
    world.ok(&["restart", "game"]);
    wait_until("the second run", || follow.text().matches("first").count() == 2);
    drop(follow);
    world.ok(&["stop", "game"]);
    assert!(
        world.ok(&["logs", "game"]).stdout.contains("first"),
        "after its end as well"
    );
}
