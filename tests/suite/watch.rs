//! `gamectl watch`: what it tells on a terminal and off it, when it ends, and
//! that it changes nothing.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Instance, Process, Sandbox, Terminal, wait_for, wait_until};

/// A game that serves until it is told to end.
fn game(id: &str) -> Instance {
    Instance::awkward(id, &["serve", "--ready", "up"]).ready_log("^up$")
}

/// Starts `gamectl watch`.
fn watch(sandbox: &Sandbox, args: &[&str]) -> Background {
    Background::of(&mut sandbox.command(&[&["watch"], args].concat()))
}

#[test]
fn a_line_for_each_transition() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    let mut watching = watch(&sandbox, &[]);
    watching.wait("info    a: stopped");
    sandbox.ok(&["start", "a"]);
    watching.wait("info    a: running");
    sandbox.tell("a", "exit 3");
    watching.wait("error   a: crashed: exit code 3");
    sandbox.ok(&["stop", "a"]);
    wait_until("it to be stopped", || {
        watching.text().matches("a: stopped").count() == 2
    });
    watching.signal(Signal::SIGTERM);
    assert_eq!(watching.ended(), Some(143));
    sandbox.nothing_left();
}

#[test]
fn a_stream_for_programs() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a"), game("b")]);
    sandbox.ok(&["start", "a"]);
    let mut watching = watch(&sandbox, &["--json", "a"]);
    watching.wait("snapshot");
    sandbox.ok(&["stop", "a"]);
    watching.wait(r#""state":"stopped""#);
    watching.signal(Signal::SIGINT);
    assert_eq!(watching.ended(), Some(130));
    let text = watching.text();
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(
        (&events[0]["schema"], &events[0]["event"]),
        (&json!(1), &json!("snapshot"))
    );
    let rows = events[0]["instances"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "only what was selected: {text}");
    assert_eq!((&rows[0]["id"], &rows[0]["state"]), (&json!("a"), &json!("running")));
    for event in &events[1..] {
        assert_eq!((&event["event"], &event["id"]), (&json!("status"), &json!("a")));
        assert!(event["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{text}");
    }
}

#[test]
fn it_ends_when_all_are_as_they_were_to_be() {
    let sandbox = Sandbox::new();
    let entries = [game("a"), game("b")].map(|one| (one.id.clone(), one.to_json()));
    let mut instances: serde_json::Map<String, Value> = entries.into_iter().collect();
    instances.insert("u".to_owned(), json!({}));
    sandbox.inventory_text(&json!({ "instances": instances }).to_string());
    let mut watching = watch(&sandbox, &["--until", "running", "--timeout", "5m"]);
    watching.wait("a: stopped");
    sandbox.ok(&["start", "a"]);
    watching.wait("a: running");
    assert!(!watching.has_ended(), "b does not run yet");
    sandbox.ok(&["start", "b"]);
    assert_eq!(watching.ended(), Some(0));
    // It is so already.
    sandbox.ok(&["watch", "--until", "running"]);
    let late = sandbox.run(&["watch", "--until", "stopped", "--timeout", "50ms"]);
    assert_eq!(late.code, Some(124), "{late:?}");
    assert!(
        late.stderr.contains("error: after 50ms not stopped: a, b (running)"),
        "{late:?}"
    );
    let never = sandbox.run(&["watch", "--until", "running", "u"]);
    assert_eq!(never.code, Some(5), "{never:?}");
    for wrong in [&["watch", "--until", "runing"][..], &["watch", "--timeout", "5s"]] {
        assert_eq!(sandbox.run(wrong).code, Some(2));
    }
    assert_eq!(sandbox.run(&["watch", "nobody"]).code, Some(4));
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn it_waits_for_readiness_and_judges_it_itself() {
    let sandbox = Sandbox::new();
    let port = crate::support::free_port();
    let gate = sandbox.arg("gate");
    let slow = Instance::awkward("a", &["listen", &port.to_string(), "--gate", &gate]).with(
        "ready",
        json!({ "tcp": format!("127.0.0.1:{port}"), "interval": "20ms" }),
    );
    sandbox.inventory(&[slow]);
    sandbox.ok(&["start", "--no-wait", "a"]);
    let mut watching = watch(&sandbox, &["--until", "running", "--timeout", "5m"]);
    watching.wait("a: starting");
    sandbox.touch("gate");
    assert_eq!(watching.ended(), Some(0));
    assert_eq!(sandbox.state("a"), "running");
    sandbox.ok(&["stop", "a"]);
}

/// Everything in a folder, with what tells whether it was written.
fn traces(folder: &Path) -> Vec<(std::path::PathBuf, u64, i64, i64)> {
    let mut all = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return all;
    };
    for entry in entries.flatten() {
        let meta = entry.metadata().expect("its data");
        all.push((entry.path(), meta.ino(), meta.mtime(), meta.mtime_nsec()));
        if meta.is_dir() {
            all.extend(traces(&entry.path()));
        }
    }
    all.sort();
    all
}

#[test]
fn it_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    // Nothing was ever started: not even the state directory is made.
    let mut watching = watch(&sandbox, &[]);
    watching.wait("a: stopped");
    assert!(!sandbox.state_dir().exists(), "made by looking");
    // It notices when there is one.
    sandbox.ok(&["start", "a"]);
    watching.wait("a: running");
    watching.signal(Signal::SIGTERM);
    assert_eq!(watching.ended(), Some(143));
    // A game that has lost its shim is shown, and not taken over.
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    Process::signal(shim, Signal::SIGKILL);
    wait_until("the shim to be gone", || !Process::lives(shim));
    let before = traces(&sandbox.state_dir());
    let mut watching = watch(&sandbox, &["--json"]);
    watching.wait("its shim was killed; the next verb takes it over");
    watching.signal(Signal::SIGTERM);
    assert_eq!(watching.ended(), Some(143));
    assert_eq!(traces(&sandbox.state_dir()), before);
    assert!(Process::lives(pid));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_reader_that_has_enough_ends_it() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    let mut command = sandbox.command(&["watch"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("run gamectl");
    let mut out = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    assert!(line.contains("a: stopped"), "{line}");
    drop(out);
    let status = wait_for("its end", || child.try_wait().expect("wait"));
    assert_eq!(status.code(), Some(0));
}

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

#[test]
fn a_live_table() {
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (0..30).map(|number| format!("g{number:02}")).collect();
    let all: Vec<Instance> = ids.iter().map(|id| game(id)).collect();
    sandbox.inventory(&all);
    let mut terminal = Terminal::open(&sandbox, &["watch"]);
    terminal.wait("30 stopped");
    terminal.wait("1 to 21 of 30");
    assert!(terminal.text().starts_with(ENTER), "{:?}", terminal.text());
    sandbox.ok(&["start", "g03"]);
    terminal.wait("1 running, 29 stopped");
    // The first key selects the first row, and the next one the row a page below.
    terminal.type_text("\x1b[6~\x1b[6~");
    terminal.wait("2 to ");
    terminal.type_text("G");
    terminal.wait(" to 30 of 30");
    // What happened stands below the table.
    terminal.wait(" g03: running");
    terminal.resize(100, 50);
    wait_until("all of them", || {
        let text = terminal.text();
        let frame = text.rsplit("\x1b[H").next().unwrap_or_default().to_owned();
        ids.iter().all(|id| frame.contains(id.as_str()))
    });
    // Ctrl-Z gives the terminal back, with its mode.
    let pid = terminal.gamectl(&sandbox);
    assert!(!terminal.is_as_found());
    terminal.type_key(0x1a);
    wait_until("the terminal to be given back", || {
        terminal.text().ends_with(LEAVE) && terminal.is_as_found()
    });
    let screens = terminal.text().matches(ENTER).count();
    Process::signal(pid, Signal::SIGCONT);
    wait_until("the screen to be drawn again", || {
        terminal.text().matches(ENTER).count() > screens && !terminal.is_as_found()
    });
    terminal.type_key(b'q');
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.text().trim_end().ends_with(LEAVE), "{:?}", terminal.text());
    assert!(terminal.is_as_found());
    sandbox.ok(&["stop", "g03"]);
}

#[test]
fn the_terminal_is_given_back_whatever_ends_it() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    for (signal, code) in [
        (None, 130),
        (Some(Signal::SIGTERM), 143),
        (Some(Signal::SIGINT), 130),
        (Some(Signal::SIGHUP), 0),
    ] {
        let mut terminal = Terminal::open(&sandbox, &["watch"]);
        terminal.wait("1 stopped");
        terminal.wait_for_keys();
        match signal {
            None => terminal.type_key(3),
            Some(signal) => Process::signal(terminal.gamectl(&sandbox), signal),
        }
        assert_eq!(terminal.ended(), Some(code), "{signal:?}");
        assert!(terminal.is_as_found(), "{signal:?}");
        assert!(terminal.text().trim_end().ends_with(LEAVE), "{:?}", terminal.text());
    }
}

#[test]
fn what_is_ready_waits_for_nothing_any_more() {
    let sandbox = Sandbox::new();
    // Ready for `start` alone: whoever looks on goes on judging until it is told.
    let asked = "tr '\\0' ' ' < /proc/$$PPID/cmdline | grep -q ' start '";
    let ready = json!({ "exec": ["/bin/sh", "-c", asked], "interval": "50ms" });
    sandbox.inventory(&[Instance::script("a", "exec sleep 300").with("ready", ready)]);
    let mut terminal = Terminal::sized(&sandbox, &sandbox.command(&["watch"]), (120, 24));
    terminal.wait_line("1 stopped");
    sandbox.ok(&["start", "a", "--no-wait"]);
    terminal.wait_line("not ready yet (");
    sandbox.ok(&["start", "a"]);
    wait_until("a row without a note", || {
        let lines = terminal.lines();
        let row = lines.iter().find(|line| line.contains("● running"));
        row.is_some_and(|row| !row.contains("not ready yet"))
    });
    terminal.type_key(b'q');
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "a", "--now"]);
}
