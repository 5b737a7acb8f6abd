//! Games whose admin channel is over UDP.

use serde_json::json;

use crate::support::{self, Instance, Sandbox};

const PASSWORD: &str = "hunter2-never-shown";

const KINDS: [(&str, &str, &str); 3] = [
    ("battleye", "battleye_rcon", "#shutdown"),
    ("goldsrc", "goldsrc_rcon", "quit"),
    ("quake", "quake_rcon", "quit"),
];

/// A stand-in that is ready once its channel works.
fn stand_in((kind, channel, quit): (&str, &str, &str), port: u16, password: &str) -> Instance {
    let program = support::example("stand-in-game");
    let program = program.to_str().expect("UTF-8");
    Instance::program("a", program, &[kind, &port.to_string(), PASSWORD])
        .with(channel, json!({ "port": port, "password": password }))
        .with("ready", json!({ "rcon": true, "timeout": "60s" }))
        .with("stop", json!([{ channel: quit, "wait": "30s" }]))
}

#[test]
fn a_line_its_reply_and_the_end() {
    for kind in KINDS {
        let sandbox = Sandbox::with(&[stand_in(kind, support::free_udp_port(), PASSWORD)]);
        sandbox.ok(&["start", "a"]);
        let sent = sandbox.ok(&["send", "a", "hello", "to  you"]);
        assert_eq!(sent.stdout, "you said hello to  you\n", "{kind:?}");
        let big = sandbox.ok(&["send", "a", "big"]);
        assert_eq!(big.stdout.trim_end(), "0123456789".repeat(1000), "{kind:?}");
        let stopped = sandbox.ok(&["stop", "a", "--json"]);
        assert!(!stopped.stdout.contains(PASSWORD), "{stopped:?}");
        let (_, channel, quit) = kind;
        let stopped = stopped.json()["results"][0].clone();
        assert_eq!(stopped["ended_by"], format!("{channel}: {quit}"), "{stopped}");
        let mut did = sandbox.lines("did");
        let acknowledged = did.iter().filter(|line| *line == "acknowledged").count();
        assert!((acknowledged > 0) == (channel == "battleye_rcon"), "{did:?}");
        did.retain(|line| line != "acknowledged");
        assert_eq!(did, ["hello to  you", "big", quit], "each once");
        sandbox.nothing_left();
    }
}

#[test]
fn a_wrong_password_is_said_and_not_shown() {
    for kind in KINDS {
        let port = support::free_udp_port();
        let sandbox = Sandbox::with(&[stand_in(kind, port, PASSWORD)]);
        sandbox.ok(&["start", "a"]);
        sandbox.inventory(&[stand_in(kind, port, "wrong-one")]);
        let sent = sandbox.run(&["send", "a", "hello"]).expect_code(1);
        assert!(sent.stderr.contains("the password is wrong"), "{sent:?}");
        assert!(!sent.stderr.contains("wrong-one"), "{sent:?}");
        sandbox.inventory(&[stand_in(kind, port, PASSWORD)]);
        // What ends without a reply has ended.
        sandbox.ok(&["send", "a", kind.2]);
        sandbox.nothing_left();
    }
}

#[test]
fn nobody_listens() {
    for kind in KINDS {
        let port = support::free_udp_port();
        let mute = Instance::script("a", "echo up; exec sleep 300")
            .with(kind.1, json!({ "port": port, "password": "x" }))
            .ready_log("up");
        let sandbox = Sandbox::with(&[mute]);
        sandbox.ok(&["start", "a"]);
        let sent = sandbox.run(&["send", "a", "hello"]).expect_code(1);
        let wanted = format!("{} 127.0.0.1:{port}: nothing listens there", kind.1);
        assert!(sent.stderr.contains(&wanted), "{sent:?}");
        sandbox.ok(&["stop", "a", "--now"]);
    }
}
