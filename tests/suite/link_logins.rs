//! Logins of the link that a real server takes, that expire, or that it takes no more.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::json;

use super::link::{crash, game, inventory, linked};
use crate::support::broker::{Broker, NatsListener, nats_server};
use crate::support::nats_keys::{NatsKey, NatsOperator};
use crate::support::{Background, Sandbox, wait_until};

#[test]
fn the_key_of_a_user_is_taken() {
    let Some(program) = nats_server("link_logins") else {
        return;
    };
    let sandbox = Sandbox::new();
    let (key, stranger) = (NatsKey::user(), NatsKey::user());
    let users = format!(
        "authorization {{ users: [ {{nkey: {}}}, {{user: all, password: all}} ] }}",
        key.public()
    );
    let broker = Broker::start(&program, &sandbox, &users);
    let listener = NatsListener::to(broker.port, ",\"user\":\"all\",\"pass\":\"all\"");
    fs::write(sandbox.path("user.nk"), stranger.seed()).expect("a seed");
    let login = json!({ "nkey": { "file": "user.nk" } });
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), login);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("the refusal", || run.logged("Authorization Violation") > 0);
    fs::write(sandbox.path("user.nk"), key.seed()).expect("a seed");
    linked(&run, 1);
    wait_until("the state", || {
        listener.states("games.box1.a.status").ends_with(&["running".into()])
    });
    for seed in [key.seed(), stranger.seed()] {
        assert!(!run.text().contains(&seed), "no secret is told");
    }
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_file_of_credentials_is_taken_and_told_of_when_it_has_expired() {
    let Some(program) = nats_server("link_logins") else {
        return;
    };
    let sandbox = Sandbox::new();
    let operator = NatsOperator::default();
    let broker = Broker::start(&program, &sandbox, &operator.config());
    let listener = NatsListener::to(broker.port, &format!(",\"jwt\":\"{}\"", operator.bearer_token()));
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    // It expires while it is connected, however slow the machine is.
    let expires = since.as_secs() + 6;
    fs::write(sandbox.path("box1.creds"), operator.credentials(Some(expires))).expect("credentials");
    let login = json!({ "credentials": { "file": "box1.creds" } });
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), login);
    let run = Background::run_json(&sandbox, &[]);
    linked(&run, 1);
    run.sees("a", "running");
    wait_until("the end of the credentials", || {
        run.logged("it is tried again and again") > 0 && broker.logged("authentication error") > 0
    });
    crash(&sandbox, &run, "a");
    wait_until("more attempts", || broker.logged("authentication error") > 3);
    // It may be let in again within the second in which they expire.
    let links = run.logged("linked to nats://");
    assert_eq!(
        run.logged("it says: User Authentication Expired"),
        links,
        "{}",
        run.text()
    );
    assert_eq!(run.logged("it refuses: Authorization Violation"), 1, "{}", run.text());
    fs::write(sandbox.path("box1.creds"), operator.credentials(None)).expect("credentials");
    linked(&run, links + 1);
    wait_until("the newest state", || {
        let told = listener.bodies("games.box1.a.status");
        told.last()
            .is_some_and(|told| told["state"] == "running" && told["dropped"].is_u64())
    });
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_password_that_is_revoked_is_told_of_once_and_tried_for_ever() {
    let Some(program) = nats_server("link_logins") else {
        return;
    };
    let sandbox = Sandbox::new();
    let users = |password: &str| {
        format!("authorization {{ users: [ {{user: link, password: {password}}}, {{user: all, password: all}} ] }}")
    };
    let broker = Broker::start(&program, &sandbox, &users("first"));
    let listener = NatsListener::to(broker.port, ",\"user\":\"all\",\"pass\":\"all\"");
    let login = json!({ "user": "link", "password": "first" });
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), login);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    wait_until("the state", || {
        listener.states("games.box1.a.status").ends_with(&["running".into()])
    });
    broker.reload(&users("second"));
    wait_until("the refusal", || run.logged("Authorization Violation") > 0);
    crash(&sandbox, &run, "a");
    wait_until("more attempts", || broker.logged("authentication error") > 4);
    crash(&sandbox, &run, "a");
    let told = run.logged("it is tried again and again");
    assert!(told <= 2, "the loss, and the refusal: {}", run.text());
    assert_eq!(run.logged("it refuses: Authorization Violation"), 1, "{}", run.text());
    broker.reload(&users("first"));
    linked(&run, 2);
    wait_until("the newest state, with what was left out", || {
        let told = listener.bodies("games.box1.a.status");
        told.last()
            .is_some_and(|told| told["state"] == "running" && told["dropped"].as_u64() >= Some(4))
    });
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_certificate_that_has_expired_is_told_of_until_there_is_another() {
    let Some(program) = nats_server("link_logins") else {
        return;
    };
    let sandbox = Sandbox::new();
    let tls = |name: &str| format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(tls(name)).expect("a certificate");
    // Both are trusted: nothing else is wrong with it.
    let issuers = format!("{}{}", read("issuer.pem"), read("expired-issuer.pem"));
    fs::write(sandbox.path("issuers.pem"), issuers).expect("certificates");
    let config = |name: &str| {
        let (certificate, key) = (tls(&format!("{name}.pem")), tls(&format!("{name}.key")));
        format!("tls {{ cert_file: {certificate:?}, key_file: {key:?} }}")
    };
    let mut broker = Broker::start(&program, &sandbox, &config("issued"));
    let url = format!("tls://localhost:{}", broker.port);
    let trust = json!({ "tls": { "ca": "issuers.pem" } });
    inventory(&sandbox, &[game(&sandbox, "a")], &url, trust);
    let run = Background::run_json(&sandbox, &[]);
    linked(&run, 1);
    run.sees("a", "running");
    broker.configure(&config("expired"));
    broker.end(Signal::SIGTERM);
    broker.begin();
    wait_until("what is wrong", || run.logged("the certificate has expired") > 0);
    crash(&sandbox, &run, "a");
    wait_until("more attempts", || broker.logged("TLS handshake error") > 2);
    assert_eq!(run.logged("the certificate has expired"), 1, "{}", run.text());
    broker.reload(&config("issued"));
    linked(&run, 2);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}
