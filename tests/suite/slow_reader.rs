//! Readers of `run` and `watch` that read nothing, or are gone: what is supervised
//! does not depend on them.

use std::io::{BufRead, BufReader, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use gamectl::sys::pipe;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Background, Instance, Process, Sandbox, Terminal, wait_until};

/// A folder with a game, and another one that crashes again and again.
fn restless() -> Sandbox {
    let restart = json!({ "delay": "1ms", "max_delay": "1ms" });
    let ready = json!({ "alive_for": "1ms" });
    let good = Instance::script("good", "exec sleep 1000").with("restart", restart.clone());
    let noisy = Instance::script("noisy", "sleep 0.02; exit 1").with("restart", restart);
    Sandbox::with(&[good.with("ready", ready.clone()), noisy.with("ready", ready)])
}

/// Starts a command with one of its streams, 1 or 2, to a small pipe that is full
/// before long.
fn unread(command: &mut Command, stream: u8) -> (Background, PipeReader) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    pipe::set_capacity(&writer, 4096);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    match stream {
        1 => command.stdout(writer),
        _ => command.stderr(writer),
    };
    let started = Background::of(command);
    // Its writing ends are not held here.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    (started, reader)
}

#[test]
fn a_reader_who_does_not_read_holds_up_nothing() {
    for (args, stream) in [
        (&["run", "--json", "--heartbeat-interval", "1ms"][..], 1),
        (&["run"], 1),
        // Little is written there.
        (&["run", "-vv"], 2),
    ] {
        let sandbox = restless();
        let (mut run, reader) = unread(&mut sandbox.command(args), stream);
        if stream == 1 {
            wait_until("the pipe to be full", || {
                pipe::pending(&reader).expect("a count") > 3000
            });
        }
        let killed = sandbox.wait_state("good", "running")["pid"].as_i64().expect("a pid");
        let killed = i32::try_from(killed).expect("a pid");
        Process::kill(killed);
        sandbox.wait_for_another("good", killed);
        run.signal(Signal::SIGTERM);
        assert_eq!(run.ended(), Some(0), "{args:?}");
        sandbox.ok(&["stop", "--all", "--now"]);
    }
}

#[test]
fn a_watch_whose_reader_does_not_read_can_be_ended() {
    let sandbox = restless();
    let run = Background::run_json(&sandbox, &[]);
    let (mut watch, reader) = unread(&mut sandbox.command(&["watch", "--json"]), 1);
    wait_until("the pipe to be full", || {
        pipe::pending(&reader).expect("a count") > 3000
    });
    watch.signal(Signal::SIGTERM);
    assert_eq!(watch.ended(), Some(143));
    drop(run);
    sandbox.ok(&["stop", "--all", "--now"]);
}

#[test]
fn a_follower_whose_reader_does_not_read_can_be_ended() {
    let sandbox =
        Sandbox::with(&[Instance::script("a", "yes | head -c 3000000; echo up; exec sleep 1000").ready_log("up")]);
    sandbox.ok(&["start", "a"]);
    let (mut logs, reader) = unread(&mut sandbox.command(&["logs", "-f", "-n", "all", "a"]), 1);
    wait_until("the pipe to be full", || {
        pipe::pending(&reader).expect("a count") > 3000
    });
    logs.signal(Signal::SIGTERM);
    assert_eq!(logs.ended(), Some(143));
    sandbox.ok(&["stop", "a"]);
}

/// A follower that is slow misses nothing.
#[test]
fn a_slow_follower_gets_all() {
    let sandbox =
        Sandbox::with(&[Instance::script("a", "yes | head -c 8000000; echo up; exec sleep 1000").ready_log("up")]);
    sandbox.ok(&["start", "a"]);
    let (mut logs, reader) = unread(&mut sandbox.command(&["logs", "-f", "-n", "all", "a"]), 1);
    wait_until("the pipe to be full", || {
        pipe::pending(&reader).expect("a count") > 3000
    });
    let mut bytes = 0;
    for line in BufReader::new(reader).lines() {
        let line = line.expect("a line");
        bytes += line.len() + 1;
        assert!(line == "y" || line == "up", "{line}");
        if line == "up" {
            break;
        }
    }
    assert_eq!(bytes, 8_000_003);
    assert_eq!(logs.ended(), Some(0), "its reader is gone");
    sandbox.ok(&["stop", "a"]);
}

/// A reader who reads at last misses nothing that there was room for.
#[test]
fn a_reader_who_reads_at_last_gets_all() {
    let sandbox = restless();
    let (mut run, mut reader) = unread(&mut sandbox.command(&["run", "--json"]), 1);
    wait_until("the pipe to be full", || {
        pipe::pending(&reader).expect("a count") > 3000
    });
    sandbox.ok(&["stop", "noisy"]);
    run.signal(Signal::SIGTERM);
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("the rest");
    assert_eq!(run.ended(), Some(0));
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let kinds: Vec<String> = events
        .map(|one| one["event"].as_str().expect("a kind").to_owned())
        .collect();
    assert_eq!(kinds[0], "snapshot");
    assert!(!kinds.contains(&"lost".to_owned()), "{text}");
    assert!(text.contains("the servers go on"), "{text}");
    sandbox.ok(&["stop", "--all", "--now"]);
}

#[test]
fn a_terminal_that_shows_nothing_holds_up_nothing() {
    let sandbox = restless();
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait("good: running");
    let killed = sandbox.pid("good");
    // Ctrl-S: what is printed waits.
    terminal.type_key(0x13);
    Process::kill(killed);
    sandbox.wait_for_another("good", killed);
    Process::signal(terminal.gamectl(&sandbox), Signal::SIGTERM);
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "--all", "--now"]);
}

/// An SSH connection without a terminal is lost so. Nothing else happens that would be
/// written.
#[test]
fn a_reader_who_is_gone_ends_it_at_once() {
    let sandbox = Sandbox::with(&[Instance::script("a", "exec sleep 1000")]);
    sandbox.ok(&["start", "a"]);
    for (verb, line) in [("run", "\"snapshot\""), ("watch", "\"snapshot\"")] {
        for socket in [false, true] {
            let mut command = sandbox.command(&[verb, "--json"]);
            if verb == "run" {
                command.args(["--heartbeat-interval", "0s"]);
            }
            let reader: OwnedFd = if socket {
                let (ours, theirs) = UnixStream::pair().expect("a pair");
                command.stdout(OwnedFd::from(theirs));
                ours.into()
            } else {
                let (ours, theirs) = std::io::pipe().expect("a pipe");
                command.stdout(theirs);
                ours.into()
            };
            let mut started = Background::of(&mut command);
            drop(command);
            let mut reader = BufReader::new(std::fs::File::from(reader));
            let mut first = String::new();
            reader.read_line(&mut first).expect("a line");
            assert!(first.contains(line), "{first}");
            drop(reader);
            assert_eq!(started.ended(), Some(0), "{verb}");
            assert_eq!(sandbox.state("a"), "running", "the server goes on");
        }
    }
    sandbox.ok(&["stop", "a"]);
}

/// Under systemd the journal reads, and may be restarted.
#[test]
fn no_reader_and_a_journal_that_is_gone_end_nothing() {
    let sandbox = restless();
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let file = std::fs::File::from(theirs.as_fd().try_clone_to_owned().expect("a copy"));
    let file = file.metadata().expect("its number");
    let mut journal = sandbox.command(&["run"]);
    journal
        .env("JOURNAL_STREAM", format!("{}:{}", file.dev(), file.ino()))
        .stdout(OwnedFd::from(theirs));
    let mut nobody = sandbox.command(&["run"]);
    nobody.stdout(Stdio::null());
    for command in [&mut journal, &mut nobody] {
        let mut run = Background::of(command);
        let before = i64::from(i32::MAX);
        let first = sandbox.wait_state("good", "running")["pid"].as_i64().unwrap_or(before);
        // The journal goes. The other one has none.
        let _ = ours.shutdown(std::net::Shutdown::Both);
        let first = i32::try_from(first).expect("a pid");
        Process::kill(first);
        sandbox.wait_for_another("good", first);
        assert!(!run.has_ended());
        assert_eq!(run.end(Signal::SIGTERM), Some(0));
    }
    sandbox.ok(&["stop", "--all", "--now"]);
}
