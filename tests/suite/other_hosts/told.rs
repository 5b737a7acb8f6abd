//! Messages to people about what happens on another host, sent from here.

use nix::sys::signal::Signal;
use serde_json::json;

use super::gated;
use super::sshd::Elsewhere;
use crate::notify::taker::Taker;
use crate::support::{Background, wait_until};

#[test]
fn a_crash_on_another_host_is_told_from_here() {
    let Some(there) = Elsewhere::new("a_crash_on_another_host_is_told_from_here") else {
        return;
    };
    let sandbox = &there.sandbox;
    let taker = Taker::begin();
    let notify = json!([{ "webhook": { "url": taker.url("/hook") }, "on": ["crashed"] }]);
    let game = gated(sandbox, "a", "box2")
        .with("notify", notify)
        .with("restart", json!({ "delay": "0s" }));
    there.inventory(&json!({ "box2": there.host("box2", "") }), &[game]);
    sandbox.touch("a.gate");
    let run = Background::run_json(sandbox, &[]);
    run.sees("a", "running");
    sandbox.ok(&["send", "a", "crash"]);
    wait_until("the message", || !taker.taken().is_empty());
    let told = taker.taken()[0].json();
    assert_eq!(
        (&told["event"], &told["id"], &told["host"]),
        (&json!("crashed"), &json!("a"), &json!("box2")),
        "{told}"
    );
    assert!(
        told["message"]
            .as_str()
            .expect("words")
            .starts_with("a on box2: crashed: "),
        "{told}"
    );
    // The keeper there tells nobody itself.
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(taker.taken().len(), 1);
    sandbox.ok(&["stop", "--all"]);
}
