//! Readiness found out over the network.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::{self, Instance, Mounts, Sandbox};

fn sleeper(ready: &Value) -> Instance {
    Instance::program("a", "/bin/sleep", &["300"]).with("ready", ready.clone())
}

/// Serves a TCP connection at a time, with what it says to any request.
fn tcp_server(answer: impl Fn() -> Vec<u8> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 1024];
            if stream.read(&mut buffer).is_ok_and(|n| n > 0) {
                for byte in answer() {
                    let _ = stream.write_all(&[byte]);
                }
            }
        }
    });
    port
}

/// Not ready before `open` is set, ready after.
#[track_caller]
fn becomes_ready(ready: &Value, open: &AtomicBool, awaits: &str) {
    let mut early = ready.clone();
    early["timeout"] = json!("700ms");
    let sandbox = Sandbox::with(&[sleeper(&early)]);
    let start = sandbox.run(&["start", "a", "--json"]).expect_code(124);
    assert!(start.stdout.contains("not ready"), "{start:?}");
    assert_eq!(sandbox.state("a"), "starting", "{awaits}");
    open.store(true, Ordering::SeqCst);
    let mut later = ready.clone();
    later["timeout"] = json!("60s");
    sandbox.inventory(&[sleeper(&later)]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.state("a"), "running", "{awaits}");
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
    let open = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&open);
    let port = tcp_server(move || {
        let code = if seen.load(Ordering::SeqCst) {
            "401 No"
        } else {
            "503 Not yet"
        };
        format!("HTTP/1.1 {code}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let ready = json!({ "http": { "url": format!("http://127.0.0.1:{port}/x"), "status": [200, 401] } });
    becomes_ready(&ready, &open, "http");
}

#[test]
fn a_minecraft_server_by_its_status() {
    let open = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&open);
    let port = tcp_server(move || {
        if !seen.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let text = r#"{"version":{"name":"1.21","protocol":767},"players":{"max":20,"online":0}}"#;
        let len = u8::try_from(text.len()).expect("short");
        let mut bytes = vec![len + 2, 0, len];
        bytes.extend(text.as_bytes());
        bytes
    });
    becomes_ready(&json!({ "minecraft": format!("127.0.0.1:{port}") }), &open, "minecraft");
}

#[test]
fn a_steam_server_by_its_info() {
    let open = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&open);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("its number").port();
    thread::spawn(move || {
        let mut buffer = [0; 200];
        while let Ok((n, from)) = socket.recv_from(&mut buffer) {
            if !seen.load(Ordering::SeqCst) {
                continue;
            }
            let answer: &[u8] = if buffer[..n].ends_with(b"1234") {
                b"\xff\xff\xff\xffI\x11A server\0map\0folder\0game\0"
            } else {
                b"\xff\xff\xff\xffA1234"
            };
            let _ = socket.send_to(answer, from);
        }
    });
    becomes_ready(&json!({ "a2s": format!("127.0.0.1:{port}") }), &open, "a2s");
}

#[test]
fn all_of_them_must_hold() {
    let open = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&open);
    let port = tcp_server(move || {
        let code = if seen.load(Ordering::SeqCst) {
            "200 OK"
        } else {
            "500 Oh"
        };
        format!("HTTP/1.0 {code}\r\n\r\n").into_bytes()
    });
    let ready =
        json!({ "alive_for": "1ms", "tcp": format!("127.0.0.1:{port}"), "http": format!("http://127.0.0.1:{port}") });
    becomes_ready(&ready, &open, "http after tcp");
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
