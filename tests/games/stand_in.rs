//! A stand-in for games that cannot be had here: it boots, opens its admin
//! port, saves and quits as they are documented to, and nothing else.
//!
//! `stand-in-game KIND PORT PASSWORD`, where KIND is `rust`, `rust-rcon` (which
//! pushes what its console says), `conan`, `eco` (which answers no empty packet),
//! `soulmask` or `7dtd` (whose telnet is never silent): these have no reply to
//! `say`, and hang up at `crash`. Or it is `minecraft` and `steam` (only a status),
//! `modded`, `old-minecraft` and `crowded` (a status that is harder to read), `http`
//! (nothing but a status), `rest`, `rest-issued` and `rest-own` (which save and quit over
//! HTTP, or HTTPS with a certificate that is issued or their own, for who sends the header
//! PASSWORD), `battleye`, `goldsrc` and `quake` (whose RCON is
//! over UDP), or `mute` for one whose port accepts and says nothing.
//! With `gate:FILE` instead of a password `steam`, `minecraft` and `http` are not
//! ready before FILE is there. What it did is in the file `did` of its
//! working directory, a line each.

mod datagrams;
mod query;
mod rest;

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, kind, port, password] = args.as_slice() else {
        panic!("stand-in-game KIND PORT PASSWORD");
    };
    if kind == "steam" || kind == "crowded" {
        let socket = UdpSocket::bind(("127.0.0.1", port.parse::<u16>().expect("a port"))).expect("the port");
        boot(kind);
        drop(query::steam(&socket, kind == "crowded", || is_open(password)));
        return;
    }
    if matches!(kind.as_str(), "battleye" | "goldsrc" | "quake") {
        let socket = UdpSocket::bind(("127.0.0.1", port.parse::<u16>().expect("a port"))).expect("the port");
        // Not for ever, should a test forget it.
        socket
            .set_read_timeout(Some(Duration::from_secs(300)))
            .expect("a limit");
        boot(kind);
        drop(datagrams::serve(kind, password, &socket));
        return;
    }
    // A certificate is not one for each of these addresses.
    let host = if kind == "rest-issued" { "0.0.0.0" } else { "127.0.0.1" };
    let listener = TcpListener::bind((host, port.parse::<u16>().expect("a port"))).expect("the port");
    let (kind, password) = (kind.clone(), password.clone());
    boot(&kind);
    let (end, ended) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (kind, password, end) = (kind.clone(), password.clone(), end.clone());
            thread::spawn(move || serve(&kind, &password, stream, &end));
        }
    });
    // Not for ever, should a test forget it.
    let _ = ended.recv_timeout(Duration::from_secs(300));
}

/// Ends the game, and says nothing more.
fn end_it(end: &Sender<()>) -> std::io::Result<()> {
    let _ = end.send(());
    loop {
        thread::park();
    }
}

fn boot(kind: &str) {
    let line = match kind {
        "rust" => "Server startup complete",
        "conan" => "[2026.01.01-00.00.00:000][  0]LogGameState: Match State Changed from WaitingToStart to InProgress",
        "soulmask" => "[2026.01.01] logStoreGamemode: OnCreateSessionComplete GameSession bSuccess: 1",
        _ => "up",
    };
    let mut out = std::io::stdout();
    let _ = writeln!(out, "Loading the world ...\n{line}");
}

fn did(what: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open("did").expect("did");
    writeln!(file, "{what}").expect("did");
}

/// The outcome of a line.
enum Done {
    Reply(String),
    Nothing,
    HangUp,
    End(String),
}

fn obey(kind: &str, line: &str) -> Done {
    did(line);
    Done::Reply(match (kind, line) {
        ("rust" | "rust-rcon", "save") => "Saved 12 ents".into(),
        ("rust" | "rust-rcon", "quit")
        | ("conan", "shutdown")
        | ("battleye", "#shutdown")
        | ("goldsrc" | "quake", "quit") => return Done::End(String::new()),
        ("soulmask", "saveworld 1") => "the world is saved.".into(),
        ("soulmask", "quit 1") => return Done::End("World is closing...".into()),
        ("7dtd", "shutdown") => return Done::End("INF Shutting down".into()),
        ("conan", "big") => "x".repeat(10_000),
        ("battleye" | "goldsrc" | "quake", "big") => "0123456789".repeat(1000),
        (_, "crash") => return Done::HangUp,
        (_, line) if line.starts_with("say") => return Done::Nothing,
        _ => format!("you said {line}"),
    })
}

fn serve(kind: &str, password: &str, stream: TcpStream, end: &Sender<()>) {
    // Whoever hangs up has had enough.
    let _ = match kind {
        "rust" => webrcon(password, stream, end),
        "conan" | "eco" | "rust-rcon" => rcon(kind, password, stream, end),
        "soulmask" => telnet(kind, stream, end),
        "7dtd" => busy_telnet(password, stream, end),
        "minecraft" if !is_open(password) => Ok(()),
        "minecraft" => query::minecraft(stream, b""),
        "http" => query::http(stream, is_open(password)),
        "rest" | "rest-issued" | "rest-own" => rest(kind, password, stream, end),
        "modded" => query::minecraft(stream, b"\0"),
        "old-minecraft" => query::old_minecraft(stream),
        _ => mute(stream),
    };
}

/// `password` is the header that a request must have.
fn rest(kind: &str, password: &str, stream: TcpStream, end: &Sender<()>) -> std::io::Result<()> {
    let Some(asked) = rest::answer(kind, stream, password)? else {
        return Ok(());
    };
    did(&asked);
    if asked.starts_with("POST /shutdown") {
        return end_it(end);
    }
    Ok(())
}

fn is_open(gate: &str) -> bool {
    gate.strip_prefix("gate:")
        .is_none_or(|file| std::path::Path::new(file).exists())
}

fn mute(mut stream: TcpStream) -> std::io::Result<()> {
    did("accepted");
    let mut buffer = [0; 512];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

fn rcon(kind: &str, password: &str, mut stream: TcpStream, end: &Sender<()>) -> std::io::Result<()> {
    let mut open = false;
    loop {
        let mut size = [0; 4];
        stream.read_exact(&mut size)?;
        let mut asked = vec![0; u32::from_le_bytes(size) as usize];
        stream.read_exact(&mut asked)?;
        let id = i32::from_le_bytes(asked[..4].try_into().expect("an id"));
        let asked_for = asked[4];
        let body = String::from_utf8_lossy(&asked[8..asked.len() - 2]).into_owned();
        match asked_for {
            3 => {
                open = body == password;
                // Together: some clients take what comes later for the answer to
                // their next line.
                let answer = packet(if open { id } else { -1 }, 2, b"");
                stream.write_all(&[packet(id, 0, b""), answer].concat())?;
            }
            2 if open => {
                if kind == "rust-rcon" {
                    stream.write_all(&[packet(0, 4, b"[rcon] a line"), packet(-1, 0, b"Saving complete")].concat())?;
                }
                match obey(kind, &body) {
                    Done::End(_) => return end_it(end),
                    Done::HangUp => return Ok(()),
                    Done::Nothing => {}
                    Done::Reply(reply) => {
                        for part in reply.as_bytes().chunks(4000) {
                            stream.write_all(&packet(id, 0, part))?;
                        }
                    }
                }
            }
            _ if kind == "eco" => {}
            _ => stream.write_all(&packet(id, 0, b""))?,
        }
    }
}

fn packet(id: i32, kind: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(u32::try_from(body.len() + 10).expect("short").to_le_bytes());
    bytes.extend(id.to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend(body);
    bytes.extend([0, 0]);
    bytes
}

fn telnet(kind: &str, mut stream: TcpStream, end: &Sender<()>) -> std::io::Result<()> {
    stream.write_all(b"Hello: stand-in\r\n")?;
    let lines = BufReader::new(stream.try_clone()?).lines();
    for line in lines {
        let done = obey(kind, line?.trim());
        if let Done::Reply(reply) | Done::End(reply) = &done {
            stream.write_all(format!("{reply}\r\n").as_bytes())?;
        }
        match done {
            Done::End(_) => {
                thread::sleep(Duration::from_millis(50));
                return end_it(end);
            }
            Done::HangUp => return stream.shutdown(std::net::Shutdown::Both),
            Done::Reply(_) | Done::Nothing => {}
        }
    }
    Ok(())
}

/// Asks for the password, and then says what the game logs, with NULs in it.
fn busy_telnet(password: &str, mut stream: TcpStream, end: &Sender<()>) -> std::io::Result<()> {
    stream.write_all(b"Please enter password:\r\n\0\0")?;
    let mut given = String::new();
    BufReader::new(stream.try_clone()?).read_line(&mut given)?;
    if given.trim() != password {
        stream.write_all(b"Password incorrect, please enter password:\r\n\0\0")?;
        return Ok(());
    }
    stream.write_all(b"Logon successful.\r\n\0\0")?;
    let mut log = stream.try_clone()?;
    thread::spawn(move || {
        while log.write_all(b"ERR a wrong reference: not an object\r\n\0\0").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    telnet("7dtd", stream, end)
}

fn webrcon(password: &str, mut stream: TcpStream, end: &Sender<()>) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accepted = tungstenite::handshake::derive_accept_key(key.unwrap_or_default().as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accepted}\r\n\r\n"
    )?;
    if !head.starts_with(&format!("GET /{password} ")) {
        return Ok(());
    }
    loop {
        let text = frame_in(&mut stream)?;
        let value: serde_json::Value = serde_json::from_str(&text)?;
        let done = obey("rust", value["Message"].as_str().unwrap_or_default());
        frame_out(
            &mut stream,
            &serde_json::json!({"Message": "somebody joined", "Identifier": 0, "Type": "Chat"}),
        )?;
        let reply = match done {
            Done::End(_) => return end_it(end),
            Done::HangUp => return Ok(()),
            Done::Nothing => continue,
            Done::Reply(reply) => reply,
        };
        let reply = serde_json::json!({
            "Message": reply, "Identifier": value["Identifier"], "Type": "Generic", "Stacktrace": ""
        });
        frame_out(&mut stream, &reply)?;
    }
}

fn frame_in(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let mut len = u64::from(head[1] & 0x7f);
    if len == 126 {
        let mut long = [0; 2];
        stream.read_exact(&mut long)?;
        len = u16::from_be_bytes(long).into();
    }
    let mut mask = [0; 4];
    stream.read_exact(&mut mask)?;
    let mut payload = vec![0; usize::try_from(len).expect("short")];
    stream.read_exact(&mut payload)?;
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[at % 4];
    }
    Ok(String::from_utf8_lossy(&payload).into_owned())
}

fn frame_out(stream: &mut TcpStream, value: &serde_json::Value) -> std::io::Result<()> {
    let text = value.to_string();
    let mut bytes = vec![0x81, u8::try_from(text.len()).expect("short")];
    bytes.extend(text.as_bytes());
    stream.write_all(&bytes)
}
