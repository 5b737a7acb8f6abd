//! Lines to games, and games that are stopped by lines.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{self, Instance, Sandbox, wait_until};

/// Far from the ten seconds that a line may take, also on a slow machine.
const SOON: Duration = Duration::from_secs(5);

const PASSWORD: &str = "hunter2-never-shown";

/// A stand-in with its channel, and nothing else.
fn stand_in(kind: &str, channel: &str, port: u16) -> Instance {
    let program = support::example("stand-in-game");
    let mut remote = json!({ "port": port });
    if channel == "telnet" {
        remote["greeting"] = json!("Hello:");
    } else {
        remote["password"] = json!(PASSWORD);
    }
    Instance::program(
        "a",
        program.to_str().expect("UTF-8"),
        &[kind, &port.to_string(), PASSWORD],
    )
    .with(channel, remote)
    .with("ready", json!({ "tcp": format!("127.0.0.1:{port}"), "timeout": "60s" }))
}

fn stopped(sandbox: &Sandbox) -> Value {
    let outcome = sandbox.ok(&["stop", "a", "--json"]);
    assert!(!outcome.stdout.contains(PASSWORD));
    outcome.json()["results"][0].clone()
}

#[test]
fn a_line_and_its_reply() {
    for (kind, channel) in [("rust", "webrcon"), ("conan", "rcon"), ("soulmask", "telnet")] {
        let sandbox = Sandbox::with(&[stand_in(kind, channel, support::free_port())]);
        sandbox.run(&["send", "a", "hello"]).expect_code(3);
        sandbox.ok(&["start", "a"]);
        let sent = sandbox.ok(&["send", "a", "hello", "to  you"]);
        assert_eq!(sent.stdout, "you said hello to  you\n", "{kind}");
        let sent = sandbox.ok(&["--json", "send", "a", "x"]).json();
        assert_eq!(sent, json!({"schema": 1, "id": "a", "reply": "you said x"}), "{kind}");
        assert_eq!(sandbox.lines("did"), ["hello to  you", "x"], "{kind}");
    }
}

#[test]
fn a_reply_of_several_packets() {
    let sandbox = Sandbox::with(&[stand_in("conan", "rcon", support::free_port())]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.ok(&["send", "a", "big"]).stdout.trim_end().len(), 10_000);
}

#[test]
fn a_line_to_the_console() {
    let script = "echo up; while read -r line; do echo \"got $line\"; done";
    let sandbox = Sandbox::with(&[Instance::script("a", script).ready_log("up")]);
    sandbox.ok(&["start", "a"]);
    let sent = sandbox.ok(&["send", "a", "say", "-n", "it"]);
    assert_eq!(sent.stdout, "");
    sandbox.wait_line("a", "got say -n it");
    sandbox.run(&["send", "a", "two\nlines"]).expect_code(2);
    sandbox.run(&["send", "b", "x"]).expect_code(4);
    sandbox.ok(&["stop", "a"]);
    sandbox.run(&["send", "a", "x"]).expect_code(3);
}

#[test]
fn a_wrong_password_is_said_and_not_shown() {
    let port = support::free_port();
    for (file, wanted) in [(Some("wrong-one"), "the password is wrong"), (None, "cannot be read")] {
        let sandbox = Sandbox::with(&[
            stand_in("conan", "rcon", port).with("rcon", json!({ "port": port, "password": { "file": "pw" } }))
        ]);
        if let Some(text) = file {
            std::fs::write(sandbox.path("pw"), text).expect("pw");
        }
        sandbox.ok(&["start", "a"]);
        let sent = sandbox.run(&["send", "a", "hello"]).expect_code(1);
        assert!(sent.stderr.contains(wanted), "{sent:?}");
        assert!(!sent.stderr.contains("wrong-one"), "{sent:?}");
    }
}

#[test]
fn a_webrcon_that_closes_is_a_failure_unless_the_game_ends() {
    let port = support::free_port();
    let wrong = json!({ "port": port, "password": "another" });
    let sandbox = Sandbox::with(&[stand_in("rust", "webrcon", port).with("webrcon", wrong)]);
    sandbox.ok(&["start", "a"]);
    let sent = sandbox.run(&["send", "--timeout", "1s", "a", "quit"]).expect_code(1);
    assert!(sent.stderr.contains("password of `webrcon` may be wrong"), "{sent:?}");
    sandbox.inventory(&[stand_in("rust", "webrcon", port)]);
    sandbox.ok(&["send", "a", "quit"]);
    sandbox.wait_state("a", "crashed");
}

#[test]
fn a_login_is_one_over_the_channel_that_there_is() {
    for (kind, channel) in [("rust", "webrcon"), ("conan", "rcon"), ("soulmask", "telnet")] {
        let port = support::free_port();
        let login = json!({ "rcon": true });
        let game = stand_in(kind, channel, port)
            .with("ready", json!({ "rcon": true, "timeout": "60s" }))
            .with("healthy", login);
        let sandbox = Sandbox::with(&[game]);
        let plan = sandbox.ok(&["start", "a", "--dry-run"]).stdout;
        assert!(
            plan.contains(&format!("a login over {channel} at 127.0.0.1:{port}")),
            "{plan}"
        );
        sandbox.ok(&["start", "a"]);
    }
    let wrong = json!({ "port": 9, "password": PASSWORD });
    let game = stand_in("conan", "rcon", support::free_port()).with("webrcon", wrong);
    let sandbox = Sandbox::with(&[game.with("ready", json!({ "rcon": true, "timeout": "60s" }))]);
    sandbox.ok(&["start", "a"]);
    sandbox.inventory_text("instances:\n    a:\n        ready: { rcon: true }\n");
    let said = sandbox.run(&["check"]).expect_code(6).stderr;
    assert!(said.contains("there is no section `rcon`"), "{said}");
}

/// A Source server listens at the address of the host's name.
#[test]
fn a_server_that_listens_elsewhere_is_told_with_its_address() {
    let listener = TcpListener::bind("127.0.1.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let game = Instance::awkward("a", &["serve", "--ready", "up"])
        .with("rcon", json!({ "port": port, "password": PASSWORD }))
        .with("ready", json!({ "rcon": true, "timeout": "1s" }));
    let sandbox = Sandbox::with(&[game]);
    let address = format!("127.0.1.1:{port}");
    let start = sandbox.run(&["start", "a"]).expect_code(124);
    assert!(start.stderr.contains(&address), "{start:?}");
    let sent = sandbox.run(&["send", "a", "hello"]).expect_code(1);
    assert!(
        sent.stderr.contains(&address) && sent.stderr.contains("host: 127.0.1.1"),
        "{sent:?}"
    );
    let check = sandbox.run(&["check"]);
    assert!(check.stdout.contains(&address), "{check:?}");
}

#[test]
fn a_telnet_that_is_never_silent() {
    let port = support::free_port();
    let game = stand_in("7dtd", "telnet", port)
        .with("telnet", json!({ "port": port, "password": PASSWORD }))
        .ready_log("^up$")
        .with(
            "stop",
            json!([{"telnet": "saveworld", "wait": "0s"}, {"telnet": "shutdown", "wait": "30s"}, {"signal": "KILL"}]),
        );
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    let before = Instant::now();
    let sent = sandbox.ok(&["send", "a", "lp"]);
    assert!(before.elapsed() < SOON, "{:?}", before.elapsed());
    assert!(sent.stdout.contains("you said lp"), "{sent:?}");
    assert_eq!(stopped(&sandbox)["ended_by"], "telnet: shutdown");
    assert_eq!(sandbox.lines("did"), ["lp", "saveworld", "shutdown"]);
}

#[test]
fn a_line_without_a_reply_is_said_to_have_none() {
    for (kind, channel) in [
        ("rust", "webrcon"),
        ("conan", "rcon"),
        ("eco", "rcon"),
        ("soulmask", "telnet"),
    ] {
        let sandbox = Sandbox::with(&[stand_in(kind, channel, support::free_port())]);
        sandbox.ok(&["start", "a"]);
        let before = Instant::now();
        let sent = sandbox.ok(&["send", "a", "say", "hello"]);
        assert!(before.elapsed() < SOON, "{kind}: {:?}", before.elapsed());
        assert_eq!(sent.stdout, "", "{kind}");
        assert!(sent.stderr.contains("sent, no reply"), "{kind}: {sent:?}");
        assert_eq!(sandbox.lines("did"), ["say hello"], "{kind}");
    }
}

#[test]
fn what_is_pushed_is_no_reply_and_no_refusal() {
    let game = stand_in("rust-rcon", "rcon", support::free_port());
    let sandbox = Sandbox::with(&[game.with("ready", json!({ "rcon": true, "timeout": "60s" })).with(
        "stop",
        json!([
            {"rcon": "save", "wait": "5s", "expect": "Saving complete"},
            {"rcon": "quit", "wait": "30s"},
            {"signal": "KILL"},
        ]),
    )]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.ok(&["send", "a", "status"]).stdout, "you said status\n");
    let said = sandbox.ok(&["stop", "a"]).stdout;
    assert!(said.contains("rcon: save confirmed: Saving complete"), "{said}");
    assert!(said.contains("stopped by rcon: quit"), "{said}");
}

#[test]
fn a_line_at_which_the_server_hangs_up_is_a_failure() {
    for (kind, channel) in [("rust", "webrcon"), ("conan", "rcon"), ("soulmask", "telnet")] {
        let game = stand_in(kind, channel, support::free_port());
        let chain = json!([{channel: "crash", "wait": "0s"}, {"signal": "TERM", "wait": "30s"}]);
        let sandbox = Sandbox::with(&[game.with("stop", chain)]);
        sandbox.ok(&["start", "a"]);
        let sent = sandbox.run(&["send", "a", "crash"]).expect_code(1);
        assert!(
            sent.stderr.contains("closed without a reply, the game goes on"),
            "{kind}: {sent:?}"
        );
        let said = sandbox.ok(&["stop", "a"]).stdout;
        assert!(
            said.contains(&format!("{channel}: crash was closed without a reply by 127.0.0.1:")),
            "{kind}: {said}"
        );
    }
}

/// In no other test, so that it is found in what belongs to this one only.
const CANARY: &str = "hunter3-sings-here-only";

/// Finds the canary among all files of the state directory and of all that
/// processes show of themselves to everybody.
fn canary(sandbox: &Sandbox) -> Option<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![sandbox.state_dir()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    for process in std::fs::read_dir("/proc").expect("/proc").flatten() {
        files.extend(["cmdline", "comm"].map(|name| process.path().join(name)));
    }
    // A process may have ended meanwhile.
    let sings = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(CANARY)
    };
    files.into_iter().find(sings)
}

#[test]
fn a_password_is_nowhere_but_in_the_inventory() {
    let chain = json!([{"rcon": "shutdown", "wait": "1s"}, {"signal": "TERM", "wait": "30s"}]);
    let port = support::free_port();
    let game = stand_in("mute", "rcon", port)
        .with("rcon", json!({ "port": port, "password": CANARY }))
        .with("stop", chain);
    let sandbox = Sandbox::with(&[game.with("healthy", json!({ "rcon": true }))]);
    let mut said = String::new();
    let mut run = |args: &[&str]| {
        let outcome = sandbox.run(args);
        said += &format!("{args:?}\n{}{}", outcome.stdout, outcome.stderr);
    };
    run(&["-v", "start", "a"]);
    run(&["-v", "status", "--json"]);
    run(&["-v", "check"]);
    run(&["-v", "logs", "a"]);
    run(&["-v", "send", "--timeout", "100ms", "a", "hello"]);
    run(&["-v", "stop", "a", "--dry-run"]);
    // One that waits for its reply, while others look at it.
    let before = sandbox.lines("did").len();
    let mut send = sandbox.command(&["-v", "send", "--timeout", "60s", "a", "x"]);
    let mut send = send.stderr(std::process::Stdio::null()).spawn().expect("run gamectl");
    wait_until("it to be connected", || sandbox.lines("did").len() > before);
    assert_eq!(canary(&sandbox), None);
    send.kill().expect("kill it");
    send.wait().expect("its end");
    run(&["-v", "stop", "a"]);
    run(&["-v", "status", "--json"]);
    assert!(said.contains("did not answer the login"), "{said}");
    assert!(said.contains("rcon: shutdown failed"), "{said}");
    assert!(!said.contains(CANARY), "{said}");
}

#[test]
fn silence_has_an_end() {
    let sandbox = Sandbox::with(&[stand_in("mute", "rcon", support::free_port())]);
    sandbox.ok(&["start", "a"]);
    let sent = sandbox
        .run(&["send", "--timeout", "300ms", "a", "hello"])
        .expect_code(124);
    assert!(sent.stderr.contains("did not answer the login"), "{sent:?}");
}

#[test]
fn games_are_saved_and_quit_by_their_lines() {
    for (kind, channel, save, saved, quit) in [
        ("rust", "webrcon", "save", "Saved", "quit"),
        ("soulmask", "telnet", "saveworld 1", "the world is saved.", "quit 1"),
    ] {
        let sandbox = Sandbox::with(&[stand_in(kind, channel, support::free_port()).with(
            "stop",
            json!([{channel: save, "wait": "0s", "expect": saved}, {channel: quit, "wait": "30s"}, {"signal": "KILL"}]),
        )]);
        sandbox.ok(&["start", "a"]);
        let result = stopped(&sandbox);
        assert_eq!(result["ended_by"], format!("{channel}: {quit}"), "{result}");
        assert_eq!(sandbox.lines("did"), [save, quit]);
        let exit = sandbox.status("a")["last_exit"].clone();
        assert_eq!(exit["code"], 0, "{exit}");
        sandbox.ok(&["start", "a"]);
        let said = sandbox.ok(&["stop", "a"]).stdout;
        assert!(said.contains(&format!("{channel}: {save} confirmed: ")), "{said}");
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["restart", "a"]);
        assert_eq!(sandbox.lines("did"), [save, quit].repeat(3));
        sandbox.ok(&["stop", "a", "--now"]);
        assert_eq!(sandbox.lines("did").len(), 6, "the lines were skipped");
        sandbox.nothing_left();
    }
}

#[test]
fn a_reply_that_does_not_come_is_told_and_the_chain_goes_on() {
    let chain = json!([
        {"webrcon": "save", "wait": "200ms", "expect": "Backed up"},
        {"webrcon": "quit", "wait": "30s"},
    ]);
    let sandbox = Sandbox::with(&[stand_in("rust", "webrcon", support::free_port()).with("stop", chain)]);
    sandbox.ok(&["start", "a"]);
    let said = sandbox.ok(&["stop", "a"]).stdout;
    assert!(
        said.contains("webrcon: save was not confirmed by 127.0.0.1:") && said.contains(": no `Backed up` came"),
        "{said}"
    );
    assert!(said.contains("stopped by webrcon: quit"), "{said}");
    assert_eq!(sandbox.lines("did"), ["save", "quit"]);
}

#[test]
fn a_step_that_fails_is_told_and_the_next_is_taken() {
    let port = support::free_port();
    let chain = json!([
        {"rcon": "shutdown", "wait": "60s"},
        {"exec": ["/bin/false"], "wait": "60s"},
        {"exec": ["/bin/sh", "-c", "touch touched"], "wait": "0s"},
        {"signal": "TERM", "wait": "30s"},
    ]);
    let wrong = json!({ "port": port, "password": "another" });
    let sandbox = Sandbox::with(&[stand_in("conan", "rcon", port).with("rcon", wrong).with("stop", chain)]);
    sandbox.ok(&["start", "a"]);
    let said = sandbox.ok(&["stop", "a"]).stdout;
    assert!(said.contains("rcon: shutdown failed"), "{said}");
    assert!(said.contains("the password is wrong"), "{said}");
    assert!(said.contains("exec: /bin/false failed"), "{said}");
    assert!(said.contains("stopped by signal: TERM"), "{said}");
    assert!(sandbox.path("touched").exists());
}

#[test]
fn a_stop_whose_command_is_lost_goes_on() {
    let chain = json!([{"rcon": "quit", "wait": "0s"}, {"signal": "TERM", "wait": "30s"}]);
    // No probe connects: it might be accepted after `start`, and be taken for the step.
    let game = stand_in("mute", "rcon", support::free_port()).ready_log("^up$");
    let sandbox = Sandbox::with(&[game.with("stop", chain)]);
    sandbox.ok(&["start", "a"]);
    let mut stop = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
    wait_until("the step to be under way", || !sandbox.lines("did").is_empty());
    stop.kill().expect("kill it");
    stop.wait().expect("its end");
    assert_eq!(sandbox.wait_state("a", "stopped")["last_exit"]["signal"], "SIGTERM");
}

#[test]
fn what_is_no_longer_listed_is_stopped_without_its_channel() {
    let chain = json!([{"rcon": "shutdown", "wait": "60s"}]);
    let sandbox = Sandbox::with(&[stand_in("conan", "rcon", support::free_port()).with("stop", chain)]);
    sandbox.ok(&["start", "a"]);
    sandbox.inventory(&[]);
    assert_eq!(stopped(&sandbox)["ended_by"], "signal: TERM");
}

#[test]
fn sections_that_are_wrong() {
    let sandbox = Sandbox::new();
    for (body, wanted) in [
        ("rcon: {port: 1}", ("yaml:3:9\n", "`rcon` has no password")),
        (
            "stop: [{rcon: quit}]",
            ("yaml:3:9\n", "`rcon` is used here, but there is no section `rcon`"),
        ),
        ("admin: rcom", ("yaml:3:16\n", "there is no channel `rcom`")),
        (
            "rcon: {port: 70000}",
            ("yaml:3:22\n", "`port` must be a whole number from 1 to 65535"),
        ),
        ("telnet: {prot: 1}", ("yaml:3:18\n", "unknown key `prot` in `telnet`")),
        (
            "rcon: {port: 1, password: {fiel: x}}",
            ("yaml:3:36\n", "unknown key `fiel` in `password`"),
        ),
        (
            "rcon: {host: 'a:1', port: 1, password: x}",
            ("yaml:3:23\n", "`host` must be"),
        ),
        (
            "stop: [{stdin: quit, expect: x}]",
            ("yaml:3:30\n", "`expect` needs a step with a reply"),
        ),
        (
            "stop: [{rcon: a, stdin: b}]",
            ("yaml:3:26\n", "a step of `stop` does one thing"),
        ),
    ] {
        sandbox.inventory_text(&format!("instances:\n    a:\n        {body}\n"));
        let outcome = sandbox.run(&["status"]).expect_code(6);
        assert!(
            outcome.stderr.contains(wanted.0) && outcome.stderr.contains(wanted.1),
            "{body}: {}",
            outcome.stderr
        );
    }
    sandbox.inventory_text(&format!(
        "instances:\n    a:\n        rcon: {{port: x, password: {PASSWORD}}}\n"
    ));
    let outcome = sandbox.run(&["status"]).expect_code(6);
    assert!(!outcome.stderr.contains(PASSWORD), "{outcome:?}");
}

#[test]
fn a_stop_over_http_and_one_that_is_refused() {
    use std::io::{Read, Write};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let request =
        json!({ "url": format!("http://127.0.0.1:{port}/shutdown?token={PASSWORD}"), "body": "{\"waittime\":1}" });
    let refused = format!("http://127.0.0.1:{port}/no");
    let stop = json!([{ "http": refused, "wait": "30s" }, { "http": request, "wait": "30s" }]);
    let game = Instance::awkward("a", &["serve", "--ready", "up"])
        .ready_log("^up$")
        .with("stop", stop);
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let server = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for stream in listener.incoming().take(2) {
            let mut stream = stream.expect("a connection");
            let mut buffer = [0; 4096];
            let n = stream.read(&mut buffer).expect("a request");
            let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
            let status = if text.contains("/no") { "403 No" } else { "200 OK" };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").expect("an answer");
            if status == "200 OK" {
                support::Process::signal(pid, nix::sys::signal::Signal::SIGTERM);
            }
            asked.push(text);
        }
        asked
    });
    let result = stopped(&sandbox);
    assert_eq!(result["ended_by"], format!("http: POST 127.0.0.1:{port}/shutdown"));
    let asked = server.join().expect("the server");
    assert!(asked[1].starts_with(&format!("POST /shutdown?token={PASSWORD} HTTP/1.1\r\n")));
    assert!(
        asked[1].ends_with("Content-Length: 14\r\n\r\n{\"waittime\":1}"),
        "{}",
        asked[1]
    );
    sandbox.nothing_left();
}

/// The deed of a server with a step of a stop.
struct OddServer {
    channel: &'static str,
    /// Its words at first, and each time that it has heard something: the last of
    /// these is its answer to the step.
    says: Vec<Vec<u8>>,
    /// False if it says no more, and keeps the connection.
    closes: bool,
}

impl OddServer {
    fn of_rcon(answer: &[u8], closes: bool) -> Self {
        let accepted = [10, 1, 2].map(i32::to_le_bytes).concat();
        Self {
            channel: "rcon",
            says: vec![vec![], [&accepted, &b"\0\0"[..]].concat(), answer.to_vec()],
            closes,
        }
    }

    fn of_webrcon(answer: &[u8], closes: bool) -> Self {
        let accepted = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec();
        Self {
            channel: "webrcon",
            says: vec![vec![], accepted, answer.to_vec()],
            closes,
        }
    }

    fn of_telnet(answer: &[u8], closes: bool) -> Self {
        Self {
            channel: "telnet",
            says: vec![b"Hello:\r\n".to_vec(), answer.to_vec()],
            closes,
        }
    }

    fn of_http(answer: &[u8], closes: bool) -> Self {
        Self {
            channel: "http",
            says: vec![vec![], answer.to_vec()],
            closes,
        }
    }

    /// Takes one connection, and answers as it should not. Returns its port.
    fn open(self) -> u16 {
        use std::io::{Read, Write};
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut heard = [0; 4096];
            for (nth, words) in self.says.iter().enumerate() {
                if nth > 0 && stream.read(&mut heard).expect("a request") == 0 {
                    return;
                }
                stream.write_all(words).expect("an answer");
            }
            while !self.closes && stream.read(&mut heard).is_ok_and(|n| n > 0) {}
        });
        port
    }

    /// Returns a game whose first stop step goes to it.
    fn game(self, id: &str, wait: &str) -> Instance {
        let channel = self.channel;
        let port = self.open();
        let step = match channel {
            "http" => json!({ "http": format!("http://127.0.0.1:{port}/save"), "wait": wait }),
            _ => json!({ channel: "save", "wait": wait }),
        };
        let game = Instance::awkward(id, &["serve", "--ready", "up"])
            .ready_log("^up$")
            .with("stop", json!([step, { "signal": "TERM", "wait": "30s" }]));
        match channel {
            "http" => game,
            "telnet" => game.with("telnet", json!({ "port": port, "greeting": "Hello:" })),
            _ => game.with(channel, json!({ "port": port, "password": PASSWORD })),
        }
    }
}

/// A game that has heard of a step may be saving.
#[test]
fn a_step_with_an_odd_answer_keeps_its_wait() {
    const WAIT: Duration = Duration::from_secs(3);
    let masked = [0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    let cut = [&[100, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], &b"Sav"[..]].concat();
    let odd = [
        OddServer::of_rcon(b"", true),
        OddServer::of_rcon(b"HTTP/1.1 400 Bad Request\r\n\r\n", false),
        OddServer::of_webrcon(b"", true),
        OddServer::of_webrcon(&masked, false),
        OddServer::of_webrcon(&[0x81, 126, 1], true),
        OddServer::of_telnet(b"", true),
        OddServer::of_http(b"", true),
        OddServer::of_http(b"", false),
        OddServer::of_http(b"hello\n", false),
        OddServer::of_http(b"HTTP/1.1 2", true),
        OddServer::of_http(b"HTTP/1.1 503 Busy\r\n\r\n", true),
        OddServer::of_http(b"HTTP/1.1 403 No\r\n", true),
        OddServer::of_http(b"HTTP/1.1 303 See\r\nLocation: /done\r\n\r\n", true),
    ];
    // A part of a reply is one, and none is no fault.
    let others = [
        OddServer::of_rcon(&cut, true),
        OddServer::of_rcon(&cut, false),
        OddServer::of_telnet(b"", false),
    ];
    let count = odd.len() + others.len();
    let odd = odd
        .into_iter()
        .enumerate()
        .map(|(nth, server)| server.game(&format!("odd{nth}"), "3s"));
    let others = others
        .into_iter()
        .enumerate()
        .map(|(nth, server)| server.game(&format!("other{nth}"), "3s"));
    let games: Vec<Instance> = odd.chain(others).collect();
    let sandbox = Sandbox::with(&games);
    sandbox.ok(&["start", "--all"]);
    let results = sandbox.ok(&["stop", "--all", "--json"]).json()["results"].clone();
    let results = results.as_array().expect("results");
    assert_eq!(results.len(), count);
    for result in results {
        let took = Duration::from_secs_f64(result["took_seconds"].as_f64().expect("a number"));
        assert!(took >= WAIT, "{result}");
        assert_eq!(result["ended_by"], "signal: TERM", "{result}");
        let id = result["id"].as_str().expect("an id");
        let note = result["note"].as_str().unwrap_or_default();
        let is_told = note.contains("may not have been carried out") && note.contains("127.0.0.1:");
        assert_eq!(is_told, id.starts_with("odd"), "{result}");
    }
    sandbox.nothing_left();
}

/// Nobody waits for a step that has certainly not been carried out.
#[test]
fn a_step_that_is_refused_is_passed_over_and_told() {
    let refusal = [10, -1, 2].map(i32::to_le_bytes).concat();
    let mut refused = OddServer::of_rcon(b"", true);
    refused.says[1] = [&refusal, &b"\0\0"[..]].concat();
    let mut closed = OddServer::of_rcon(b"", true);
    closed.says.truncate(1);
    let games = [
        (refused.game("a", "60s"), "rcon: save failed: rcon 127.0.0.1:"),
        (closed.game("b", "60s"), "it closed the connection at the login"),
        (
            OddServer::of_http(
                b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n",
                true,
            )
            .game("c", "60s"),
            "/save failed: the answer was 404",
        ),
        (
            Instance::awkward("d", &["serve", "--ready", "up"])
                .ready_log("^up$")
                .with("rcon", json!({ "port": support::free_port(), "password": PASSWORD }))
                .with(
                    "stop",
                    json!([{ "rcon": "save", "wait": "60s" }, { "signal": "TERM", "wait": "30s" }]),
                ),
            "nothing listens there",
        ),
    ];
    let (games, told): (Vec<Instance>, Vec<&str>) = games.into_iter().unzip();
    let sandbox = Sandbox::with(&games);
    sandbox.ok(&["start", "--all"]);
    let before = Instant::now();
    let stop = sandbox.ok(&["stop", "--all"]);
    assert!(before.elapsed() < Duration::from_secs(50), "{:?}", before.elapsed());
    for told in told {
        assert!(stop.stdout.contains(told), "{told}: {stop:?}");
    }
}
