//! Games that print nothing, and say in a log file of their own that they are ready.

use serde_json::json;

use crate::support::{Instance, Sandbox};

/// A game that writes to `game.log` as `begin` says, and is ready once the gate is there.
fn game(sandbox: &Sandbox, begin: &str, timeout: &str) -> Instance {
    let script = format!(
        "{begin}; echo loading >> game.log; echo up; until [ -e open ]; do sleep 0.05; done; \
         echo 'the server is ready' >> game.log; exec sleep 300"
    );
    Instance::script("a", &script)
        .process("cwd", json!(sandbox.path("")))
        .with(
            "ready",
            json!({ "log_file": "game.log", "pattern": "^the server is ready$", "timeout": timeout }),
        )
}

/// A ready line of the run before makes nobody ready, however the game begins its log: it
/// appends, empties it, or renames the old one.
#[test]
fn the_log_of_the_run_before_makes_nobody_ready() {
    for begin in [":", ": > game.log", "mv game.log game.log.1"] {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.path("game.log"), "the server is ready\n").expect("an old log");
        sandbox.inventory(&[game(&sandbox, begin, "1s")]);
        sandbox.run(&["start", "a"]).expect_code(124);
        // Nor does a command that comes later see it otherwise.
        assert_eq!(sandbox.state("a"), "starting", "{begin}");
        sandbox.touch("open");
        sandbox.inventory(&[game(&sandbox, begin, "60s")]);
        sandbox.ok(&["start", "a"]);
        assert_eq!(sandbox.state("a"), "running", "{begin}");
        sandbox.ok(&["stop", "a"]);
        // The file is full of it by now.
        std::fs::remove_file(sandbox.path("open")).expect("the gate");
        sandbox.inventory(&[game(&sandbox, begin, "1s")]);
        sandbox.run(&["start", "a"]).expect_code(124);
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
}

#[test]
fn a_file_that_is_not_there_or_is_none_is_told() {
    let sandbox = Sandbox::new();
    for (path, why) in [
        ("none/game.log", "there is no such file yet"),
        (".", "it cannot be read"),
    ] {
        let ready = json!({ "log_file": path, "pattern": "up", "timeout": "1s" });
        let instance = Instance::script("a", "exec sleep 300")
            .process("cwd", json!(sandbox.path("")))
            .with("ready", ready);
        sandbox.inventory(&[instance]);
        let start = sandbox.run(&["start", "a"]).expect_code(124);
        assert!(start.stderr.contains(why), "{path}: {start:?}");
        let plan = sandbox.ok(&["restart", "a", "--dry-run"]).stdout;
        assert!(plan.contains(&format!("a line of {path} matches /up/")), "{plan}");
        sandbox.ok(&["stop", "a"]);
    }
}
