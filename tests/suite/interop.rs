//! With implementations that are not ours.

use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};
use tungstenite::{Message, accept};

use crate::support::{Instance, Sandbox};

/// Answers one handshake, and each line with what it was, as Rust does.
fn webrcon_server() -> (u16, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut head = [0; 64];
        let n = stream.peek(&mut head).expect("a request");
        let head = String::from_utf8_lossy(&head[..n]).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut socket = accept(stream).expect("a handshake");
        let asked = socket.read().expect("a message");
        let asked: Value = serde_json::from_str(asked.to_text().expect("text")).expect("JSON");
        let push = json!({ "Message": "chat", "Identifier": -1, "Type": "Chat" });
        socket.send(Message::text(push.to_string())).expect("sent");
        socket.send(Message::Ping(vec![1, 2, 3].into())).expect("sent");
        let pong = socket.read().expect("a pong");
        assert_eq!(pong, Message::Pong(vec![1, 2, 3].into()));
        let long = format!("{}{}", asked["Message"].as_str().expect("a line"), "!".repeat(70_000));
        let reply = json!({ "Message": long, "Identifier": asked["Identifier"], "Type": "Generic" });
        socket.send(Message::text(reply.to_string())).expect("sent");
        path
    });
    (port, server)
}

#[test]
fn webrcon_with_another_websocket() {
    let (port, server) = webrcon_server();
    let line = "say ".to_owned() + &"é".repeat(200);
    let instance = Instance::program("a", "/bin/sleep", &["300"])
        .with("ready", json!({ "alive_for": "1ms" }))
        .with("webrcon", json!({ "port": port, "password": "pass word" }));
    let sandbox = Sandbox::with(&[instance]);
    sandbox.ok(&["start", "a"]);
    let sent = sandbox.ok(&["send", "a", &line]);
    assert_eq!(sent.stdout.trim_end().len(), line.len() + 70_000);
    assert!(sent.stdout.starts_with(&line));
    assert_eq!(server.join().expect("the server"), "/pass%20word");
}
