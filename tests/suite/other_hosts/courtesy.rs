//! Warnings, waits for nobody to play, and schedules of instances on other hosts.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use super::sshd::Elsewhere;
use crate::schedules::{entry, make_due, minutes_ago, outcomes, wait_outcome};
use crate::support::{Background, Crowd, Instance, Sandbox, wait_until};

/// A game on `box2` that notes each line it gets, and whose players are counted there.
fn game(sandbox: &Sandbox, crowd: &Crowd) -> Instance {
    let notes = sandbox.arg("a.got");
    let script = format!("echo up; while read -r line; do echo \"$line\" >>{notes}; done; exec sleep 300");
    Instance::script("a", &script)
        .ready_log("^up$")
        .with("host", json!("box2"))
        .with("players", json!({ "a2s": crowd.address() }))
        .with("broadcast", json!("say {message}"))
        .with("stop", json!([{ "signal": "TERM", "wait": "10s" }]))
}

/// Starts a command whose messages go to the file `said`.
fn saying(sandbox: &Sandbox, args: &[&str]) -> Background {
    let said = fs::File::create(sandbox.path("said")).expect("a file");
    let mut command = sandbox.command(args);
    command.stderr(Stdio::from(said));
    Background::of(&mut command)
}

fn wait_got(sandbox: &Sandbox, line: &str) {
    wait_until(&format!("{line:?} to be told"), || {
        sandbox.lines("a.got").iter().any(|got| got == line)
    });
}

#[test]
fn players_there_are_warned_awaited_and_told_of_a_cancel() {
    let Some(there) = Elsewhere::new("players_there_are_warned_awaited_and_told_of_a_cancel") else {
        return;
    };
    let (sandbox, crowd) = (&there.sandbox, Crowd::of(Some(3)));
    let hosts = json!({ "box2": there.host("box2", "") });
    there.inventory(&hosts, &[game(sandbox, &crowd)]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    let warned = sandbox.ok(&["restart", "a", "--warn", "1s", "--json"]);
    assert_eq!(sandbox.lines("a.got"), ["say Restart in 1 second"], "{warned:?}");
    let after = sandbox.pid("a");
    assert_ne!(after, before);

    // Whoever interrupts it here ends it there, with a word.
    let mut restart = saying(sandbox, &["restart", "a", "--warn", "20m"]);
    wait_got(sandbox, "say Restart in 20 minutes");
    restart.signal(nix::sys::signal::Signal::SIGINT);
    restart.ended();
    wait_got(sandbox, "say Restart cancelled");
    assert_eq!(sandbox.pid("a"), after);

    let mut stop = saying(sandbox, &["stop", "a", "--when-empty"]);
    wait_until("it to wait", || {
        sandbox.lines("said").join("\n").contains("waits until nobody plays")
    });
    // Who does not answer may be somebody.
    crowd.set(None);
    crowd.counted(2);
    assert_eq!((sandbox.state("a"), stop.has_ended()), ("running".to_owned(), false));
    crowd.set(Some(0));
    assert_eq!(stop.ended(), Some(0));
    assert_eq!(sandbox.state("a"), "stopped");
    assert_eq!(sandbox.lines("a.got").len(), 3, "nobody was left to be told");
}

#[test]
fn run_carries_out_the_schedule_of_an_instance_there() {
    let Some(there) = Elsewhere::new("run_carries_out_the_schedule_of_an_instance_there") else {
        return;
    };
    let (sandbox, crowd) = (&there.sandbox, Crowd::of(Some(2)));
    let hosts = json!({ "box2": there.host("box2", "") });
    let (cron, _) = minutes_ago(3);
    let mut entry: Value = entry(&cron, "restart");
    entry["when_empty"] = json!({});
    let game = game(sandbox, &crowd).with("schedule", json!([entry]));
    there.inventory(&hosts, &[game]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    make_due(sandbox, "a", &cron, "restart");
    let run = Background::run_json(sandbox, &[]);
    wait_outcome(&run, "fired");
    crowd.counted(3);
    assert_eq!((outcomes(&run).len(), sandbox.pid("a")), (1, before), "two play");
    crowd.set(Some(0));
    wait_outcome(&run, "done");
    wait_until("another game", || {
        sandbox.state("a") == "running" && sandbox.pid("a") != before
    });
    let after = sandbox.pid("a");
    run.end(nix::sys::signal::Signal::SIGTERM);
    // It is on record, and not done again.
    let again = Background::run_json(sandbox, &[]);
    assert_eq!(outcomes(&again), [] as [&str; 0]);
    again.end(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(sandbox.pid("a"), after);
    sandbox.ok(&["stop", "a"]);
}
