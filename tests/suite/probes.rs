//! Readiness found out over the network.

use std::net::{TcpListener, UdpSocket};
use std::thread;

use serde_json::{Value, json};

use crate::support::{self, Instance, Mounts, Sandbox};

fn sleeper(ready: &Value) -> Instance {
    Instance::program("a", "/bin/sleep", &["300"]).with("ready", ready.clone())
}

/// Not ready before the gate is there, ready after.
#[track_caller]
fn becomes_ready(kind: &str, ready: impl Fn(u16) -> Value) {
    let port = support::free_port();
    let sandbox = Sandbox::new();
    let program = support::example("stand-in-game");
    let game = |timeout: &str| {
        let mut ready = ready(port);
        ready["timeout"] = json!(timeout);
        let gate = format!("gate:{}", sandbox.arg("open"));
        let args = [kind, &port.to_string(), &gate];
        Instance::program("a", program.to_str().expect("UTF-8"), &args).with("ready", ready)
    };
    sandbox.inventory(&[game("700ms")]);
    let start = sandbox.run(&["start", "a", "--json"]).expect_code(124);
    assert!(start.stdout.contains("not ready"), "{start:?}");
    assert_eq!(sandbox.state("a"), "starting", "{kind}");
    sandbox.touch("open");
    sandbox.inventory(&[game("60s")]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.state("a"), "running", "{kind}");
    sandbox.ok(&["stop", "a"]);
}

/// Somebody else's answer makes nobody ready.
#[test]
fn a_port_that_a_stranger_holds() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let answering = udp.try_clone().expect("the socket");
    thread::spawn(move || {
        let mut buffer = [0; 200];
        while let Ok((_, from)) = answering.recv_from(&mut buffer) {
            let _ = answering.send_to(b"\xff\xff\xff\xffI\x11A server\0map\0folder\0game\0", from);
        }
    });
    let me = std::process::id();
    let held = [
        ("tcp", tcp.local_addr().expect("its address")),
        ("a2s", udp.local_addr().expect("its address")),
    ];
    for (probe, address) in held {
        let address = address.to_string();
        let ready = json!({ probe: address, "timeout": "1s" });
        let dies = Instance::script("dies", "sleep 0.5; echo Address already in use; exit 1")
            .with("ready", json!({ probe: address, "timeout": "60s" }));
        let stays = sleeper(&ready);
        let sandbox = Sandbox::with(&[dies, stays]);
        let start = sandbox.run(&["start", "dies"]).expect_code(1);
        let spoken = if probe == "tcp" { "tcp" } else { "udp" };
        let told = format!("before its launch {address}/{spoken} is held by pid {me}");
        assert!(start.stderr.contains(&told), "{start:?}");
        let start = sandbox.run(&["start", "a"]).expect_code(124);
        assert!(start.stderr.contains(&told), "{start:?}");
        assert_eq!(sandbox.state("a"), "starting");
        // Nor does another command judge it otherwise.
        let watch = sandbox.run(&["watch", "a", "--until", "running", "--timeout", "1s"]);
        watch.expect_code(124);
        sandbox.ok(&["stop", "--all"]);
    }
}

/// The pattern is written for the line that `logs` shows.
#[test]
fn a_line_that_is_coloured_titled_overwritten_or_of_another_width() {
    let prints = [
        ("colour", r"\033[32m[12:00:00]\033[0m Server \033[33mready\033[0m\r\n"),
        ("title", r"\033]0;1/8 players\007[12:00:00] Server ready\n\033[2K: "),
        ("progress", r"10%%\r20%%\r[12:00:00] Server ready\r"),
        (
            "wide",
            r"\377\376[\0001\0002\000]\000 \000S\000e\000r\000v\000e\000r\000 \000r\000e\000a\000d\000y\000\r\000\n\000",
        ),
    ];
    let games = prints.map(|(id, text)| {
        Instance::script(id, &format!("printf '{text}'; exec sleep 300")).with(
            "ready",
            json!({ "log": r"^\[[0-9:]+\] Server ready$", "timeout": "60s" }),
        )
    });
    let sandbox = Sandbox::with(&games);
    sandbox.ok(&["start", "--all"]);
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn http_by_its_status() {
    becomes_ready(
        "http",
        |port| json!({ "http": { "url": format!("http://127.0.0.1:{port}/x"), "status": [200, 401] } }),
    );
}

#[test]
fn a_minecraft_server_by_its_status() {
    becomes_ready("minecraft", |port| json!({ "minecraft": format!("127.0.0.1:{port}") }));
}

#[test]
fn a_steam_server_by_its_info() {
    becomes_ready("steam", |port| json!({ "a2s": format!("127.0.0.1:{port}") }));
}

#[test]
fn all_of_them_must_hold() {
    becomes_ready("http", |port| {
        let address = format!("127.0.0.1:{port}");
        let http = json!({ "url": format!("http://{address}"), "status": [401] });
        json!({ "alive_for": "1ms", "tcp": address, "http": http })
    });
}

/// A name server that takes questions and never answers: what waits for it has
/// its own end, and leaves nobody behind who asks on.
#[test]
fn a_name_server_that_never_answers() {
    const TEST: &str = "a_name_server_that_never_answers";
    let silent = match UdpSocket::bind("127.0.0.53:53") {
        Ok(silent) => silent,
        Err(error) => return support::skipped(TEST, &format!("127.0.0.53:53 cannot be had: {error}")),
    };
    silent
        .set_read_timeout(Some(support::wait::DEADLINE))
        .expect("a timeout");
    let sandbox = Sandbox::new();
    let far = "game-server.example";
    let ready = json!({ "tcp": format!("{far}:28015"), "timeout": "2s" });
    let mut game = sleeper(&ready).with("rcon", json!({ "host": far, "port": 28016, "password": "canary" }));
    game = game.with(
        "stop",
        json!([{ "rcon": "quit", "wait": "2s" }, { "signal": "TERM", "wait": "5s" }]),
    );
    sandbox.inventory(&[game]);
    std::fs::write(
        sandbox.path("resolv.conf"),
        "nameserver 127.0.0.53\noptions timeout:30 attempts:3\n",
    )
    .expect("write");
    std::fs::write(sandbox.path("nsswitch.conf"), "hosts: files dns\n").expect("write");
    let (resolv, switch) = (sandbox.arg("resolv.conf"), sandbox.arg("nsswitch.conf"));
    let script = format!("mount --bind '{resolv}' /etc/resolv.conf && mount --bind '{switch}' /etc/nsswitch.conf");
    let Some(mounts) = Mounts::of(TEST, &script) else {
        return;
    };
    let was_asked = || silent.recv(&mut [0; 512]).expect("a question");
    let start = mounts.run(&sandbox, &["start", "a"]).expect_code(124);
    assert!(start.stderr.contains("not ready after 2s"), "{start:?}");
    was_asked();
    assert_eq!(
        mounts.run(&sandbox, &["status", "--json"]).json()["instances"][0]["state"],
        "starting"
    );
    let send = mounts.run(&sandbox, &["send", "--timeout", "2s", "a", "hello"]);
    assert!(matches!(send.code, Some(1 | 124)), "{send:?}");
    assert!(!format!("{send:?}").contains("canary"), "{send:?}");
    was_asked();
    let stop = mounts.run(&sandbox, &["stop", "a"]).expect_code(0);
    assert!(stop.stdout.contains("stopped by signal: TERM"), "{stop:?}");
    // Who asks for us is gone with us.
    sandbox.nothing_left();
}
