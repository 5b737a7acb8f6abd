//! Requests over the link through the built binary: carried out, refused, in floods.

use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::link::{crash, game, inventory, linked};
use crate::support::broker::{Broker, NatsListener, nats_server};
use crate::support::{Background, Process, Sandbox, wait_until};

/// Returns a request that expires so many seconds from now.
fn request(id: &str, verb: &str, seconds: i64, more: Value) -> String {
    let span = Duration::from_secs(seconds.unsigned_abs());
    let expires = match seconds < 0 {
        true => SystemTime::now() - span,
        false => SystemTime::now() + span,
    };
    let mut body = json!({ "id": id, "verb": verb, "expires": humantime::format_rfc3339_millis(expires).to_string() });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body.to_string()
}

#[test]
fn verbs_are_carried_out_as_if_they_were_typed_and_answered() {
    let Some(program) = nats_server("link_commands") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let mut asker = NatsListener::to(broker.port, "");
    let accept = json!({ "accept": ["status", "start", "stop", "restart"] });
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), accept);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    let pid = sandbox.pid("a");
    let told = asker
        .ask("games.box1.a.cmd", &request("r1", "status", 60, json!({})), 1)
        .remove(0);
    assert_eq!(
        (&told["request"], &told["instances"][0]["pid"]),
        (&json!("r1"), &json!(pid)),
        "{told}"
    );
    let done = asker
        .ask("games.box1.a.cmd", &request("r2", "restart", 60, json!({})), 1)
        .remove(0);
    assert_eq!(
        (&done["request"], &done["node"], &done["verb"]),
        (&json!("r2"), &json!("box1"), &json!("restart"))
    );
    let result = &done["results"][0];
    assert_eq!(
        (&result["id"], &result["ok"], &result["state"]),
        (&json!("a"), &json!(true), &json!("running")),
        "{done}"
    );
    assert_ne!(sandbox.pid("a"), pid);
    let answers = asker.ask(
        "games.box1.a.cmd",
        &request("r3", "stop", 60, json!({ "progress": true })),
        2,
    );
    assert_eq!(answers[0]["progress"], "began", "{answers:?}");
    wait_until("the stop", || run.logged("`stop` of request r3 is done") == 1);
    let row = sandbox.status("a");
    assert_eq!(
        (&row["state"], &row["intent"]),
        (&json!("stopped"), &json!("stopped")),
        "its intent was set"
    );
    for (id, verb) in [("r1", "status"), ("r2", "restart"), ("r3", "stop")] {
        let line = format!("`{verb}` asked for over the link, by request {id}");
        assert_eq!(run.logged(&line), 1, "{line}");
    }
    let started = asker
        .ask("games.box1.a.cmd", &request("r4", "start", 60, json!({})), 1)
        .remove(0);
    assert_eq!(started["results"][0]["state"], "running", "{started}");
    sandbox.never_two("a");
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn what_is_not_to_be_carried_out_gets_an_answer_and_a_line_and_nothing_else() {
    let Some(program) = nats_server("link_commands") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let mut asker = NatsListener::to(broker.port, "");
    let accept = json!({ "accept": ["status", "stop"] });
    let two = [game(&sandbox, "a"), game(&sandbox, "b")];
    inventory(&sandbox, &two, &broker.url(), accept);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    run.sees("b", "running");
    linked(&run, 1);
    let pid = sandbox.pid("a");
    let large = format!("{}{}", request("x", "stop", 60, json!({})), " ".repeat(5000));
    let stop = request("once", "stop", 60, json!({}));
    let first = asker.ask("games.box1.b.cmd", &stop, 1).remove(0);
    assert_eq!(first["results"][0]["state"], "stopped", "{first}");
    for (instance, body, wanted) in [
        ("a", request("e1", "stop", -1, json!({})), "expired"),
        ("a", request("e2", "stop", 3600, json!({})), "too_far_ahead"),
        ("a", request("e3", "restart", 60, json!({})), "not_accepted"),
        ("a", stop, "replayed"),
        ("a", large, "too_large"),
        ("a", "stop".to_owned(), "malformed"),
        ("a", request("e4", "stop", 60, json!({ "force": true })), "malformed"),
        ("A", request("e5", "stop", 60, json!({})), "no_such_instance"),
        ("c", request("e6", "stop", 60, json!({})), "no_such_instance"),
        ("c", request("e7", "status", 60, json!({})), "no_such_instance"),
    ] {
        let answer = asker.ask(&format!("games.box1.{instance}.cmd"), &body, 1).remove(0);
        assert_eq!(answer["refused"], wanted, "{body}: {answer}");
        assert!(
            answer["error"]["message"].is_string() && answer["results"].is_null(),
            "{answer}"
        );
    }
    assert_eq!((sandbox.pid("a"), sandbox.state("a")), (pid, "running".to_owned()));
    assert!(run.logged("over the link was refused") >= 8, "{}", run.text());
    // Nobody could be answered.
    asker.publish("games.box1.a.cmd", "", &request("e8", "stop", 60, json!({})));
    wait_until("the refusal", || run.logged("it names no subject for the answer") == 1);
    assert_eq!(sandbox.pid("a"), pid);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

/// Waits for a new heartbeat: whoever sends one has subscribed to requests before.
fn takes_requests(asker: &mut NatsListener, node: &str) {
    asker.flush();
    let subject = format!("games.{node}.a.heartbeat");
    let before = asker.bodies(&subject).len();
    wait_until("a heartbeat", || asker.bodies(&subject).len() > before);
}

#[test]
fn a_request_is_not_carried_out_again_by_a_run_that_begins_anew() {
    let Some(program) = nats_server("link_commands") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let mut asker = NatsListener::to(broker.port, "");
    let accept = |node: &str| json!({ "accept": ["status", "restart"], "node": node });
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), accept("box1"));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    takes_requests(&mut asker, "box1");
    let restart = request("once", "restart", 300, json!({}));
    let done = asker.ask("games.box1.a.cmd", &restart, 1).remove(0);
    assert_eq!(done["results"][0]["state"], "running", "{done}");
    let pid = sandbox.pid("a");
    // It may be killed at any time.
    Process::kill_and_wait(run.pid());
    drop(run);
    let run = Background::run_json(&sandbox, &[]);
    linked(&run, 1);
    takes_requests(&mut asker, "box1");
    let again = asker.ask("games.box1.a.cmd", &restart, 1).remove(0);
    assert_eq!(
        (&again["refused"], &again["request"]),
        (&json!("replayed"), &json!("once")),
        "{again}"
    );
    assert_eq!(sandbox.pid("a"), pid);
    assert_eq!(
        run.logged("of request once was refused: a request with its id came before"),
        1
    );
    // A link that an inventory changes is a new one, too.
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), accept("box2"));
    run.signal(Signal::SIGUSR1);
    linked(&run, 2);
    takes_requests(&mut asker, "box2");
    let again = asker.ask("games.box2.a.cmd", &restart, 1).remove(0);
    assert_eq!(again["refused"], "replayed", "{again}");
    // A damaged record is never taken for none, and the next request is carried out.
    std::fs::write(sandbox.instance_dir("a").join("requests"), "torn").expect("write");
    let restart = |id: &str| request(id, "restart", 300, json!({}));
    let unproven = asker.ask("games.box2.a.cmd", &restart("r3"), 1).remove(0);
    assert_eq!(unproven["refused"], "unproven", "{unproven}");
    assert_eq!(sandbox.pid("a"), pid);
    let done = asker.ask("games.box2.a.cmd", &restart("r4"), 1).remove(0);
    assert_eq!(done["results"][0]["state"], "running", "{done}");
    assert_ne!(sandbox.pid("a"), pid);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn nothing_is_asked_of_a_link_that_accepts_nothing() {
    let Some(program) = nats_server("link_commands") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let mut asker = NatsListener::to(broker.port, "");
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    asker.publish("games.box1.a.cmd", "_INBOX.x", &request("r", "stop", 60, json!({})));
    // What the link says after it has come that far.
    let beats = asker.bodies("games.box1.a.heartbeat").len();
    wait_until("heartbeats", || {
        asker.bodies("games.box1.a.heartbeat").len() > beats + 3
    });
    assert!(asker.bodies("_INBOX.x").is_empty());
    assert_eq!(
        (sandbox.state("a").as_str(), run.logged("over the link")),
        ("running", 0)
    );
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_flood_of_requests_holds_up_nothing() {
    let Some(program) = nats_server("link_commands") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let mut asker = NatsListener::to(broker.port, "");
    inventory(
        &sandbox,
        &[game(&sandbox, "a")],
        &broker.url(),
        json!({ "accept": ["status"] }),
    );
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    for n in 0..20_000 {
        asker.publish(
            "games.box1.a.cmd",
            "_INBOX.flood",
            &request(&format!("f{n}"), "stop", 60, json!({})),
        );
    }
    crash(&sandbox, &run, "a");
    asker.flush();
    // A second later it takes requests again.
    let mut number = 0;
    wait_until("an answer", || {
        number += 1;
        let reply = format!("_INBOX.after{number}");
        asker.publish(
            "games.box1.a.cmd",
            &reply,
            &request(&format!("g{number}"), "status", 60, json!({})),
        );
        std::thread::sleep(Duration::from_millis(100));
        asker
            .bodies(&reply)
            .iter()
            .any(|answer| answer["instances"][0]["state"] == "running")
    });
    let refused = run.logged("over the link was refused");
    assert!((1..=200).contains(&refused), "{refused} lines");
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn what_a_server_forbids_is_told_once_and_all_else_goes_on() {
    let Some(program) = nats_server("link_commands") else {
        return;
    };
    let sandbox = Sandbox::new();
    let users = "authorization { users: [ {user: all, password: all}, {user: link, password: right, \
                 permissions: { publish: [\"games.box1.>\"], subscribe: [\"other\"] } } ] }";
    let broker = Broker::start(&program, &sandbox, users);
    let listener = NatsListener::to(broker.port, ",\"user\":\"all\",\"pass\":\"all\"");
    let login = json!({ "user": "link", "password": "right", "accept": ["status"], "stream": true });
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), login);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    wait_until("what is forbidden", || {
        run.logged("Permissions Violation for Subscription to") >= 1
    });
    crash(&sandbox, &run, "a");
    wait_until("the crash", || {
        let states = listener.states("games.box1.a.status");
        states.contains(&"crashed".to_owned()) && states.ends_with(&["running".into()])
    });
    assert_eq!(run.logged("linked to nats://"), 1, "it is not lost: {}", run.text());
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}
