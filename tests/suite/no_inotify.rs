//! A user who has used up all instances or watches of `inotify(7)`: `run` and
//! `watch` say so, and look every second instead.

use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Background, Instance, Process, Sandbox, wait_until};

/// A program that executes another one where so many are left.
fn left(what: &str, count: u32) -> [String; 6] {
    let script = format!("echo {count} > /proc/sys/user/max_inotify_{what} && exec \"$@\"");
    ["unshare", "--user", "--map-root-user", "sh", "-c", &script].map(str::to_owned)
}

fn is_possible(test: &str) -> bool {
    let wrapper = left("instances", 0);
    let status = std::process::Command::new(&wrapper[0])
        .args(&wrapper[1..])
        .args(["sh", "true"])
        .stderr(Stdio::null())
        .status();
    let is_possible = status.is_ok_and(|status| status.success());
    if !is_possible {
        support::skipped(test, "a user namespace cannot be made");
    }
    is_possible
}

fn under(sandbox: &Sandbox, wrapper: &[String; 6], args: &[&str]) -> Background {
    let mut words: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    words.push("sh");
    Background::of(&mut sandbox.command_under(&words, args))
}

#[test]
fn run_looks_every_second_where_no_change_is_reported() {
    if !is_possible("run_looks_every_second_where_no_change_is_reported") {
        return;
    }
    for (what, count, sysctl) in [
        ("instances", 0, "fs.inotify.max_user_instances"),
        ("watches", 1, "fs.inotify.max_user_watches"),
    ] {
        let game = |id: &str| {
            Instance::script(id, "echo up; exec sleep 1000")
                .ready_log("^up$")
                .with("restart", json!({ "delay": "0s" }))
        };
        let sandbox = Sandbox::with(&[game("a")]);
        let run = under(&sandbox, &left(what, count), &["run", "--json"]);
        run.sees("a", "running");
        let first = sandbox.pid("a");
        Process::kill(first);
        sandbox.wait_for_another("a", first);
        run.sees("a", "running");
        // The inventory is looked at as well.
        sandbox.inventory(&[game("a"), game("b")]);
        run.sees("b", "running");
        sandbox.ok(&["stop", "a"]);
        run.sees("a", "stopped");
        assert_eq!(run.logged(sysctl), 1, "{}", run.text());
        assert_eq!(run.end(Signal::SIGTERM), Some(0));
        sandbox.ok(&["stop", "--all"]);
        sandbox.nothing_left();
    }
}

#[test]
fn watch_looks_every_second_and_says_so_beside_its_stream() {
    if !is_possible("watch_looks_every_second_and_says_so_beside_its_stream") {
        return;
    }
    let sandbox = Sandbox::with(&[Instance::script("a", "exec sleep 1000")]);
    sandbox.ok(&["start", "a"]);
    let wrapper = left("instances", 0);
    let mut words: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    words.push("sh");
    let mut command = sandbox.command_under(&words, &["watch", "--json"]);
    let said = sandbox.path("said");
    command.stderr(std::fs::File::create(&said).expect("a file"));
    let watch = Background::of(&mut command);
    wait_until("its snapshot", || !watch.events("snapshot").is_empty());
    sandbox.ok(&["stop", "a"]);
    watch.sees("a", "stopped");
    let said = std::fs::read_to_string(&said).expect("what was said");
    assert_eq!(said.matches("-w fs.inotify.max_user_instances=").count(), 1, "{said}");
    assert!(!watch.text().contains("inotify"), "{}", watch.text());
}
