//! The link through the built binary, with a real server of NATS that comes late, goes,
//! is killed, frozen, or refuses.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::broker::{Broker, NatsListener, nats_server};
use crate::support::{Background, Instance, Sandbox, wait_for, wait_until};

pub(super) fn game(sandbox: &Sandbox, id: &str) -> Instance {
    let game = sandbox.solitary(id).ready_log("^up$");
    game.with("restart", json!({ "delay": "0s" }))
}

/// Writes an inventory with a link: these instances, and these keys of `nats`.
pub(super) fn inventory(sandbox: &Sandbox, instances: &[Instance], url: &str, more: Value) {
    let mut nats = json!({ "servers": [url], "prefix": "games", "node": "box1", "heartbeat": "100ms" });
    if let (Some(nats), Value::Object(more)) = (nats.as_object_mut(), more) {
        nats.extend(more);
    }
    sandbox.inventory(instances);
    let text = fs::read_to_string(sandbox.path("instances.yaml")).expect("the inventory");
    let mut whole: Value = serde_json::from_str(&text).expect("JSON");
    whole["link"] = json!({ "nats": nats });
    sandbox.inventory_text(&whole.to_string());
}

/// Has the game crash, and waits until `run` has seen it and started it again.
pub(super) fn crash(sandbox: &Sandbox, run: &Background, id: &str) {
    let before = run.states(id).iter().filter(|state| *state == "crashed").count();
    sandbox.tell(id, "exit 3");
    wait_until("a crash and a restart", || {
        let states = run.states(id);
        states.iter().filter(|state| *state == "crashed").count() > before && states.ends_with(&["running".into()])
    });
}

pub(super) fn linked(run: &Background, times: usize) {
    wait_until("a link", || run.logged("linked to nats://") >= times);
}

#[test]
fn all_transitions_go_out_in_order_with_heartbeats_and_events() {
    let Some(program) = nats_server("link") else { return };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let listener = NatsListener::to(broker.port, "");
    inventory(
        &sandbox,
        &[game(&sandbox, "a"), game(&sandbox, "b")],
        &broker.url(),
        json!({}),
    );
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    run.sees("b", "running");
    for _ in 0..3 {
        crash(&sandbox, &run, "a");
    }
    sandbox.ok(&["stop", "b"]);
    run.sees("b", "stopped");
    let status = |id: &str| format!("games.box1.{id}.status");
    for id in ["a", "b"] {
        let seen = run.states(id);
        wait_until("all transitions", || listener.states(&status(id)).ends_with(&seen));
        // The state at the beginning comes before those of the stream of `run`.
        let told = listener.states(&status(id));
        assert!(told.len() <= seen.len() + 1, "{told:?} {seen:?}");
    }
    let crashed = listener
        .bodies(&status("a"))
        .into_iter()
        .find(|body| body["state"] == "crashed");
    let crashed = crashed.expect("a crash");
    assert_eq!(
        (&crashed["exit_code"], &crashed["node"], &crashed["id"]),
        (&json!(3), &json!("box1"), &json!("a"))
    );
    assert_eq!(crashed["dropped"], Value::Null, "{crashed}");
    let beat = wait_for("a heartbeat of a game that runs", || {
        let beats = listener.bodies("games.box1.a.heartbeat");
        beats
            .into_iter()
            .rfind(|beat| beat["state"] == "running" && beat["restarts"] == 3)
    });
    assert_eq!(
        (&beat["event"], &beat["plane"], &beat["interval_seconds"]),
        (&json!("heartbeat"), &json!("process"), &json!(0.1))
    );
    let at = beat["at"].as_str().expect("a time").to_owned();
    wait_until("another heartbeat", || {
        let beats = listener.bodies("games.box1.a.heartbeat");
        beats
            .last()
            .is_some_and(|beat| beat["at"].as_str().is_some_and(|new| new > at.as_str()))
    });
    // What it uses is measured, as somebody is told.
    wait_until("a heartbeat with its memory", || {
        let beats = listener.bodies("games.box1.a.heartbeat");
        let memory = |beat: &Value| beat["usage"]["memory_bytes"].as_u64().is_some_and(|memory| memory > 0);
        beats.last().is_some_and(memory)
    });
    let events = listener.bodies("games.box1.events");
    assert!(events.iter().any(|event| event["event"] == "began"), "{events:?}");
    assert!(
        events.iter().any(|event| event["event"] == "log" && event["id"] == "a"),
        "{events:?}"
    );
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    wait_until("the last word", || {
        listener
            .bodies("games.box1.events")
            .last()
            .is_some_and(|event| event["event"] == "ended")
    });
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn what_run_stops_at_its_end_is_told() {
    let Some(program) = nats_server("link") else { return };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let listener = NatsListener::to(broker.port, "");
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    let run = Background::run_json(&sandbox, &["--on-exit", "stop"]);
    run.sees("a", "running");
    linked(&run, 1);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    wait_until("the stop", || {
        listener.states("games.box1.a.status").ends_with(&["stopped".into()])
    });
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_wrong_password_is_told_once_and_the_newest_state_comes_when_it_is_right() {
    let Some(program) = nats_server("link") else { return };
    let sandbox = Sandbox::new();
    let users = "authorization { users: [ {user: link, password: right}, {user: all, password: all} ] }";
    let broker = Broker::start(&program, &sandbox, users);
    let listener = NatsListener::to(broker.port, ",\"user\":\"all\",\"pass\":\"all\"");
    fs::write(sandbox.path("nats.pw"), "wrong\n").expect("a password");
    let login = json!({ "user": "link", "password": { "file": "nats.pw" } });
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), login);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    wait_until("the refusal", || run.logged("Authorization Violation") > 0);
    for _ in 0..3 {
        crash(&sandbox, &run, "a");
    }
    assert_eq!(run.logged("the link to nats://"), 1, "{}", run.text());
    assert!(!listener.all().iter().any(|heard| heard.subject.starts_with("games.")));
    fs::write(sandbox.path("nats.pw"), "right\n").expect("a password");
    linked(&run, 1);
    let told = wait_for("the newest state", || {
        listener.bodies("games.box1.a.status").into_iter().next()
    });
    assert_eq!(told["state"], "running", "only the newest: {told}");
    // Three times crashed, starting, running, and what was before.
    assert!(told["dropped"].as_u64() >= Some(9), "{told}");
    assert!(!run.text().contains("right"), "no secret is told");
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_server_that_comes_late_is_killed_and_comes_back_is_told_all() {
    let Some(program) = nats_server("link") else { return };
    let sandbox = Sandbox::new();
    let mut broker = Broker::stopped(&program, &sandbox, "");
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    wait_until("the trouble", || run.logged("nothing listens there") == 1);
    broker.begin();
    linked(&run, 1);
    for (round, signal) in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGKILL]
        .into_iter()
        .enumerate()
    {
        broker.end(signal);
        wait_until("the loss", || run.logged("it is tried again and again") > round);
        let begun = Instant::now();
        crash(&sandbox, &run, "a");
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "a restart waits for no server"
        );
        broker.begin();
        linked(&run, round + 2);
    }
    let listener = NatsListener::to(broker.port, "");
    crash(&sandbox, &run, "a");
    wait_until("the crash", || {
        let states = listener.states("games.box1.a.status");
        states.contains(&"crashed".to_owned()) && states.ends_with(&["running".into()])
    });
    assert_eq!(
        run.logged("the link to nats://127.0.0.1"),
        run.logged("it is tried again and again")
    );
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_frozen_server_holds_up_nothing_and_hears_all_when_it_thaws() {
    let Some(program) = nats_server("link") else { return };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let listener = NatsListener::to(broker.port, "");
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    wait_until("the state", || {
        listener.states("games.box1.a.status").ends_with(&["running".into()])
    });
    broker.signal(Signal::SIGSTOP);
    crash(&sandbox, &run, "a");
    wait_until("the freeze to be noticed", || {
        run.logged("it does not answer any more") == 1
    });
    crash(&sandbox, &run, "a");
    broker.signal(Signal::SIGCONT);
    linked(&run, 2);
    wait_until("the newest state, with what was left out", || {
        let bodies = listener.bodies("games.box1.a.status");
        bodies.iter().any(|body| body["dropped"].is_u64())
            && bodies.last().is_some_and(|body| body["state"] == "running")
    });
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn an_inventory_that_is_read_again_changes_the_link() {
    let Some(program) = nats_server("link") else { return };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let listener = NatsListener::to(broker.port, "");
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    run.signal(Signal::SIGUSR1);
    wait_until("the state", || listener.states("games.box1.a.status") == ["running"]);
    inventory(
        &sandbox,
        &[game(&sandbox, "a")],
        &broker.url(),
        json!({ "node": "box2" }),
    );
    run.signal(Signal::SIGUSR1);
    wait_until("the state", || listener.states("games.box2.a.status") == ["running"]);
    let beats = || listener.bodies("games.box1.a.heartbeat").len();
    let before = beats();
    wait_until("other heartbeats", || {
        listener.bodies("games.box2.a.heartbeat").len() > 3
    });
    assert!(beats() <= before + 1, "the old link has ended");
    sandbox.inventory(&[game(&sandbox, "a")]);
    run.signal(Signal::SIGUSR1);
    wait_until("the end of the link", || {
        run.logged("the inventory was read again") >= 3
    });
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn tls_with_an_authority_of_its_own_and_keys_of_both_sides() {
    let Some(program) = nats_server("link") else { return };
    let sandbox = Sandbox::new();
    for file in ["issuer.pem", "issued.pem", "issued.key", "own.pem"] {
        let from = format!("{}/tests/tls/{file}", env!("CARGO_MANIFEST_DIR"));
        fs::copy(from, sandbox.path(file)).expect("a certificate");
    }
    let path = |name: &str| sandbox.arg(name);
    let config = format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
        path("issued.pem"),
        path("issued.key"),
        path("issuer.pem")
    );
    let broker = Broker::start(&program, &sandbox, &config);
    let instances = [game(&sandbox, "a")];
    let url = format!("tls://localhost:{}", broker.port);
    let client = json!({ "ca": "issuer.pem", "certificate": "issued.pem", "key": "issued.key" });
    inventory(&sandbox, &instances, &url, json!({ "tls": { "ca": "own.pem" } }));
    let run = Background::run_json(&sandbox, &[]);
    wait_until("the mistrust", || run.logged("TLS failed") == 1);
    inventory(&sandbox, &instances, &url, json!({ "tls": client }));
    run.signal(Signal::SIGUSR1);
    linked(&run, 1);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}
