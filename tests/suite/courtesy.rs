//! Stops and restarts that spare the players: warnings, and the wait until nobody plays.

use std::fs;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Background, Crowd, Instance, Process, Sandbox, SmallDisk, wait_until};

/// A game that notes each line it gets, and whose players are counted there.
fn game(sandbox: &Sandbox, id: &str, crowd: &Crowd) -> Instance {
    let notes = sandbox.arg(&format!("{id}.got"));
    let script = format!("echo up; while read -r line; do echo \"$line\" >>{notes}; done; exec sleep 300");
    Instance::script(id, &script)
        .ready_log("^up$")
        .with("healthy", json!({ "a2s": crowd.address(), "start_grace": "1h" }))
        .with("broadcast", json!("say {message}"))
        .with("stop", json!([{ "signal": "TERM", "wait": "10s" }]))
}

/// A sandbox in which one such game runs.
fn running(crowd: &Crowd, change: impl Fn(Instance) -> Instance) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[change(game(&sandbox, "a", crowd))]);
    sandbox.ok(&["start", "a"]);
    sandbox
}

/// Starts a command whose messages go to the file `said`.
fn saying(sandbox: &Sandbox, args: &[&str]) -> Background {
    let said = fs::File::create(sandbox.path("said")).expect("a file");
    let mut command: Command = sandbox.command(args);
    command.stderr(Stdio::from(said));
    Background::of(&mut command)
}

fn wait_got(sandbox: &Sandbox, line: &str) {
    wait_until(&format!("{line:?} to be told"), || {
        sandbox.lines("a.got").iter().any(|got| got == line)
    });
}

fn wait_said(sandbox: &Sandbox, text: &str) {
    wait_until(&format!("{text:?} to be said"), || {
        sandbox.lines("said").join("\n").contains(text)
    });
}

#[test]
fn players_are_warned_and_then_it_is_restarted() {
    let crowd = Crowd::of(Some(3));
    let sandbox = running(&crowd, |game| game);
    let before = sandbox.pid("a");
    let restart = sandbox.ok(&["restart", "a", "--warn", "1s,2s", "--json"]);
    assert_eq!(
        sandbox.lines("a.got"),
        ["say Restart in 2 seconds", "say Restart in 1 second"]
    );
    assert!(
        restart.stderr.contains("a: told the players: Restart in 1 second"),
        "{restart:?}"
    );
    let result = &restart.json()["results"][0];
    assert_eq!((&result["ok"], &result["changed"]), (&json!(true), &json!(true)));
    assert_ne!(sandbox.pid("a"), before);
    let stop = sandbox.ok(&["stop", "a", "--warn=1s", "--message", "Back; \"soon\""]);
    assert_eq!(sandbox.lines("a.got")[2..], ["say Back, 'soon'"], "{stop:?}");
    assert_eq!(sandbox.state("a"), "stopped");
    // Nobody is left to be warned.
    sandbox.ok(&["restart", "a", "--warn", "10m"]);
    assert_eq!(sandbox.lines("a.got").len(), 3);
}

#[test]
fn the_instance_says_when_and_what() {
    let crowd = Crowd::of(None);
    let warn = json!({ "at": ["1s"], "say": "{what}: {time}" });
    let sandbox = running(&crowd, |game| game.with("warn", warn.clone()));
    sandbox.ok(&["stop", "a", "--warn"]);
    assert_eq!(sandbox.lines("a.got"), ["say Shutdown: 1 second"]);
    // Without the option nobody waits.
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    assert_eq!(sandbox.lines("a.got").len(), 1);
}

#[test]
fn where_nobody_plays_nobody_is_warned() {
    let crowd = Crowd::of(Some(0));
    let sandbox = running(&crowd, |game| game);
    sandbox.ok(&["restart", "a", "--warn", "20m"]);
    sandbox.ok(&["restart", "a", "--when-empty"]);
    assert_eq!(sandbox.lines("a.got").len(), 0);
    crowd.set(Some(2));
    let mut stop = saying(&sandbox, &["stop", "a", "--warn", "20m"]);
    wait_got(&sandbox, "say Shutdown in 20 minutes");
    crowd.set(Some(0));
    assert_eq!(stop.ended(), Some(0));
    assert_eq!(sandbox.lines("a.got"), ["say Shutdown in 20 minutes"]);
}

#[test]
fn a_stop_waits_until_nobody_plays() {
    let crowd = Crowd::of(Some(2));
    let sandbox = running(&crowd, |game| game);
    let mut stop = saying(&sandbox, &["stop", "a", "--when-empty"]);
    wait_said(&sandbox, "a: waits until nobody plays (2 play)");
    let note = sandbox.status("a")["note"].as_str().unwrap_or_default().to_owned();
    assert!(note.contains("stop once nobody plays, by gamectl stop (pid "), "{note}");
    // Who does not answer may be somebody.
    crowd.set(None);
    crowd.counted(2);
    assert!(!stop.has_ended());
    // They come back.
    crowd.set(Some(1));
    crowd.counted(1);
    assert_eq!((sandbox.state("a"), stop.has_ended()), ("running".to_owned(), false));
    crowd.set(Some(0));
    assert_eq!(stop.ended(), Some(0));
    assert_eq!(sandbox.state("a"), "stopped");
    assert_eq!(sandbox.lines("a.got").len(), 0);
}

#[test]
fn after_the_longest_wait_it_is_left_alone_or_ended_with_warnings() {
    let crowd = Crowd::of(Some(2));
    let sandbox = running(&crowd, |game| game);
    let before = sandbox.pid("a");
    let wait = ["restart", "a", "--when-empty", "--max-wait", "1s"];
    let skipped = sandbox.ok(&[&wait[..], &["--or-skip", "--json"]].concat());
    let result = skipped.json()["results"][0].clone();
    assert_eq!((&result["ok"], &result["changed"]), (&json!(true), &json!(false)));
    assert_eq!(result["note"], "left as it is: 2 still play after 1 second");
    let skipped = sandbox.ok(&[&["stop"], &wait[1..], &["--or-skip"]].concat());
    assert!(skipped.stdout.contains("a: not changed (left as it is"), "{skipped:?}");
    assert_eq!(sandbox.pid("a"), before);
    sandbox.ok(&[&wait[..], &["--warn", "1s"]].concat());
    assert_eq!(sandbox.lines("a.got"), ["say Restart in 1 second"]);
    assert_ne!(sandbox.pid("a"), before);
    // There are no warnings in the inventory.
    sandbox.ok(&[&["stop"], &wait[1..]].concat());
    assert_eq!(sandbox.lines("a.got").len(), 1);
}

#[test]
fn an_interrupt_ends_it_with_a_word_to_the_players() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let crowd = Crowd::of(Some(1));
        let sandbox = running(&crowd, |game| game);
        let before = sandbox.pid("a");
        let mut restart = saying(&sandbox, &["restart", "a", "--warn", "20m", "--json"]);
        wait_got(&sandbox, "say Restart in 20 minutes");
        restart.signal(signal);
        assert_eq!(restart.ended(), Some(code));
        assert_eq!(sandbox.lines("a.got")[1..], ["say Restart cancelled"]);
        assert!(
            restart.text().contains("cancelled: it was left as it is"),
            "{}",
            restart.text()
        );
        let row = sandbox.status("a");
        assert_eq!((sandbox.pid("a"), &row["note"]), (before, &json!(null)));
    }
}

#[test]
fn what_a_killed_one_has_left_is_no_countdown() {
    let crowd = Crowd::of(Some(1));
    let sandbox = running(&crowd, |game| game);
    let mut restart = saying(&sandbox, &["restart", "a", "--warn", "20m"]);
    wait_got(&sandbox, "say Restart in 20 minutes");
    wait_until("its note", || {
        let note = sandbox.status("a")["note"].as_str().unwrap_or_default().to_owned();
        note.contains("restart due at ")
    });
    restart.signal(Signal::SIGKILL);
    assert_eq!(restart.ended(), None);
    assert!(sandbox.instance_dir("a").join("countdown").exists());
    assert_eq!(sandbox.status("a")["note"], json!(null));
    sandbox.ok(&["restart", "a", "--warn", "1s"]);
}

#[test]
fn a_countdown_sleeps_until_it_is_cancelled() {
    let sandbox = Sandbox::new();
    let notes = sandbox.arg("a.got");
    let script = format!("while read -r line; do echo \"$line\" >>{notes}; done; exec sleep 300");
    sandbox.inventory(&[Instance::script("a", &script).with("broadcast", json!("say {message}"))]);
    sandbox.ok(&["start", "a"]);
    let mut restart = saying(&sandbox, &["restart", "a", "--warn", "1h"]);
    wait_got(&sandbox, "say Restart in 1 hour");
    restart.comes_to_rest();
    sandbox.ok(&["schedule", "cancel", "a"]);
    assert_eq!(restart.ended(), Some(1));
    assert_eq!(sandbox.lines("a.got")[1..], ["say Restart cancelled"]);
    assert_eq!(sandbox.state("a"), "running");
}

#[test]
fn a_second_countdown_is_refused_and_a_stop_goes_first() {
    let crowd = Crowd::of(Some(1));
    let sandbox = running(&crowd, |game| game);
    let mut restart = saying(&sandbox, &["restart", "a", "--warn", "20m"]);
    wait_got(&sandbox, "say Restart in 20 minutes");
    let second = sandbox.run(&["stop", "a", "--warn", "10m"]).expect_code(75);
    assert!(
        second
            .stderr
            .contains("another countdown is under way: restart due at "),
        "{second:?}"
    );
    sandbox.ok(&["stop", "a"]);
    assert_eq!(restart.ended(), Some(1));
    wait_said(&sandbox, "somebody asked for a stop meanwhile, and that wins");
    assert_eq!(sandbox.state("a"), "stopped");
}

#[test]
fn a_game_that_ends_meanwhile_ends_the_countdown() {
    let crowd = Crowd::of(Some(1));
    let sandbox = running(&crowd, |game| game);
    let before = sandbox.pid("a");
    let mut restart = saying(&sandbox, &["restart", "a", "--warn", "20m"]);
    wait_got(&sandbox, "say Restart in 20 minutes");
    Process::signal(before, Signal::SIGKILL);
    assert_eq!(restart.ended(), Some(0));
    assert_ne!(sandbox.pid("a"), before);
    assert_eq!(sandbox.lines("a.got").len(), 1, "nobody is left to be told");
}

#[test]
fn a_warning_that_fails_is_said_and_the_countdown_goes_on() {
    let crowd = Crowd::of(Some(1));
    let nobody = json!({ "port": crate::support::free_port(), "password": "canary" });
    let sandbox = running(&crowd, |game| game.with("rcon", nobody.clone()));
    let before = sandbox.pid("a");
    let restart = sandbox.ok(&["restart", "a", "--warn", "2s,1s"]);
    let said = restart.stderr.matches("could not tell the players").count();
    assert_eq!(said, 2, "{restart:?}");
    assert!(!restart.stderr.contains("canary"));
    assert_ne!(sandbox.pid("a"), before);
}

#[test]
fn who_cannot_be_told_has_a_countdown_and_who_cannot_be_counted_is_left_alone() {
    let crowd = Crowd::of(None);
    let sandbox = Sandbox::new();
    let mute = |id: &str| Instance::script(id, "exec sleep 300").with("ready", json!({ "alive_for": "1ms" }));
    sandbox.inventory(&[
        mute("a").with("healthy", json!({ "a2s": crowd.address(), "start_grace": "1h" })),
        mute("b").with("broadcast", json!("say {message}")),
    ]);
    sandbox.ok(&["start", "--all"]);
    let before = sandbox.pid("a");
    let warned = sandbox.ok(&["restart", "a", "--warn", "2s,1s"]);
    let told = "its players cannot be told, and the countdown goes on all the same: it has no `broadcast`";
    assert_eq!(warned.stderr.matches(told).count(), 1, "{warned:?}");
    assert!(warned.stderr.contains("broadcast: 'say {message}'"), "{warned:?}");
    assert_ne!(sandbox.pid("a"), before);
    let before = sandbox.pid("a");
    let waited = sandbox.run(&["stop", "b", "--when-empty"]).expect_code(5);
    assert!(waited.stderr.contains("nobody can count its players"), "{waited:?}");
    assert_eq!(sandbox.pid("a"), before);
    assert_eq!(sandbox.state("b"), "running");
    // Where nobody plays nobody has to be told.
    crowd.set(Some(0));
    sandbox.ok(&["restart", "a", "--warn", "1s"]);
    assert_ne!(sandbox.pid("a"), before);
}

#[test]
fn several_count_side_by_side_and_one_that_needs_another_too() {
    let crowd = Crowd::of(Some(1));
    let sandbox = Sandbox::new();
    let [a, b] = ["a", "b"].map(|id| game(&sandbox, id, &crowd));
    sandbox.inventory(&[a.with("needs", json!(["b"])), b]);
    sandbox.ok(&["start", "--all"]);
    let mut stop = saying(&sandbox, &["stop", "--all", "--warn", "20m,1s"]);
    wait_got(&sandbox, "say Shutdown in 20 minutes");
    wait_until("the other one to be told", || !sandbox.lines("b.got").is_empty());
    crowd.set(Some(0));
    assert_eq!(stop.ended(), Some(0));
    assert_eq!(sandbox.state("b"), "stopped");
}

#[test]
fn a_dry_run_shows_it() {
    let crowd = Crowd::of(Some(1));
    let sandbox = running(&crowd, |game| game);
    let shown = sandbox.ok(&["restart", "a", "--warn=5m,1m", "-n", "--json"]).json();
    let steps = shown["results"][0]["steps"].as_array().expect("steps").clone();
    assert_eq!(
        steps[0]["does"],
        "unless nobody plays: tell the players \"Restart in 5 minutes\"; and so 5 minutes and 1 minute before the end"
    );
    let shown = sandbox.ok(&["stop", "a", "--when-empty", "--max-wait", "2h", "--or-skip", "-n"]);
    assert!(
        shown.stdout.contains("wait until nobody plays, for 2 hours at most"),
        "{shown:?}"
    );
    assert_eq!(sandbox.lines("a.got").len(), 0);
}

#[test]
fn options_that_cannot_be_together_are_refused() {
    let sandbox = Sandbox::with(&[Instance::script("a", "exec sleep 300")]);
    for wrong in [
        &["stop", "a", "--warn", "--now"][..],
        &["stop", "a", "--when-empty", "--now"],
        &["stop", "a", "--message", "hello"],
        &["stop", "a", "--warn=1s", "--message", "two\nlines"],
        &["restart", "a", "--max-wait", "1h"],
        &["restart", "a", "--when-empty", "--or-skip"],
        &["restart", "--warn", "a"],
        &["start", "a", "--warn"],
    ] {
        let refused = sandbox.run(wrong).expect_code(2);
        assert!(!refused.stderr.is_empty(), "{wrong:?}");
    }
}

/// `run` shows what is to come, and lets it go.
#[test]
fn it_is_seen_by_whoever_watches() {
    let crowd = Crowd::of(Some(1));
    let sandbox = running(&crowd, |game| game);
    let run = Background::run_json(&sandbox, &[]);
    let mut restart = saying(&sandbox, &["restart", "a", "--warn", "20m"]);
    wait_got(&sandbox, "say Restart in 20 minutes");
    let row = || {
        let shown = sandbox.status("a")["note"].as_str().unwrap_or_default().to_owned();
        shown.contains("restart due at ")
    };
    wait_until("its note", row);
    restart.signal(Signal::SIGINT);
    assert_eq!(restart.ended(), Some(130));
    wait_until("no note", || !row());
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
}

/// A full disk keeps nobody from warning players and ending a game; that there is no record is
/// said.
#[test]
fn on_a_full_disk_players_are_warned_all_the_same() {
    let (crowd, sandbox) = (Crowd::of(Some(1)), Sandbox::new());
    let Some(disk) = SmallDisk::mount(&sandbox, "on_a_full_disk_players_are_warned_all_the_same", "size=2m") else {
        return;
    };
    sandbox.inventory(&[game(&sandbox, "a", &crowd)]);
    sandbox.ok(&["start", "a"]);
    disk.fill(0);
    let stop = sandbox.ok(&["stop", "a", "--warn", "1s"]);
    assert!(stop.stderr.contains("the countdown is not on record"), "{stop:?}");
    assert_eq!(sandbox.lines("a.got"), ["say Shutdown in 1 second"]);
    disk.free();
    assert_eq!(sandbox.state("a"), "stopped");
}
