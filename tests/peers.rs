//! RCON with a server that is not ours: `rcon-server` of PyPI.
//!
//! It is not on every machine, so this is run when it is asked for, with the
//! Python that has it in `GAMECTL_TEST_PYTHON`:
//! `cargo test --test rcon_interop -- --ignored`.

mod support;

use serde_json::json;
use support::{Instance, Sandbox};

#[test]
#[ignore = "needs rcon-server of PyPI, in the Python that GAMECTL_TEST_PYTHON names"]
fn an_rcon_server_that_is_not_ours() {
    let python = std::env::var("GAMECTL_TEST_PYTHON").expect("GAMECTL_TEST_PYTHON names a Python with rcon-server");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    drop(listener);
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
