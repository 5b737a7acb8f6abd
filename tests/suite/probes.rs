//! Readiness found out over the network.

use std::fs::Permissions;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::thread;

use serde_json::{Value, json};

use crate::support::{self, Background, Instance, Mounts, Outcome, Sandbox, Terminal};

fn sleeper(ready: &Value) -> Instance {
    Instance::program("a", "/bin/sleep", &["300"]).with("ready", ready.clone())
}

/// The name of this program's file.
fn own_name() -> String {
    let own = std::env::current_exe().expect("our own path");
    own.file_name().expect("a name").to_string_lossy().into_owned()
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
    let (own, me) = (own_name(), std::process::id());
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
        let told = format!("before its launch {address}/{spoken} was held by {own} (pid {me})");
        let own_line = format!("  | Address already in use\n{told}\n");
        assert!(start.stderr.contains(&own_line), "{start:?}");
        let start = sandbox.run(&["start", "a"]).expect_code(124);
        assert!(start.stderr.contains(&told), "{start:?}");
        assert_eq!(sandbox.state("a"), "starting");
        // Nor does another command judge it otherwise.
        let watch = sandbox.run(&["watch", "a", "--until", "running", "--timeout", "1s"]);
        watch.expect_code(124);
        sandbox.ok(&["stop", "--all"]);
    }
}

/// Whoever comes later and is not of the game answers for nobody either.
#[test]
fn a_port_that_a_stranger_takes_after_the_launch() {
    let address = format!("127.0.0.1:{}", support::free_port());
    let sandbox = Sandbox::with(&[sleeper(&json!({ "tcp": address, "timeout": "60s" }))]);
    sandbox.ok(&["start", "a", "--no-wait"]);
    let later = TcpListener::bind(&address).expect("the port");
    let late = sandbox.run(&["start", "a", "--timeout", "1s"]).expect_code(124);
    let told = format!(
        "(pid {}), not by the game: probe the game's own port",
        std::process::id()
    );
    assert!(late.stderr.replace("\n      ", " ").contains(&told), "{late:?}");
    let watch = sandbox.run(&["watch", "a", "--until", "running", "--timeout", "1s"]);
    watch.expect_code(124);
    assert_eq!(sandbox.state("a"), "starting");
    drop(later);
    sandbox.ok(&["stop", "a"]);
}

/// Of two games with the same port, it is the one's that has it.
#[test]
fn a_port_that_another_game_takes_after_the_launch() {
    let port = support::free_port();
    let sandbox = Sandbox::new();
    let program = support::example("stand-in-game");
    let gate = format!("gate:{}", sandbox.arg("open"));
    let args = ["http", &port.to_string(), &gate];
    let ready = json!({ "tcp": format!("127.0.0.1:{port}"), "timeout": "60s" });
    let other = Instance::program("b", program.to_str().expect("UTF-8"), &args);
    sandbox.inventory(&[sleeper(&ready), other.with("ready", ready.clone())]);
    sandbox.ok(&["start", "a", "--no-wait"]);
    sandbox.touch("open");
    sandbox.ok(&["start", "b"]);
    let late = sandbox.run(&["start", "a", "--timeout", "1s"]).expect_code(124);
    let pid = sandbox.run(&["status", "b", "--json"]).json()["instances"][0]["pid"].clone();
    let told = format!("answered by stand-in-game (pid {pid}), not by the game");
    assert!(late.stderr.replace("\n      ", " ").contains(&told), "{late:?}");
    assert_eq!(
        (sandbox.state("a"), sandbox.state("b")),
        ("starting".into(), "running".into())
    );
    sandbox.ok(&["stop", "--all"]);
}

/// The engine's proxy is no process of a game that is a client of the engine.
#[test]
fn a_port_that_the_proxy_of_a_container_engine_holds_for_the_game() {
    let port = support::free_port();
    let sandbox = Sandbox::new();
    let (client, proxy) = (sandbox.path("docker"), sandbox.path("docker-proxy"));
    std::fs::copy("/bin/sleep", &client).expect("copy");
    std::fs::copy(support::example("stand-in-game"), &proxy).expect("copy");
    let ready = json!({ "tcp": format!("127.0.0.1:{port}"), "timeout": "60s" });
    let client = Instance::program("client", &client.to_string_lossy(), &["300"]);
    let other = Instance::program("other", "/bin/sleep", &["300"]);
    sandbox.inventory(&[client.with("ready", ready.clone()), other.with("ready", ready)]);
    sandbox.ok(&["start", "--all", "--no-wait"]);
    let gate = format!("gate:{}", sandbox.arg("instances.yaml"));
    let mut proxy = sandbox.program(&proxy);
    let _proxy = Background::of(proxy.args(["http", &port.to_string(), &gate]));
    sandbox.ok(&["start", "client", "--timeout", "60s"]);
    let late = sandbox.run(&["start", "other", "--timeout", "1s"]).expect_code(124);
    assert!(late.stderr.contains("answered by docker-proxy (pid"), "{late:?}");
    sandbox.ok(&["stop", "--all"]);
}

/// Before the launch there is a word for it on the screen.
#[test]
fn a_port_that_a_stranger_holds_is_told_before_the_launch() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("its address").to_string();
    let sandbox = Sandbox::with(&[sleeper(&json!({ "tcp": address, "timeout": "1s" }))]);
    let mut start = Terminal::sized(&sandbox, &sandbox.command(&["start", "a"]), (200, 24));
    let me = std::process::id();
    let told = format!(
        "waiting for the launch, though {address}/tcp is held by {} (pid {me})",
        own_name()
    );
    assert_eq!(start.ended(), Some(124));
    start.wait(&told);
    sandbox.ok(&["stop", "a"]);
    let start = sandbox.run(&["start", "a"]).expect_code(124);
    assert!(start.stderr.starts_with(&format!("a: {told}\n")), "{start:?}");
    sandbox.ok(&["stop", "a"]);
}

/// A name of this host is as good as its address.
#[test]
fn a_port_that_a_stranger_holds_at_a_name_of_this_host() {
    const TEST: &str = "a_port_that_a_stranger_holds_at_a_name_of_this_host";
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = held.local_addr().expect("its address").port();
    let name = "game-server.example";
    let sandbox = Sandbox::with(&[sleeper(&json!({ "tcp": format!("{name}:{port}"), "timeout": "1s" }))]);
    std::fs::write(sandbox.path("hosts"), format!("127.0.0.1 {name}\n")).expect("write");
    let hosts = sandbox.arg("hosts");
    let Some(mounts) = Mounts::of(TEST, &format!("mount --bind '{hosts}' /etc/hosts")) else {
        return;
    };
    let start = mounts.run(&sandbox, &["start", "a"]).expect_code(124);
    let told = format!(
        "before its launch {name}:{port}/tcp was held by {} (pid {})",
        own_name(),
        std::process::id()
    );
    assert!(start.stderr.contains(&told), "{start:?}");
    let told = format!("answered by {} (pid", own_name());
    assert!(start.stderr.contains(&told), "{start:?}");
    sandbox.ok(&["stop", "a"]);
}

/// A holder whose process may not be looked at was there first, or was not.
#[test]
fn a_port_that_a_stranger_of_another_user_holds() {
    const NOBODY: u32 = 65534;
    if !support::is_root("a_port_that_a_stranger_of_another_user_holds") {
        return;
    }
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("its address").to_string();
    let sandbox = Sandbox::with(&[sleeper(&json!({ "tcp": address, "timeout": "1s" }))]);
    std::fs::set_permissions(sandbox.dir(), Permissions::from_mode(0o755)).expect("chmod");
    std::fs::set_permissions(sandbox.path("instances.yaml"), Permissions::from_mode(0o644)).expect("chmod");
    std::fs::create_dir(sandbox.state_dir()).expect("a folder");
    std::fs::set_permissions(sandbox.state_dir(), Permissions::from_mode(0o700)).expect("chmod");
    chown(sandbox.state_dir(), Some(NOBODY), Some(NOBODY)).expect("chown");
    let as_nobody = |args: &[&str]| {
        let output = sandbox.command(args).uid(NOBODY).gid(NOBODY).output();
        Outcome::of(args, &output.expect("gamectl"))
    };
    let start = as_nobody(&["start", "a"]).expect_code(124);
    let told = format!("before its launch {address}/tcp was held by another process");
    assert!(start.stderr.contains(&told), "{start:?}");
    assert!(
        start.stderr.contains("answered by another process, not by the game"),
        "{start:?}"
    );
    as_nobody(&["watch", "a", "--until", "running", "--timeout", "1s"]).expect_code(124);
    // Who comes later may have been started for the game.
    drop(held);
    as_nobody(&["stop", "a"]).expect_code(0);
    as_nobody(&["start", "a"]).expect_code(124);
    let _later = TcpListener::bind(&address).expect("the port");
    as_nobody(&["watch", "a", "--until", "running", "--timeout", "60s"]).expect_code(0);
    as_nobody(&["stop", "a"]).expect_code(0);
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
