//! Messages to people, through the built binary, with a stand-in for the services, which
//! takes, refuses, hangs, or answers what is no HTTP.

pub(crate) mod taker;

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::link::{crash, game};
use crate::support::{Background, Instance, Process, Sandbox, wait_for, wait_until};
use taker::{Taken, Taker};

/// Writes an inventory whose instances tell these targets.
fn inventory(sandbox: &Sandbox, instances: &[Instance], notify: &Value) {
    sandbox.inventory(instances);
    let text = fs::read_to_string(sandbox.path("instances.yaml")).expect("the inventory");
    let mut whole: Value = serde_json::from_str(&text).expect("JSON");
    whole["defaults"]["notify"] = notify.clone();
    sandbox.inventory_text(&whole.to_string());
}

fn webhook(taker: &Taker, on: &[&str]) -> Value {
    json!({ "webhook": { "url": taker.url("/hook") }, "on": on })
}

/// Waits until a service has taken so many messages.
fn taken(taker: &Taker, count: usize) -> Vec<Taken> {
    wait_for("the messages", || {
        Some(taker.taken()).filter(|taken| taken.len() >= count)
    })
}

#[test]
fn a_crash_is_told_in_the_shape_of_each_service_and_no_secret_is_shown() {
    let sandbox = Sandbox::new();
    let taker = Taker::begin();
    fs::write(
        sandbox.path("discord.url"),
        format!("{}\n", taker.url("/api/webhooks/1/canary-d")),
    )
    .expect("write");
    fs::write(sandbox.path("ntfy.token"), "tk_canary\n").expect("write");
    let on = json!(["crashed"]);
    let notify = json!([
        { "discord": { "url": { "file": "discord.url" } }, "on": on },
        { "ntfy": { "url": taker.url(""), "topic": "games", "token": { "file": "ntfy.token" } }, "on": on },
        { "webhook": { "url": taker.url("/hook?key=canary-w"), "headers": { "X-Key": "canary-h" } }, "on": on },
        { "webhook": { "url": taker.url("/own"), "body": "{\"text\": \"{event}: {message}\"}" }, "on": on },
    ]);
    inventory(&sandbox, &[game(&sandbox, "a")], &notify);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    crash(&sandbox, &run, "a");
    let taken = taken(&taker, 4);
    let at = |path: &str| taken.iter().find(|one| one.path == path).expect(path);
    let discord = at("/api/webhooks/1/canary-d").json();
    assert_eq!(discord["allowed_mentions"], json!({ "parse": [] }), "{discord}");
    assert!(
        discord["content"].as_str().expect("a text").starts_with("a: crashed: "),
        "{discord}"
    );
    let ntfy = at("/");
    assert_eq!(ntfy.header("authorization"), Some("Bearer tk_canary"));
    let body = ntfy.json();
    assert_eq!(
        (&body["topic"], &body["title"]),
        (&json!("games"), &json!("a crashed")),
        "{body}"
    );
    let hook = at("/hook?key=canary-w");
    assert_eq!(hook.header("x-key"), Some("canary-h"));
    let body = hook.json();
    assert_eq!(
        (&body["event"], &body["id"], &body["level"], &body["host"]),
        (&json!("crashed"), &json!("a"), &json!("error"), &Value::Null),
        "{body}"
    );
    assert!(
        at("/own").json()["text"]
            .as_str()
            .expect("a text")
            .starts_with("crashed: a: crashed: ")
    );
    // The same event, as programs tell it apart in the stream of `run`.
    let logs = run.events("log");
    let kinds: Vec<&str> = logs.iter().filter_map(|log| log["kind"].as_str()).collect();
    assert!(kinds.starts_with(&["started", "crashed", "restarted"]), "{kinds:?}");
    assert!(!run.text().contains("canary"), "{}", run.text());
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    let checked = sandbox.run(&["check"]);
    assert!(
        !checked.stdout.contains("canary") && checked.stdout.contains("1 of 1 instances tell somebody"),
        "{checked:?}"
    );
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn what_happens_within_the_minute_is_held_back_and_counted() {
    let sandbox = Sandbox::new();
    let taker = Taker::begin();
    inventory(
        &sandbox,
        &[game(&sandbox, "a"), game(&sandbox, "b")],
        &json!([webhook(&taker, &["crashed", "restarted"])]),
    );
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    run.sees("b", "running");
    for _ in 0..3 {
        crash(&sandbox, &run, "a");
    }
    // Another instance does not wait for it.
    crash(&sandbox, &run, "b");
    let first = taken(&taker, 2);
    let of = |taken: &[Taken], id: &str| taken.iter().filter(|one| one.json()["id"] == id).count();
    assert_eq!((of(&first, "a"), of(&first, "b")), (1, 1));
    // At its end `run` says what it has held back.
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    let all = taken(&taker, 4);
    let last = all
        .iter()
        .rfind(|one| one.json()["id"] == "a")
        .expect("a message")
        .json();
    assert_eq!(
        (&last["event"], &last["held_back"]),
        (&json!("restarted"), &json!({ "crashed": 2, "restarted": 2 })),
        "{last}"
    );
    assert_eq!(all.len(), 4);
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn a_target_that_hangs_or_refuses_delays_nothing_and_is_told_of_once() {
    let sandbox = Sandbox::new();
    let (hangs, refuses, garbled, good) = (Taker::begin(), Taker::begin(), Taker::begin(), Taker::begin());
    hangs.answer(None);
    refuses.answer(Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    garbled.answer(Some("SSH-2.0-canary\r\n"));
    let on = ["crashed"];
    let notify = [&hangs, &refuses, &garbled, &good].map(|taker| webhook(taker, &on));
    inventory(&sandbox, &[game(&sandbox, "a"), game(&sandbox, "b")], &json!(notify));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    run.sees("b", "running");
    crash(&sandbox, &run, "a");
    wait_until("the hanging one to be asked", || !hangs.taken().is_empty());
    let begun = Instant::now();
    crash(&sandbox, &run, "b");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    taken(&good, 2);
    taken(&refuses, 2);
    wait_until("the refusal", || run.logged("it answered 404") == 1);
    assert_eq!(refuses.taken().len(), 2, "what is refused is not sent again");
    // What is no HTTP may be one another time.
    wait_until("another attempt", || garbled.taken().len() >= 2);
    run.signal(Signal::SIGINT);
    wait_until("the end to be waited for", || {
        run.text().contains("the watching has ended")
    });
    // Cut short, it says what it has not sent.
    run.signal(Signal::SIGINT);
    let mut run = run;
    assert_eq!(run.ended(), Some(0));
    assert!(
        run.text().contains("messages of `notify` were not sent"),
        "{}",
        run.text()
    );
    assert_eq!(run.logged("it answered 404"), 1, "said once");
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn a_message_is_sent_again_until_it_is_taken() {
    let sandbox = Sandbox::new();
    let taker = Taker::begin();
    taker.first("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0.5\r\nContent-Length: 0\r\n\r\n");
    taker.first("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    inventory(
        &sandbox,
        &[game(&sandbox, "a")],
        &json!([webhook(&taker, &["crashed"])]),
    );
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    crash(&sandbox, &run, "a");
    let taken = taken(&taker, 3);
    assert_eq!(taken[0].body, taken[2].body);
    assert!(taken[1].at - taken[0].at >= Duration::from_secs(1), "not at once");
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    assert_eq!(taker.taken().len(), 3, "taken, it is not sent again");
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn a_test_message_says_what_became_of_it() {
    let sandbox = Sandbox::new();
    let (good, bad) = (Taker::begin(), Taker::begin());
    bad.answer(Some("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"));
    let notify = json!([
        webhook(&good, &["crashed"]),
        { "ntfy": { "url": bad.url("/"), "topic": "games" } },
        { "discord": { "url": { "file": "missing.url" } } },
    ]);
    inventory(&sandbox, &[game(&sandbox, "a")], &notify);
    let tried = sandbox.run(&["notify", "a", "--json"]).expect_code(1).json();
    let said: Vec<String> = tried["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|one| format!("{} {} {}", one["about"], one["level"], one["message"]))
        .collect();
    assert_eq!(said[0], r#""webhook" "ok" "a test message was taken""#);
    assert!(
        said[1].contains("it answered 401") && said[1].contains("error"),
        "{said:?}"
    );
    assert!(said[2].contains("missing.url cannot be read"), "{said:?}");
    let told = good.taken().remove(0).json();
    assert_eq!((&told["event"], &told["id"]), (&json!("test"), &json!("a")), "{told}");
    // Nobody to tell.
    inventory(&sandbox, &[game(&sandbox, "a")], &json!([]));
    let nobody = sandbox.run(&["notify", "a"]).expect_code(1);
    assert!(nobody.stderr.contains("a tells nobody"), "{nobody:?}");
    sandbox.nothing_left();
}

#[test]
fn an_inventory_that_is_read_again_changes_who_is_told() {
    let sandbox = Sandbox::new();
    let (first, second) = (Taker::begin(), Taker::begin());
    let on = ["crashed"];
    inventory(&sandbox, &[game(&sandbox, "a")], &json!([webhook(&first, &on)]));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    inventory(&sandbox, &[game(&sandbox, "a")], &json!([webhook(&second, &on)]));
    wait_until("the inventory to be read again", || {
        run.events("log").iter().any(|log| log["kind"] == "reload")
    });
    crash(&sandbox, &run, "a");
    taken(&second, 1);
    assert_eq!(first.taken().len(), 0);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn a_service_with_a_certificate_of_its_own_is_told_where_it_is_trusted() {
    let sandbox = Sandbox::new();
    let taker = Taker::begin_tls();
    let ca = format!("{}/tests/tls/own.pem", env!("CARGO_MANIFEST_DIR"));
    let url = taker.url("/hook");
    inventory(
        &sandbox,
        &[game(&sandbox, "a")],
        &json!([{ "webhook": { "url": url } }]),
    );
    let refused = sandbox.run(&["notify", "a"]).expect_code(1);
    assert!(refused.stdout.contains("certificate is not trusted"), "{refused:?}");
    inventory(
        &sandbox,
        &[game(&sandbox, "a")],
        &json!([{ "webhook": { "url": url, "ca": ca } }]),
    );
    sandbox.ok(&["notify", "a"]);
    assert_eq!(taken(&taker, 1)[0].json()["event"], "test");
    sandbox.nothing_left();
}

#[test]
fn nobody_is_waited_for_at_an_end_without_messages() {
    let sandbox = Sandbox::new();
    let taker = Taker::begin();
    taker.answer(None);
    inventory(
        &sandbox,
        &[game(&sandbox, "a")],
        &json!([webhook(&taker, &["crashed"])]),
    );
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    let pid = run.pid();
    let begun = Instant::now();
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5) && !Process::lives(pid));
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}
