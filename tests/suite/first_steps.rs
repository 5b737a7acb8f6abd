//! The first steps of somebody who has not read the manual: each answer says what to do
//! next.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Background, Instance, Sandbox, wait_until};

fn game() -> Instance {
    Instance::script("a", "exec sleep 100").with("ready", json!({ "alive_for": "0s" }))
}

/// `stop` outlives `run`, which says that it leaves the server down for it.
#[test]
fn what_was_stopped_is_left_down_and_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game()]);
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    let mut run = Background::run(&sandbox);
    run.wait("a: stopped by you; `gamectl start a` starts it");
    run.signal(Signal::SIGINT);
    assert_eq!(run.ended(), Some(0));
    assert!(
        run.text().contains("the watching has ended; no server runs"),
        "{}",
        run.text()
    );

    let run = Background::run_json(&sandbox, &[]);
    let row = &run.events("snapshot")[0]["instances"][0];
    assert_eq!(row["note"], json!("stopped by you; `gamectl start a` starts it"));
    sandbox.ok(&["start", "a"]);
    run.sees("a", "running");
    drop(run);
    let mut run = Background::run(&sandbox);
    run.wait("a: already running");
    run.signal(Signal::SIGINT);
    assert_eq!(run.ended(), Some(0));
    let goes_on = "the watching has ended; the servers go on (`gamectl stop --all` stops them)";
    assert!(run.text().contains(goes_on), "{}", run.text());
    sandbox.ok(&["stop", "a"]);
}

/// Its row is made anew by what the inventory says, and not by another look at it.
#[test]
fn the_uptime_of_what_leaves_the_inventory_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game()]);
    let run = Background::run_json(&sandbox, &["--heartbeat-interval", "50ms"]);
    let uptimes = || -> Vec<u64> {
        let beats = run.events("heartbeat").into_iter();
        beats.filter_map(|beat| beat["uptime_seconds"].as_u64()).collect()
    };
    wait_until("some uptime", || uptimes().last().is_some_and(|uptime| *uptime >= 2));
    sandbox.inventory_text("instances: {}");
    wait_until("it to be seen", || run.logged("no longer in the inventory") == 1);
    let count = uptimes().len();
    wait_until("another heartbeat", || uptimes().len() > count + 1);
    assert!(uptimes().is_sorted(), "{:?}", uptimes());
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

/// An id that only another inventory knows is not waited for.
#[test]
fn a_watch_waits_for_nothing_that_cannot_come() {
    let sandbox = Sandbox::with(&[game()]);
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    let other = sandbox.arg("other.yaml");
    std::fs::write(&other, "instances: { ab: { process: { executable: /bin/true } } }").expect("write");
    let line = ["-f", &other, "watch", "--until", "running", "--timeout", "50s"];
    let refused = sandbox.run(&[&line[..], &["a"]].concat()).expect_code(4);
    assert!(
        refused.stderr.contains("`a` is not in the inventory, and does not run"),
        "{refused:?}"
    );
    let starter = format!("{} has started it last", sandbox.arg("instances.yaml"));
    assert!(refused.stderr.contains(&starter), "{refused:?}");
    // Its end can be waited for, and what runs can come to any state.
    let ends = ["-f", &other, "watch", "--until", "stopped", "--timeout", "50s", "a"];
    sandbox.ok(&ends);
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&[&line[..], &["a"]].concat());
    sandbox.ok(&["stop", "a"]);
}

/// The commands in the help of `completions` work in a new home.
#[test]
fn the_examples_for_completions_can_be_pasted() {
    let sandbox = Sandbox::with(&[game()]);
    let help = sandbox.ok(&["completions", "-h"]).stdout;
    let (_, examples) = help.split_once("Examples:\n").expect("examples");
    let ours = support::gamectl().parent().expect("a folder").display().to_string();
    let path = format!("{ours}:{}", std::env::var("PATH").unwrap_or_default());
    let mut shell = sandbox.program("sh");
    shell
        .args(["-ec", examples])
        .env("HOME", sandbox.arg("home"))
        .env("PATH", path);
    let output = shell.output().expect("run sh");
    assert!(output.status.success(), "{output:?}");
    for script in [
        ".local/share/bash-completion/completions/gamectl",
        ".config/fish/completions/gamectl.fish",
        ".zfunc/_gamectl",
    ] {
        let text = std::fs::read_to_string(sandbox.path("home").join(script)).expect("a script");
        assert!(text.contains("gamectl"), "{script}");
    }
}

#[test]
fn what_an_inventory_lacks_is_said_where_it_is_noticed() {
    let sandbox = Sandbox::new();
    sandbox.inventory_text("instances:\na:\n  process: { executable: /bin/true }\n");
    let refused = sandbox.run(&["check"]).expect_code(6);
    let at = "instances.yaml:2:1";
    assert!(refused.stderr.contains(at), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("hint: an instance: indent it below `instances:`"),
        "{refused:?}"
    );
    sandbox.inventory_text("instances:\n");
    for line in [&["start", "--all"][..], &["status"], &["stop", "--all"]] {
        let said = sandbox.ok(line).stderr;
        assert!(
            said.starts_with("note: the inventory has no instances; `gamectl games "),
            "{said}"
        );
    }
    assert_eq!(sandbox.ok(&["start", "--all", "--json"]).stderr, "");
}

/// A hint that reads the inventory again says that it is to be given again.
#[test]
fn an_inventory_from_standard_input_is_given_again() {
    let sandbox = Sandbox::new();
    let inventory = b"instances: { a: { process: { executable: /bin/true } } }";
    let refused = sandbox.run_with_stdin(&["-f", "-", "start", "zzz"], inventory);
    let refused = refused.expect_code(4);
    assert!(
        refused.stderr.contains("`gamectl -f - status < FILE` shows all"),
        "{refused:?}"
    );
}

/// A folder is shown by its own name, however the inventory was named.
#[test]
fn a_way_back_is_taken_before_it_is_shown() {
    let sandbox = Sandbox::with(&[Instance::program("a", "no-such-game", &[])]);
    std::fs::create_dir_all(sandbox.path("b/c")).expect("folders");
    let check = sandbox.run(&["-f", "b/c/../../instances.yaml", "check"]).expect_code(1);
    let folder = sandbox.dir().canonicalize().expect("a folder");
    let cwd = format!("a: cwd: {}\n", folder.display());
    assert!(check.stdout.contains(&cwd) && !check.stdout.contains(".."), "{check:?}");
    let start = sandbox.run(&["-f", "b/c/../../instances.yaml", "start", "a"]);
    assert!(!start.stderr.contains(".."), "{start:?}");
}

#[test]
fn what_printed_nothing_is_not_referred_to_for_all_it_printed() {
    let sandbox = Sandbox::with(&[Instance::script("a", "exit 3"), Instance::script("b", "echo x; exit 3")]);
    let silent = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(
        silent.stderr.contains("hint: it printed nothing; `gamectl logs a`"),
        "{silent:?}"
    );
    let talking = sandbox.run(&["start", "b"]).expect_code(1);
    assert!(
        talking.stderr.contains("hint: all it printed: `gamectl logs b`"),
        "{talking:?}"
    );
}

#[test]
fn several_that_are_not_stopped_are_they() {
    let sandbox = Sandbox::with(&[game(), Instance::script("b", "exec sleep 100")]);
    sandbox.ok(&["start", "a", "b", "--no-wait"]);
    sandbox.inventory_text("instances: {}");
    let said = sandbox.ok(&["stop", "--all"]).stderr;
    assert!(
        said.contains("not stopped: a, b (`gamectl stop a b` stops them)"),
        "{said}"
    );
    sandbox.ok(&["stop", "a"]);
    let said = sandbox.ok(&["stop", "--all"]).stderr;
    assert!(said.contains("not stopped: b (`gamectl stop b` stops it)"), "{said}");
    sandbox.ok(&["stop", "b"]);
}
