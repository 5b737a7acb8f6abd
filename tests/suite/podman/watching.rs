//! `run` and `watch` over containers.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use super::{SERVE, World};
use crate::support::wait_until;

#[test]
#[ignore = "needs podman"]
fn run_starts_again_what_has_crashed_and_leaves_a_stop_alone() {
    let world = World::with(SERVE, &[]);
    let run = world.background(&["run", "--json"]);
    run.sees("game", "running");
    let first = world.pid("game");
    world.kill("game");
    wait_until("another run of it", || {
        run.states("game").iter().any(|state| state == "crashed")
            && world.fact("game", "{{.State.Running}}") == "true"
            && world.pid("game") != first
    });
    run.sees("game", "running");
    world.ok(&["stop", "game"]);
    run.sees("game", "stopped");
    assert_eq!(world.fact("game", "{{.State.Running}}"), "false");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
}

/// One stream of events serves all, and while nothing happens podman is not asked.
#[test]
#[ignore = "needs podman"]
fn changes_are_told_by_events() {
    let mut world = World::new(&json!({
        "one": { "podman": { "container": "one" } },
        "two": { "podman": { "container": "two" } },
        "pod": { "podman": { "pod": "pod" } },
    }));
    for name in ["one", "two"] {
        world.create(name, &[], SERVE);
        world.podman_ok(&["start", name]);
    }
    world.create_pod("pod");
    world.create("pod-game", &["--pod", "pod"], SERVE);
    let calls = world.sandbox.path("calls");
    world.shadow(&format!("echo \"$1\" >> {}", calls.display()));
    let watch = world.background(&["watch", "--json"]);
    let count = |verb: &str| {
        let text = std::fs::read_to_string(&calls).unwrap_or_default();
        text.lines().filter(|line| *line == verb).count()
    };
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    wait_until("the stream of events", || count("events") == 1 && count("ps") > 0);
    // The stream begins with what is two seconds old.
    std::thread::sleep(Duration::from_secs(4));
    let before = count("ps");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(count("ps"), before, "nothing happens");
    assert_eq!(count("events"), 1, "one stream for three");
    world.kill("two");
    watch.sees("two", "crashed");
    world.podman_ok(&["pod", "start", "pod"]);
    watch.sees("pod", "running");
    world.podman_ok(&["rename", "one", "uno"]);
    world.wait_told("one", "unknown  podman has no container `one`");
    watch.end(Signal::SIGTERM);
}

/// Containers and pods that do nothing wake neither `run` nor `watch`.
#[test]
#[ignore = "needs podman"]
fn idle_containers_cost_no_wake_up() {
    let world = World::new(&json!({
        "one": { "podman": { "container": "one" } },
        "pod": { "podman": { "pod": "pod" } },
    }));
    world.create("one", &[], SERVE);
    world.create_pod("pod");
    world.create("pod-game", &["--pod", "pod"], SERVE);
    world.ok(&["start", "--all"]);
    for (verb, code) in [("run", 0), ("watch", 143)] {
        let looking = world.background(&[verb, "--json"]);
        wait_until("the snapshot", || !looking.events("snapshot").is_empty());
        looking.comes_to_rest();
        // It would be told of a change all the same.
        world.kill("one");
        looking.sees("one", "crashed");
        assert_eq!(looking.end(Signal::SIGTERM), Some(code));
        world.ok(&["start", "one"]);
    }
    world.ok(&["stop", "--all"]);
}

/// Changes are found all the same where the stream of events ends.
#[test]
#[ignore = "needs podman"]
fn changes_are_found_without_events() {
    let mut world = World::with(SERVE, &[]);
    world.ok(&["start", "game"]);
    world.shadow("[ $1 = events ] && exit 1");
    let watch = world.background(&["watch", "--json"]);
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    world.kill("game");
    watch.sees("game", "crashed");
    watch.end(Signal::SIGTERM);
    world.ok(&["stop", "game"]);
}
