//! A real server of Minecraft of another project, npm's `flying-squid`, by the preset, with a
//! real client that joins, `minecraft-protocol`.
//!
//! They are not on every machine, so this is run when it is asked for:
//! `GAMECTL_TEST_NODE_MODULES=FOLDER cargo test --test suite real_minecraft -- --ignored`.

use serde_json::{Value, json};

use crate::support::repository::root;
use crate::support::{Background, Instance, Sandbox, free_port, wait_until};

fn players(sandbox: &Sandbox) -> Value {
    sandbox.status("a")["details"]["players"].clone()
}

#[test]
#[ignore = "needs flying-squid and minecraft-protocol of npm: see .ci/run"]
fn who_joins_is_counted_warned_and_awaited() {
    let modules = std::env::var("GAMECTL_TEST_NODE_MODULES").expect("the folder node_modules");
    let script = |name: &str| root().join("tests/peers").join(name).display().to_string();
    let port = free_port();
    let sandbox = Sandbox::new();
    let (program, number) = (script("minecraft_server.js"), port.to_string());
    let server = Instance::program("a", "node", &[&program, &number])
        .env("NODE_PATH", &modules)
        .with("game", json!("minecraft"))
        // It does not print the line of Mojang's.
        .with("ready", json!({ "log": "listening on port", "timeout": "2m" }))
        .with("ports", json!({ "game": format!("{port}/tcp") }));
    sandbox.inventory(&[server]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(players(&sandbox), json!({ "online": 0, "max": 10 }));
    // Nobody plays, so nobody is warned.
    sandbox.ok(&["restart", "a", "--warn", "10m"]);

    let join = || {
        let mut command = sandbox.program("node");
        let (client, port) = (script("minecraft_client.js"), port.to_string());
        command.args([&client, &port, "Alex"]).env("NODE_PATH", &modules);
        let client = Background::of(&mut command);
        client.wait("joined");
        wait_until("one to be counted", || players(&sandbox)["online"] == 1);
        client
    };
    let mut alex = join();
    let before = sandbox.pid("a");
    let mut waits = Background::of(&mut sandbox.command(&["stop", "a", "--when-empty"]));
    wait_until("its note", || {
        let note = sandbox.status("a")["note"].as_str().unwrap_or_default().to_owned();
        note.contains("stop once nobody plays")
    });
    assert!(!waits.has_ended());
    alex.end(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(waits.ended(), Some(0));

    sandbox.ok(&["start", "a"]);
    alex = join();
    let restart = sandbox.ok(&["restart", "a", "--warn", "2s"]);
    alex.wait("[Server] Restart in 2 seconds");
    alex.ended();
    assert_ne!(sandbox.pid("a"), before, "{restart:?}");
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "stdin: stop");
    sandbox.nothing_left();
}
