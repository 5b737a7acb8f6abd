//! `gamectl console` on a real terminal, and without one.

use std::io::Write;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Instance, Process, Sandbox, Terminal, wait_until};

fn started() -> Sandbox {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox
}

#[test]
fn lines_go_in_and_output_follows_for_several_at_once() {
    let sandbox = started();
    let mut first = Terminal::open(&sandbox, &["console", "a"]);
    first.wait("up");
    let mut second = Terminal::open(&sandbox, &["console", "a", "-n", "1"]);
    second.wait("attached");
    first.type_text("say from-the-fist\x1b[D\x1b[Dr\r");
    second.wait("from-the-first\r\n");
    second.type_text("say from-the-second\r");
    first.wait("from-the-second\r\n");
    // An old line again, and changed.
    first.type_text("\x1b[A once more\r");
    second.wait("from-the-first once more\r\n");
    assert!(!first.is_as_found(), "keys are read one by one");
    first.type_text("\x1d");
    assert_eq!(first.ended(), Some(0));
    second.type_text("\x04");
    assert_eq!(second.ended(), Some(0));
    assert!(first.is_as_found() && second.is_as_found());
    assert_eq!(sandbox.state("a"), "running", "the game has noticed nothing");
    assert_eq!(sandbox.ok(&["send", "a", "quit"]).code, Some(0));
    sandbox.wait_state("a", "crashed");
    sandbox.nothing_left();
}

#[test]
fn the_terminal_is_restored_whatever_ends_it() {
    let sandbox = started();
    for how in [Some(Signal::SIGTERM), Some(Signal::SIGINT), None] {
        let mut terminal = Terminal::open(&sandbox, &["console", "a"]);
        terminal.wait("attached");
        wait_until("another mode", || !terminal.is_as_found());
        match how {
            Some(signal) => Process::signal(terminal.gamectl(&sandbox), signal),
            None => drop(sandbox.ok(&["stop", "a"])),
        }
        let wanted = match how {
            Some(Signal::SIGTERM) => 143,
            Some(_) => 130,
            None => 3,
        };
        assert_eq!(terminal.ended(), Some(wanted), "{how:?}: {}", terminal.text());
        assert!(terminal.is_as_found(), "{how:?}");
    }
    sandbox.nothing_left();
}

#[test]
fn what_could_harm_a_terminal_does_not_reach_it() {
    let sandbox = started();
    let mut terminal = Terminal::open(&sandbox, &["console", "a"]);
    terminal.wait("attached");
    sandbox.tell("a", "say evil\x1b]0;title\x07 end");
    terminal.wait("evil end");
    assert!(!terminal.text().contains("title"));
    terminal.type_text("\x04");
    assert_eq!(terminal.ended(), Some(0));
}

#[test]
fn a_game_with_a_terminal_gets_every_byte_and_its_size() {
    let script = "stty size; stty raw -echo; trap 'echo; stty size' WINCH; while :; do read -r -N 1 c; \
                  printf 'got<%s>' \"$c\"; done";
    let game = Instance::program("a", "/bin/bash", &["-c", &script.replace('$', "$$")]).process("tty", json!(true));
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a", "--no-wait"]);
    sandbox.wait_console("a", "24 80");
    let mut terminal = Terminal::open(&sandbox, &["console", "a"]);
    terminal.wait("attached");
    wait_until("raw mode", || !terminal.is_as_found());
    terminal.type_text("x");
    terminal.wait("got<x>");
    terminal.type_text("\x1b[A");
    terminal.wait("got<A>");
    terminal.resize(132, 50);
    // A shell tells when it reads the next key.
    wait_until("the size to arrive", || {
        sandbox.run(&["logs", "a"]).stdout.contains("50 132") || {
            drop(terminal.master.write_all(b"."));
            false
        }
    });
    terminal.type_text("\x1d");
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_as_found());
    assert!(Process::lives(sandbox.pid("a")), "the game goes on");
    sandbox.ok(&["stop", "a", "--now"]);
    sandbox.nothing_left();
}

#[test]
fn without_a_terminal_lines_are_sent_until_they_end() {
    let sandbox = started();
    let outcome = sandbox.run_with_stdin(&["console", "a"], b"say one\nsay two");
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    sandbox.wait_console("a", "one\ntwo");
    sandbox.ok(&["stop", "a"]);
    let outcome = sandbox.run(&["console", "a"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
}

/// A game that reads nothing, and is to be stopped by its console.
fn full(tty: bool) -> Sandbox {
    let chain = json!([{ "stdin": "save", "wait": "60s" }, { "stdin": "quit", "wait": "60s" }]);
    let game = Instance::script("a", "echo up; exec sleep 300")
        .ready_log("up")
        .process("tty", json!(tty))
        .with("stop", chain);
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    sandbox
}

#[test]
fn a_console_that_is_full_is_told_and_keeps_nobody_waiting() {
    for tty in [false, true] {
        let sandbox = full(tty);
        let line = "x".repeat(3000);
        let refused = (0..100)
            .map(|_| sandbox.run(&["send", "a", &line]))
            .find(|send| send.code != Some(0));
        let refused = refused.expect("it has an end");
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(
            refused.stderr.contains("has not read what was written before"),
            "{refused:?}"
        );
        if refused.stderr.contains("took only") {
            assert!(tty, "a pipe takes a line as a whole: {refused:?}");
        }
        // What is left of the room is for no line either.
        let mut send = sandbox.run(&["send", "a", &line]);
        while send.code == Some(0) || send.stderr.contains("took only") {
            send = sandbox.run(&["send", "a", &line]);
        }
        assert!(send.stderr.contains("takes no input now"), "{send:?}");
        let console = sandbox.run_with_stdin(&["console", "a"], format!("{line}\n").as_bytes());
        let told = if tty {
            "its terminal takes no input now"
        } else {
            "its console takes no input now"
        };
        assert!(console.stdout.contains(told), "{console:?}");
        while sandbox.run(&["send", "a", "y"]).code == Some(0) {}
        let begun = std::time::Instant::now();
        let stop = sandbox.ok(&["stop", "a"]);
        assert!(begun.elapsed() < std::time::Duration::from_secs(50), "{stop:?}");
        for step in [
            "stdin: save was not sent: its console",
            "stdin: quit was not sent: its console",
        ] {
            assert!(stop.stdout.contains(step), "{stop:?}");
        }
        assert!(stop.stdout.contains("stopped by signal: TERM"), "{stop:?}");
        sandbox.nothing_left();
    }
}

/// A launch script redirects the input of its server so. Nobody reads such a console, be
/// it kept by the first shim or by one that took the game over.
#[test]
fn a_console_that_the_game_has_closed_is_told_and_keeps_nobody_waiting() {
    for redirection in ["</dev/null", "<&-"] {
        let chain = json!([{ "stdin": "save", "wait": "10m" }, { "stdin": "quit", "wait": "10m" }]);
        let game = Instance::script("a", &format!("exec {redirection}; echo up; exec sleep 300"))
            .ready_log("up")
            .with("stop", chain);
        let sandbox = Sandbox::with(&[game]);
        sandbox.ok(&["start", "a"]);
        for is_taken_over in [false, true] {
            if is_taken_over {
                sandbox.kill_shim("a");
                sandbox.ok(&["start", "a"]);
            }
            let refused = sandbox.run(&["send", "a", "hello"]).expect_code(1);
            let told = "nothing of it has its console open";
            assert!(refused.stderr.contains(told), "{refused:?}");
        }
        let stop = sandbox.ok(&["stop", "a"]);
        for step in ["stdin: save was not sent", "stdin: quit was not sent"] {
            assert!(stop.stdout.contains(step), "{stop:?}");
        }
        assert!(stop.stdout.contains("stopped by signal: TERM"), "{stop:?}");
        sandbox.nothing_left();
    }
}
