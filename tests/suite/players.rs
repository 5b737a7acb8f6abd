//! The number of players: it is asked of the games themselves, and never waited for
//! by anything else.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{self, Instance, Sandbox, Terminal};

/// A stand-in that answers the query of its kind.
pub(crate) fn stand_in(id: &str, kind: &str) -> Instance {
    let program = support::example("stand-in-game");
    let port = support::free_port();
    let args = [kind, &port.to_string(), "unused"];
    let probe = if matches!(kind, "steam" | "crowded") {
        "a2s"
    } else {
        "minecraft"
    };
    Instance::program(id, program.to_str().expect("UTF-8"), &args)
        .with("ready", json!({ probe: format!("127.0.0.1:{port}"), "timeout": "60s" }))
}

/// One that is ready at once, and is asked by this probe of `healthy`.
fn sleeper(id: &str, healthy: &Value) -> Instance {
    Instance::program(id, "/bin/sleep", &["300"])
        .with("ready", json!({ "alive_for": "1ms" }))
        .with("healthy", healthy.clone())
}

#[test]
fn they_stand_in_the_table_and_in_json() {
    // Both take what is asked, and say nothing.
    let mute = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let sandbox = Sandbox::with(&[
        stand_in("steam", "steam"),
        stand_in("craft", "minecraft"),
        sleeper(
            "mute",
            &json!({ "a2s": mute.local_addr().expect("its address").to_string() }),
        ),
        sleeper(
            "deaf",
            &json!({ "minecraft": deaf.local_addr().expect("its address").to_string() }),
        ),
        sleeper("gone", &json!({ "a2s": format!("127.0.0.1:{}", support::free_port()) })),
        Instance::program("plain", "/bin/sleep", &["300"]).with("ready", json!({ "alive_for": "1ms" })),
        stand_in("down", "steam"),
    ]);
    sandbox.ok(&["start", "steam", "craft", "mute", "deaf", "gone", "plain"]);
    let table = sandbox.run(&["status"]).expect_code(3).stdout;
    let cells: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(cells[0], ["ID", "PLANE", "STATE", "UPTIME", "PID", "PLAYERS", "NOTE"]);
    let row = |id: &str| cells.iter().find(|row| row[0] == id).expect("its row");
    for (id, state, players) in [
        ("steam", "running", "3/20"),
        ("craft", "running", "3/20"),
        ("mute", "running", "-"),
        ("deaf", "running", "-"),
        ("gone", "running", "-"),
        ("plain", "running", "-"),
        ("down", "stopped", "-"),
    ] {
        assert_eq!((row(id)[2], row(id)[5]), (state, players), "{table}");
    }
    let details = |id: &str| sandbox.status(id)["details"].clone();
    for id in ["steam", "craft"] {
        assert_eq!(details(id)["players"], json!({ "online": 3, "max": 20 }));
    }
    // It could be asked, and has not answered: null, and not left out.
    for id in ["mute", "down"] {
        assert_eq!(details(id).get("players"), Some(&Value::Null), "{id}");
    }
    assert_eq!(details("plain").get("players"), None);
    // Where nobody can be asked there is no column.
    let table = sandbox.ok(&["status", "plain"]).stdout;
    assert!(!table.contains("PLAYERS"), "{table}");
    // Who wants failures only is not kept waiting: nobody is asked.
    let mut buffer = [0; 100];
    mute.set_nonblocking(true).expect("not to wait");
    while mute.recv_from(&mut buffer).is_ok() {}
    sandbox.ok(&["-q", "status", "mute"]);
    assert!(mute.recv_from(&mut buffer).is_err(), "it was asked");
    sandbox.ok(&["status", "mute"]);
    assert!(mute.recv_from(&mut buffer).is_ok(), "it was not asked");
}

/// Servers whose status is harder to read are ready and counted all the same.
#[test]
fn whatever_surrounds_the_numbers() {
    let kinds = [
        ("crowded", json!({ "online": 267, "max": 300 })),
        ("modded", json!({ "online": 3, "max": 20 })),
        ("old-minecraft", json!({ "online": 3, "max": 20 })),
    ];
    let sandbox = Sandbox::with(&kinds.clone().map(|(kind, _)| stand_in(kind, kind)));
    sandbox.ok(&["start", "--all"]);
    for (kind, players) in kinds {
        let row = sandbox.status(kind);
        assert_eq!(
            (&row["state"], &row["details"]["players"]),
            (&json!("running"), &players),
            "{row}"
        );
    }
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

/// Answers every request with this, until the test ends.
fn answering(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut heard = [0; 2048];
            let _ = stream.read(&mut heard);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn lines_and_requests_tell_it_too() {
    let port = support::free_port();
    let program = support::example("stand-in-game");
    let game = |id: &str, send: &str| {
        Instance::program(
            id,
            program.to_str().expect("UTF-8"),
            &["conan", &port.to_string(), "canary"],
        )
        .with("rcon", json!({ "port": port, "password": "canary" }))
        .with("ready", json!({ "tcp": format!("127.0.0.1:{port}"), "timeout": "60s" }))
        .with(
            "players",
            json!({ "send": send, "pattern": "There are (?<online>[0-9]+) of a max of (?<max>[0-9]+)" }),
        )
    };
    let plain = answering("HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{\"on\": 3, \"rest\": [1,2]}");
    let pieces = answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"on\":[{\r\n9\r\n},{}],\"m\"\r\n4\r\n:20}\r\n0\r\n\r\n",
    );
    let refuses = answering("HTTP/1.1 401 No\r\nContent-Length: 8\r\n\r\n{\"on\":3}");
    let asked = |id: &str, port: u16| {
        let url = format!("http://127.0.0.1:{port}/v1/players");
        Instance::program(id, "/bin/sleep", &["300"])
            .with("ready", json!({ "alive_for": "1ms" }))
            .with("players", json!({ "http": url, "json": ".on", "json_max": ".m" }))
    };
    let sandbox = Sandbox::with(&[
        game("line", "There are 3 of a max of 20"),
        asked("plain", plain),
        asked("pieces", pieces),
        asked("refuses", refuses),
    ]);
    sandbox.ok(&["start", "--all"]);
    for (id, players) in [
        ("line", json!({ "online": 3, "max": 20 })),
        ("plain", json!({ "online": 3, "max": null })),
        ("pieces", json!({ "online": 2, "max": 20 })),
        ("refuses", Value::Null),
    ] {
        assert_eq!(sandbox.status(id)["details"]["players"], players, "{id}");
    }
    let table = sandbox.ok(&["status"]).stdout;
    assert!(table.contains("3/-"), "{table}");
    sandbox.ok(&["stop", "plain", "pieces", "refuses"]);
    // A reply in which the pattern finds nothing tells nothing.
    sandbox.inventory(&[game("line", "nobody knows")]);
    assert_eq!(sandbox.status("line")["details"]["players"], Value::Null);
    sandbox.ok(&["stop", "--all"]);
}

/// The port is that of the instance, and not the one of the preset.
#[test]
fn a_preset_counts_at_the_port_of_the_instance() {
    let port = support::free_udp_port();
    let program = support::example("stand-in-game");
    let args = ["steam", &port.to_string(), "unused"];
    let game = Instance::program("a", program.to_str().expect("UTF-8"), &args)
        .with("game", json!("valheim"))
        .with("ports", json!({ "query": format!("{port}/udp") }))
        .with("ready", json!({ "log": "^up$" }));
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(
        sandbox.status("a")["details"]["players"],
        json!({ "online": 3, "max": 20 })
    );
    sandbox.ok(&["stop", "a"]);
}

/// A `status` without a game that can be asked does what it does without asking:
/// not a system call more, whatever else is known of the games.
#[test]
fn where_nobody_can_be_asked_a_look_costs_nothing_more() {
    let Some(strace) = support::strace("the system calls of status") else {
        return;
    };
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mute = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let (tcp, udp) = (deaf.local_addr(), mute.local_addr());
    let (tcp, udp) = (tcp.expect("its address").port(), udp.expect("its address").port());
    let ports = json!({ "game": format!("{udp}/udp"), "admin": format!("{tcp}/tcp") });
    let plain = sleeper("plain", &json!({ "tcp": format!("127.0.0.1:{tcp}") }))
        .with("ports", ports)
        .with("rcon", json!({ "port": tcp, "password": "canary" }));
    let asked = sleeper("asked", &json!({ "a2s": format!("127.0.0.1:{udp}") }));
    let sandbox = Sandbox::with(&[plain, asked]);
    sandbox.ok(&["start", "--all"]);
    let calls = |args: &[&str]| calls(&sandbox, &strace, args);
    let seen = calls(&["status", "plain"]);
    assert!(!seen.is_empty());
    // Nobody was asked, and nothing was made ready for the asking.
    for call in ["socket", "connect", "sendto", "recvfrom", "epoll_create1", "epoll_wait"] {
        assert!(!seen.contains(&call.to_owned()), "{call}: {seen:?}");
    }
    // `-q` counts nobody; what it prints is another matter.
    assert_eq!(seen, calls(&["-q", "status", "plain"]));
    // With somebody to ask it is seen.
    assert!(calls(&["status", "asked"]).contains(&"socket".to_owned()));
    mute.set_nonblocking(true).expect("not to wait");
    assert!(mute.recv_from(&mut [0; 100]).is_ok(), "the other one was asked");
    sandbox.ok(&["stop", "--all"]);
}

/// The names of the system calls that it makes, sorted: not those for memory,
/// nor those for what it prints.
fn calls(sandbox: &Sandbox, strace: &Path, args: &[&str]) -> Vec<String> {
    let log = sandbox.path("calls");
    let (strace, path) = (strace.to_string_lossy(), log.to_string_lossy());
    let traced = sandbox.run_under(&[&strace, "-f", "-qq", "-o", &path], args);
    traced.expect_code(0);
    let text = std::fs::read_to_string(&log).expect("the calls");
    let name = |line: &str| {
        let call = line.split_once(' ')?.1.trim_start();
        Some(call.split_once('(')?.0.to_owned())
    };
    let mut names: Vec<String> = text.lines().filter_map(name).collect();
    const PASSED_OVER: [&str; 7] = ["brk", "mmap", "munmap", "mremap", "madvise", "mprotect", "write"];
    names.retain(|name| !PASSED_OVER.contains(&name.as_str()) && !name.starts_with(['<', '+']));
    names.sort();
    names
}

#[test]
fn they_stand_on_the_screens() {
    let sandbox = Sandbox::with(&[stand_in("steam", "steam"), stand_in("craft", "minecraft")]);
    sandbox.ok(&["start", "steam"]);
    let mut terminal = Terminal::open(&sandbox, &["watch"]);
    terminal.wait("PLAYERS");
    terminal.wait("3/20");
    // What is there may be half a frame.
    support::wait_until("one to be counted", || {
        last_frame(&terminal).matches("3/20").count() == 1
    });
    sandbox.ok(&["start", "craft"]);
    support::wait_until("both to be counted", || {
        last_frame(&terminal).matches("3/20").count() == 2
    });
    sandbox.ok(&["stop", "steam"]);
    support::wait_until("one to be counted", || {
        last_frame(&terminal).matches("3/20").count() == 1
    });
    terminal.type_key(b'q');
    assert_eq!(terminal.ended(), Some(0));
    let mut terminal = Terminal::open(&sandbox, &["run", "craft"]);
    terminal.wait("3/20");
    terminal.type_key(3);
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "--all"]);
}

/// Returns the last frame that was drawn as a whole.
pub(crate) fn last_frame(terminal: &Terminal) -> String {
    let text = terminal.text();
    let whole = text.rsplit_once("\x1b[?2026l").map_or("", |(whole, _)| whole);
    whole.rsplit("\x1b[H").next().unwrap_or_default().to_owned()
}
