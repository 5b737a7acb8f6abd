//! The shapes of messages in `docs/link.md`, held against those that a real `run` publishes.

use std::time::{Duration, SystemTime};

use gamectl::event::EventKind;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::link::{crash, game, inventory, linked};
use crate::support::broker::{Broker, NatsListener, nats_server};
use crate::support::repository::file;
use crate::support::{Background, Sandbox, wait_for, wait_until};

/// Returns the objects below a heading.
fn documented(heading: &str) -> Vec<Value> {
    let (_, rest) = file("docs/link.md")
        .split_once(&format!("\n## {heading}\n"))
        .map(|(before, rest)| (before.to_owned(), rest.to_owned()))
        .unwrap_or_else(|| panic!("no heading {heading}"));
    let part = rest.split("\n## ").next().unwrap_or_default().to_owned();
    let blocks = part.split("```json\n").skip(1);
    let object = |block: &str| {
        let text = block.split("```").next().unwrap_or_default();
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    blocks.map(object).collect()
}

/// Returns true if both have the same keys with values of the same types. What is `null` in
/// either may be anything, and `details` are those of the game.
fn is_like(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => true,
        (Value::Object(one), Value::Object(other)) => {
            let extra = ["dropped", "details"];
            let keys = |object: &serde_json::Map<String, Value>| {
                let keys = object.keys().filter(|key| !extra.contains(&key.as_str()));
                keys.cloned().collect::<Vec<_>>()
            };
            keys(one) == keys(other) && keys(one).iter().all(|key| is_like(&one[key], &other[key]))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_like(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.is_f64() == other.is_f64(),
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// Fails unless each message is documented, and each that is documented was heard.
#[track_caller]
fn agree(heading: &str, heard: &[Value]) {
    let documented = documented(heading);
    for one in heard {
        assert!(
            documented.iter().any(|known| is_like(known, one)),
            "{heading} has none like {one}"
        );
    }
    for known in &documented {
        assert!(
            heard.iter().any(|one| is_like(known, one)),
            "{heading}: none is like {known}"
        );
    }
}

#[test]
fn messages_are_as_they_are_documented() {
    let Some(program) = nats_server("link_messages") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let mut asker = NatsListener::to(broker.port, "");
    let accept = json!({ "accept": ["status", "start", "stop", "restart"] });
    let lobby = game(&sandbox, "lobby");
    let held = game(&sandbox, "held").with("restart", json!({ "policy": "never" }));
    inventory(&sandbox, &[lobby.clone(), held], &broker.url(), accept.clone());
    let run = Background::run_json(&sandbox, &[]);
    run.sees("lobby", "running");
    run.sees("held", "running");
    linked(&run, 1);
    wait_until("a measurement", || {
        let beats = asker.bodies("games.box1.lobby.heartbeat");
        beats.last().is_some_and(|beat| beat["usage"]["memory_bytes"].is_u64())
    });
    crash(&sandbox, &run, "lobby");
    sandbox.tell("held", "exit 3");
    run.sees("held", "crashed");
    // The request of the document, but for its times and its id.
    let request = documented("A request").remove(0);
    let expires = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_secs(300)).to_string();
    let ask = |asker: &mut NatsListener, id: &str, verb: &str, progress: bool, answers: usize| {
        let mut body = request.clone();
        body["id"] = json!(id);
        body["verb"] = json!(verb);
        body["expires"] = json!(expires);
        if progress {
            body["progress"] = json!(true);
        }
        let all = asker.ask("games.box1.lobby.cmd", &body.to_string(), answers);
        assert!(all.iter().all(|answer| answer["request"] == id), "{all:?}");
        all
    };
    let mut answers = ask(&mut asker, "r1", "status", false, 1);
    answers.extend(ask(&mut asker, "r2", "restart", true, 2));
    wait_until("the restart", || run.logged("`restart` of request r2 is done") == 1);
    answers.extend(ask(&mut asker, "r2", "restart", false, 1));
    answers.extend(ask(&mut asker, "r3", "stop", false, 1));
    agree("The answers", &answers);
    wait_until("heartbeats of both kinds", || {
        let state = |id: &str, state: &str| {
            let beats = asker.bodies(&format!("games.box1.{id}.heartbeat"));
            beats
                .iter()
                .any(|beat| beat["state"] == state && beat["last_exit"].is_object())
        };
        state("lobby", "stopped") && state("held", "crashed")
    });
    inventory(&sandbox, &[lobby], &broker.url(), accept);
    run.signal(Signal::SIGUSR1);
    wait_for("the word that it is gone", || {
        let told = asker.bodies("games.box1.held.status");
        told.last().is_some_and(|told| told["event"] == "gone").then_some(())
    });
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    wait_until("the last word", || {
        let events = asker.bodies("games.box1.events");
        events.last().is_some_and(|event| event["event"] == "ended")
    });
    let all = asker.all();
    for (heading, kind) in [
        ("A transition", ".status"),
        ("A heartbeat", ".heartbeat"),
        ("What happens", ".events"),
    ] {
        let of_kind = all.iter().filter(|heard| heard.subject.ends_with(kind));
        let bodies: Vec<Value> = of_kind.map(|heard| heard.body.clone()).collect();
        agree(heading, &bodies);
    }
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn all_kinds_of_events_are_documented() {
    let text = file("docs/link.md");
    for kind in EventKind::ALL {
        assert!(text.contains(&format!("`{}`", kind.as_str())), "{}", kind.as_str());
    }
}
