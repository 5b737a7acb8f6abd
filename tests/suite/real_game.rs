//! A real game server, from Debian's packages (`minetest-server`; newer
//! releases call it `luanti`): started, ready, asked over its own protocol,
//! taken over from a killed shim, and stopped with its world saved.
//!
//! It is not on every machine, so these tests are run when they are asked for:
//! `cargo test --test suite real_game -- --ignored`.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Instance, Process, Sandbox, wait_for, wait_until};

const PLACES: [&str; 4] = [
    "/usr/games/minetestserver",
    "/usr/games/luantiserver",
    "/usr/bin/minetestserver",
    "/usr/bin/luantiserver",
];

fn server() -> PathBuf {
    let found = PLACES.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("none of {PLACES:?} is here: apt install minetest-server"))
}

fn instance(sandbox: &Sandbox, port: u16) -> Instance {
    let executable = server();
    let args = [
        "--world",
        &sandbox.arg("world"),
        "--port",
        &port.to_string(),
        "--logfile",
        "",
    ];
    Instance::program("luanti", executable.to_str().expect("a path in UTF-8"), &args)
        .with("ready", json!({ "log": r"listening on .*:\d+", "timeout": "2m" }))
        .with("stop", json!([{ "signal": "INT", "wait": "60s" }]))
        .env("HOME", &sandbox.arg("home"))
}

/// Returns true when the server answers a client that wants to join: the first
/// packet of its protocol asks for a peer id, and the answer gives one.
/// <https://docs.luanti.org/for-engine-devs/network-protocol/>
fn answers(port: u16) -> bool {
    const HELLO: [u8; 11] = [
        0x4f, 0x45, 0x74, 0x03, // the protocol
        0x00, 0x00, // no peer id yet
        0x00, // channel 0
        0x03, 0xff, 0xdc, // reliable, the first sequence number
        0x01, // an original packet without content
    ];
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .expect("a timeout");
    let mut answer = [0; 64];
    socket.send_to(&HELLO, ("127.0.0.1", port)).is_ok()
        && socket
            .recv(&mut answer)
            .is_ok_and(|n| n >= 7 && answer.starts_with(&HELLO[..4]))
}

fn world_is_saved(world: &Path) -> bool {
    ["env_meta.txt", "ipban.txt"]
        .iter()
        .all(|name| world.join(name).exists())
}

#[test]
#[ignore = "needs a game server of Debian's: apt install minetest-server"]
fn a_real_server_through_its_life() {
    let port = support::free_udp_port();
    let sandbox = Sandbox::new();
    sandbox.inventory(&[instance(&sandbox, port)]);
    let started = sandbox.ok(&["start", "luanti"]);
    assert!(started.stdout.contains("luanti: ready"), "{started:?}");
    wait_until("the server to answer a client", || answers(port));
    let row = sandbox.status("luanti");
    assert_eq!(row["state"], "running");
    let pid = sandbox.pid("luanti");
    sandbox.ok(&["status"]);

    let logs = sandbox.ok(&["logs", "luanti"]);
    assert!(logs.stdout.contains("listening on"), "{logs:?}");

    let stopped = sandbox.ok(&["stop", "luanti", "--json"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "signal: INT");
    assert!(!Process::lives(pid) && !answers(port));
    assert!(world_is_saved(&sandbox.path("world")));
    let row = sandbox.status("luanti");
    assert_eq!(
        (&row["state"], &row["last_exit"]["code"]),
        (&json!("stopped"), &json!(0))
    );

    sandbox.ok(&["start", "luanti"]);
    wait_until("the server to answer again", || answers(port));
    sandbox.ok(&["restart", "luanti"]);
    wait_until("the server to answer after a restart", || answers(port));
}

#[test]
#[ignore = "needs a game server of Debian's: apt install minetest-server"]
fn a_real_server_outlives_its_shim() {
    let port = support::free_udp_port();
    let sandbox = Sandbox::new();
    sandbox.inventory(&[instance(&sandbox, port)]);
    sandbox.ok(&["start", "luanti"]);
    let (pid, shim) = (sandbox.pid("luanti"), sandbox.shim("luanti"));
    Process::signal(shim, Signal::SIGKILL);
    wait_until("the shim to be gone", || !Process::lives(shim));
    assert!(answers(port), "players notice nothing");
    assert_eq!(sandbox.state("luanti"), "running");
    sandbox.ok(&["start", "luanti"]);
    assert_eq!(sandbox.pid("luanti"), pid, "it was taken over, not started again");
    assert!(answers(port));
    sandbox.ok(&["stop", "luanti"]);
    let saved = wait_for("the world", || world_is_saved(&sandbox.path("world")).then_some(true));
    assert!(saved && !Process::lives(pid));
}
