//! The command that must succeed before each start, by the built binary.

use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Instance, Process, Sandbox, wait_until};

/// A game that notes its starts, and a command before them.
fn game(sandbox: &Sandbox, before: &Value) -> Instance {
    let script = format!(
        "trap 'exit 0' TERM; echo game >>{}; echo up; while read -r line; do $line; done",
        sandbox.arg("notes")
    );
    let game = Instance::script("a", &script).ready_log("^up$");
    game.with("restart", json!({ "delay": "0s" }))
        .with("before_start", before.clone())
}

/// A command that notes that it begins and ends, and waits for its gate between.
fn gated(sandbox: &Sandbox) -> Value {
    let script = format!(
        "echo begins $GAMECTL_ID >>{notes}; echo 'updating, 40 %'\n\
         while [ ! -e {gate} ]; do sleep 0.02; done\n\
         echo ends >>{notes}",
        notes = sandbox.arg("notes"),
        gate = sandbox.arg("gate"),
    );
    json!({ "command": ["sh", "-c", script] })
}

fn with(before: impl Fn(&Sandbox) -> Value) -> Sandbox {
    let sandbox = Sandbox::new();
    let before = before(&sandbox);
    sandbox.inventory(&[game(&sandbox, &before)]);
    sandbox
}

/// Begins a start, whose messages are kept.
fn start(sandbox: &Sandbox) -> Background {
    let together = ["sh", "-c", "exec \"$0\" \"$@\" 2>&1"];
    Background::of(&mut sandbox.command_under(&together, &["start", "a"]))
}

/// Begins a start, and waits until its command has begun.
fn begun(sandbox: &Sandbox) -> Background {
    let start = start(sandbox);
    wait_until("the command to begin", || !sandbox.lines("notes").is_empty());
    start
}

#[test]
fn a_game_is_started_after_the_command_has_succeeded() {
    let sandbox = with(gated);
    let mut start = begun(&sandbox);
    assert_eq!(sandbox.state("a"), "stopped");
    let busy = sandbox.run(&["start", "a", "--lock-wait", "0s"]).expect_code(75);
    assert!(busy.stderr.contains("gamectl start (pid"), "{}", busy.stderr);
    assert_eq!(sandbox.lines("notes"), ["begins a"]);
    sandbox.touch("gate");
    wait_until("the start to end", || start.has_ended());
    assert_eq!(start.ended(), Some(0), "{}", start.text());
    assert_eq!(sandbox.lines("notes"), ["begins a", "ends", "game"]);
    // What runs already needs no update.
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.lines("notes").len(), 3);
    sandbox.ok(&["restart", "a"]);
    assert_eq!(sandbox.lines("notes")[3..], ["begins a", "ends", "game"]);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_command_that_fails_refuses_the_start_and_says_why() {
    let sandbox = with(|_| json!({ "command": ["sh", "-c", "echo one; echo 'no space left' >&2; exit 8"] }));
    let refused = sandbox.run(&["start", "a"]).expect_code(1);
    for text in [
        "nothing was started: `before_start`, sh, ended with exit code 8",
        "| one",
        "| no space left",
        "env GAMECTL_ID=a sh",
    ] {
        assert!(refused.stderr.contains(text), "{text}: {}", refused.stderr);
    }
    assert!(!refused.stderr.contains("exit 8"), "its arguments may be secret");
    assert_eq!(sandbox.state("a"), "stopped");
    assert!(sandbox.lines("notes").is_empty());
    // So does one that cannot be run; `check` knows that before.
    sandbox.inventory(&[game(&sandbox, &json!({ "command": ["/no/such/update"] }))]);
    let refused = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(
        refused.stderr.contains("/no/such/update, cannot be run"),
        "{}",
        refused.stderr
    );
    let found = sandbox.run(&["check"]).expect_code(1);
    let all = [found.stdout, found.stderr].concat();
    assert!(all.contains("/no/such/update of `before_start` cannot be run"), "{all}");
}

#[test]
fn a_stop_ends_the_command_and_wins() {
    let sandbox = with(gated);
    let mut start = begun(&sandbox);
    sandbox.ok(&["stop", "a"]);
    wait_until("the start to end", || start.has_ended());
    assert_eq!(start.ended(), Some(1), "{}", start.text());
    assert!(
        start.text().contains("and that wins: nothing was started"),
        "{}",
        start.text()
    );
    sandbox.touch("gate");
    assert_eq!(sandbox.lines("notes"), ["begins a"]);
}

#[test]
fn a_command_that_takes_too_long_is_killed() {
    let sandbox = with(|sandbox| {
        let mut before = gated(sandbox);
        before["timeout"] = json!("300ms");
        before
    });
    let late = sandbox.run(&["start", "a"]).expect_code(124);
    for text in [
        "did not end within 300ms and was killed",
        "| updating, 40 %",
        "give it a longer `timeout`",
    ] {
        assert!(late.stderr.contains(text), "{text}: {}", late.stderr);
    }
    sandbox.inventory(&[game(&sandbox, &gated(&sandbox))]);
    let late = sandbox.run(&["start", "a", "--timeout", "500ms"]).expect_code(124);
    assert!(late.stderr.contains("give --timeout a longer time"), "{}", late.stderr);
    sandbox.touch("gate");
    assert!(!sandbox.lines("notes").contains(&"game".to_owned()));
    // The time that a game has to become ready begins after it.
    let whole = sandbox.ok(&["start", "a", "--json"]).json();
    assert_eq!(whole["results"][0]["state"], "running");
    sandbox.ok(&["stop", "a"]);
}

/// The lock of a gamectl that is killed is free at once; its command may still write.
#[test]
fn no_second_command_begins_beside_that_of_a_killed_start() {
    let sandbox = with(gated);
    let first = begun(&sandbox);
    Process::kill_and_wait(first.pid());
    let mut second = start(&sandbox);
    let holder = format!("(pid {})", second.pid());
    wait_until("the second start to have the lock", || {
        let third = sandbox.run(&["start", "a", "--lock-wait", "0s", "--timeout", "300ms"]);
        third.stderr.contains(&holder)
    });
    assert_eq!(sandbox.lines("notes"), ["begins a"]);
    sandbox.touch("gate");
    wait_until("the second start to end", || second.has_ended());
    assert_eq!(second.ended(), Some(0), "{}", second.text());
    assert_eq!(sandbox.lines("notes"), ["begins a", "ends", "begins a", "ends", "game"]);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn run_updates_what_has_crashed_before_it_comes_back() {
    let sandbox = with(gated);
    sandbox.touch("gate");
    let run = Background::run(&sandbox);
    sandbox.wait_state("a", "running");
    assert_eq!(sandbox.lines("notes"), ["begins a", "ends", "game"]);
    std::fs::remove_file(sandbox.path("gate")).expect("remove");
    let pid = sandbox.pid("a");
    Process::kill(pid);
    wait_until("the command to begin again", || sandbox.lines("notes").len() == 4);
    assert_eq!(sandbox.state("a"), "crashed");
    // Ctrl-C ends the wait, and the command with it.
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.touch("gate");
    assert_eq!(sandbox.lines("notes").len(), 4);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.lines("notes")[4..], ["begins a", "ends", "game"]);
    sandbox.ok(&["stop", "a"]);
}

/// A command may take an hour.
#[test]
fn a_command_holds_up_no_other_launch_of_run() {
    let sandbox = Sandbox::new();
    let other = Instance::script("b", "echo up; while read -r line; do :; done").ready_log("^up$");
    sandbox.inventory(&[game(&sandbox, &gated(&sandbox)), other]);
    let run = Background::of(&mut sandbox.command(&["run", "--at-once", "1"]));
    wait_until("the command to begin", || !sandbox.lines("notes").is_empty());
    sandbox.wait_state("b", "running");
    let pid = sandbox.pid("b");
    Process::kill(pid);
    sandbox.wait_for_another("b", pid);
    assert_eq!(sandbox.lines("notes"), ["begins a"]);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.touch("gate");
    sandbox.ok(&["stop", "--all"]);
}

/// Whoever waits for a turn has the lock, and would keep a stop waiting for an hour.
#[test]
fn a_stop_wins_over_a_start_that_waits_for_its_turn() {
    let sandbox = Sandbox::new();
    let ids = ["a", "b", "c", "d", "e"];
    let before = gated(&sandbox);
    let games = ids.map(|id| Instance::script(id, "echo up; while read -r line; do :; done").ready_log("^up$"));
    sandbox.inventory(&games.map(|game| game.with("before_start", before.clone())));
    let mut start = Background::of(&mut sandbox.command(&["start", "--all"]));
    wait_until("four to begin", || sandbox.lines("notes").len() == 4);
    let begun = sandbox.lines("notes");
    let waits = ids.into_iter().find(|id| !begun.contains(&format!("begins {id}")));
    let waits = waits.expect("the fifth has no turn");
    sandbox.ok(&["stop", waits]);
    assert_eq!(sandbox.lines("notes"), begun);
    sandbox.touch("gate");
    wait_until("the start to end", || start.has_ended());
    assert_eq!(start.ended(), Some(1), "{}", start.text());
    for id in ids {
        assert_eq!(sandbox.state(id) == "stopped", id == waits, "{id}");
    }
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn run_gives_up_where_the_command_goes_on_failing() {
    let sandbox = Sandbox::new();
    let before = json!({ "command": ["sh", "-c", "echo the mirror is down; exit 1"] });
    let game = game(&sandbox, &before);
    let game = game.with(
        "restart",
        json!({ "delay": "0s", "give_up": { "times": 2, "within": "1h" } }),
    );
    sandbox.inventory(&[game]);
    let run = Background::run(&sandbox);
    run.wait("given up after 2");
    run.wait("the mirror is down");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert!(sandbox.lines("notes").is_empty());
}

#[test]
fn a_dry_run_shows_the_command_and_runs_nothing() {
    let sandbox = with(gated);
    let shown = sandbox.ok(&["start", "a", "--dry-run"]);
    assert!(
        shown
            .stdout
            .contains("run sh, for up to 30m; if it fails, start nothing"),
        "{}",
        shown.stdout
    );
    assert!(sandbox.lines("notes").is_empty());
}

/// The files of the game stay those of its user, also as root.
#[test]
fn it_runs_as_the_user_of_the_game() {
    let sandbox = Sandbox::new();
    if !nix::unistd::geteuid().is_root() {
        return crate::support::not_run("a command as another user", "it needs root", crate::support::PRIVILEGES);
    }
    std::fs::set_permissions(sandbox.dir(), std::fs::Permissions::from_mode(0o777)).expect("chmod");
    // Its user may say what it does.
    let update = sandbox.path("update");
    let script = format!(
        "#!/bin/sh\necho $(id -u) $(id -G) $USER $HOME >>{}\n",
        sandbox.arg("who")
    );
    std::fs::write(&update, script).expect("write");
    std::fs::set_permissions(&update, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    std::os::unix::fs::chown(&update, Some(65534), Some(65534)).expect("chown");
    let game = Instance::script("a", "echo up; while read -r line; do :; done").ready_log("^up$");
    let game = game
        .process("user", json!("nobody"))
        .with("before_start", json!({ "command": [update] }));
    sandbox.inventory(&[game]);
    let found = sandbox.run(&["check"]);
    let all = [found.stdout, found.stderr].concat();
    assert!(!all.contains("before_start"), "{all}");
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.lines("who"), ["65534 65534 nobody /nonexistent"]);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn mistakes_have_their_place() {
    let sandbox = Sandbox::new();
    for (before, text) in [
        ("{ timeout: 1h }", "`before_start` has no `command`"),
        ("{ command: [] }", "`command` is empty"),
        ("{ command: update }", "`command` must be a list"),
        ("{ comand: [update] }", "comand"),
        ("[update]", "before_start"),
        ("{ command: [update], timeout: soon }", "timeout"),
    ] {
        let whole = format!("instances:\n  a:\n    before_start: {before}\n    process: {{ executable: /bin/true }}\n");
        sandbox.inventory_text(&whole);
        let refused = sandbox.run(&["start", "a"]).expect_code(6);
        assert!(refused.stderr.contains("instances.yaml:3:"), "{}", refused.stderr);
        assert!(refused.stderr.contains(text), "{before}: {}", refused.stderr);
    }
}

/// `examples/steam-update`, with a steamcmd of our own.
#[test]
fn the_example_starts_complete_servers_only() {
    let sandbox = Sandbox::new();
    let example = crate::support::repository::root().join("examples/steam-update");
    let manifest = sandbox.path("steamapps");
    std::fs::create_dir(&manifest).expect("a folder");
    for (state, code, passes) in [
        ("4", 0, true),
        ("4", 5, true),
        ("1026", 0, false),
        ("1026", 8, false),
        ("", 0, false),
    ] {
        let text = format!("\"AppState\"\n{{\n\t\"appid\"\t\t\"7\"\n\t\"StateFlags\"\t\t\"{state}\"\n}}\n");
        std::fs::write(manifest.join("appmanifest_7.acf"), text).expect("write");
        let steamcmd = sandbox.path("steamcmd");
        std::fs::write(
            &steamcmd,
            format!("#!/bin/sh\necho \"$@\" >{}; exit {code}\n", sandbox.arg("said")),
        )
        .expect("write");
        std::fs::set_permissions(&steamcmd, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let mut update = sandbox.program(&example);
        update.arg("7").arg(sandbox.dir()).env("STEAMCMD", &steamcmd);
        let output = update.output().expect("run the example");
        assert_eq!(output.status.success(), passes, "{state} {code}: {output:?}");
    }
    let said = format!(
        "+force_install_dir {} +login anonymous +app_update 7 +quit",
        sandbox.dir().display()
    );
    assert_eq!(sandbox.lines("said"), [said]);
}
