//! Health checks, probes, memory, and the console, of a real podman.

use std::net::TcpListener;

use nix::sys::signal::Signal;
use serde_json::json;

use super::{SERVE, TALKS, World};
use crate::oom::Group;
use crate::support::{self, Terminal, free_port, wait_until};

/// A check that is made when somebody asks for it, whether there is systemd or not.
const CHECKED: [&str; 6] = [
    "--health-cmd",
    "test ! -e /tmp/ill",
    "--health-interval",
    "disable",
    "--health-retries",
    "1",
];

#[test]
#[ignore = "needs podman"]
fn a_health_check_has_a_say() {
    let world = World::with(SERVE, &CHECKED);
    let start = world.background(&["start", "game", "--json"]);
    world.wait_told("game", "starting  game is not healthy yet");
    let early = world.run(&["start", "game", "--timeout", "300ms", "--lock-wait", "0s"]);
    assert_eq!(early.code, Some(75), "the first start waits for it: {early:?}");
    world.podman_ok(&["healthcheck", "run", "game"]);
    start.wait("\"state\":\"running\"");
    assert_eq!(world.told("game"), "running  ");
    let watch = world.background(&["watch", "--json"]);
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    world.podman_ok(&["exec", "game", "touch", "/tmp/ill"]);
    assert!(!world.podman(&["healthcheck", "run", "game"]).status.success());
    watch.sees("game", "starting");
    assert_eq!(world.told("game"), "starting  game is unhealthy");
    let late = world.run(&["start", "game", "--timeout", "1s"]).expect_code(124);
    assert!(late.stderr.contains("game is unhealthy"), "{}", late.stderr);
    watch.end(Signal::SIGTERM);
    world.ok(&["stop", "game"]);
    // The verdict of a run that is over says nothing of the next one.
    world.ok(&["start", "game", "--no-wait"]);
    assert_eq!(world.told("game"), "starting  game is not healthy yet");
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn a_probe_is_answered_by_the_container_and_by_nobody_else() {
    let port = free_port();
    let listens = format!("echo up; while [ ! -e /tmp/open ]; do sleep 0.05; done; exec nc -ll -p {port} -e true");
    let world = World::new(&json!({ "game": {
        "podman": { "container": "game" },
        "ready": { "tcp": format!("127.0.0.1:{port}"), "timeout": "60s" },
    } }));
    world.podman_ok(&[
        "create",
        "--name",
        "game",
        "--network",
        "host",
        super::IMAGE,
        "sh",
        "-c",
        &listens,
    ]);
    let stranger = TcpListener::bind(("127.0.0.1", port)).expect("a listener");
    world.ok(&["start", "game", "--no-wait"]);
    let awaited = format!("starting  all services are up; not yet ready (tcp 127.0.0.1:{port}");
    world.wait_told("game", &awaited);
    drop(stranger);
    world.podman_ok(&["exec", "game", "touch", "/tmp/open"]);
    world.ok(&["start", "game"]);
    assert_eq!(world.told("game"), "running  ");
    world.ok(&["stop", "game", "--now"]);
}

#[test]
#[ignore = "needs podman"]
fn a_container_that_takes_too_much_memory_has_crashed() {
    const TEST: &str = "a_container_that_takes_too_much_memory_has_crashed";
    if let Err(error) = Group::make(&format!("gamectl-podman-{}", std::process::id()), 24) {
        let why = format!("no control group with little memory: {error}");
        return support::not_run(TEST, &why, "GAMECTL_TEST_OOM");
    }
    let hog = "echo up; while [ ! -e /tmp/hog ]; do sleep 0.05; done; x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done";
    let world = World::new(&json!({ "game": { "podman": { "container": "game" } } }));
    let limit = ["--memory", "24m", "--memory-swap", "24m"];
    world.create("game", &limit, hog);
    world.ok(&["start", "game"]);
    world.podman_ok(&["exec", "game", "touch", "/tmp/hog"]);
    world.wait_told("game", "crashed 137 ");
    let row = world.row("game");
    // It depends on conmon and the runtime whether podman knows of the reason.
    let known = world.fact("game", "{{.State.OOMKilled}}");
    assert_eq!(row["last_exit"]["oom_killed"].to_string(), known, "{row}");
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn a_console_types_into_the_terminal_of_a_container() {
    for options in [&["--interactive", "--tty"][..], &["--interactive"]] {
        let world = World::with(TALKS, options);
        let nobody = Terminal::of(&world.sandbox, &world.command(&["console", "game"])).ended();
        assert_eq!(nobody, Some(3), "{options:?}: it does not run");
        world.ok(&["start", "game"]);
        for word in ["hello", "again"] {
            let mut terminal = Terminal::of(&world.sandbox, &world.command(&["console", "game"]));
            terminal.wait("attached");
            terminal.wait_for_keys();
            terminal.type_text(&format!("{word}\r"));
            terminal.wait(&format!("got {word}"));
            terminal.type_text("\x1d");
            assert_eq!(terminal.ended(), Some(0), "{options:?}: {}", terminal.text());
            assert!(terminal.is_as_found());
        }
        assert_eq!(world.row("game")["state"], "running", "{options:?}: it goes on");
        assert!(!world.printed("game").contains("closed"), "its input stays open");
        world.ok(&["stop", "game", "--now"]);
    }
}
