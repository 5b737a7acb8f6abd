//! Terminals that are narrow, plain or not of this time, and readers that have
//! seen enough.

use std::io::{BufReader, Read};
use std::sync::Arc;

use serde_json::{Map, json};

use crate::support::{Instance, Sandbox, Terminal, wait_for, wait_until};

/// The longest that an id may be.
const LIMIT: usize = 63;

fn long_id(number: usize) -> String {
    format!("{number:04}-{}", "x".repeat(LIMIT - 5))
}

/// A thousand that never ran, with ids at their limit.
fn thousand(sandbox: &Sandbox) {
    let entry = json!({ "process": { "executable": "/bin/true" } });
    let all: Map<_, _> = (0..1000).map(|number| (long_id(number), entry.clone())).collect();
    sandbox.inventory_text(&json!({ "instances": all }).to_string());
}

fn game(id: &str) -> Instance {
    Instance::script(id, "echo up; exec sleep 300").ready_log("^up$")
}

/// Returns the bytes that the terminal was sent up to the end of the command.
fn seen(sandbox: &Sandbox, args: &[&str], variables: &[(&str, &str)], columns: u16) -> (Terminal, Option<i32>) {
    let mut command = sandbox.command(args);
    command.envs(variables.iter().copied());
    let mut terminal = Terminal::sized(sandbox, &command, (columns, 24));
    let code = terminal.ended();
    // What was written at the end is still on its way: whoever reads it lets go
    // of it when nobody has the terminal open any more.
    wait_until("the last of it", || Arc::strong_count(&terminal.shown) == 1);
    (terminal, code)
}

#[test]
fn a_table_fits_a_narrow_terminal_and_is_whole_off_one() {
    let sandbox = Sandbox::with(&[game("short"), game(&long_id(7))]);
    sandbox.ok(&["start", "--all"]);
    for columns in [40, 60, 80] {
        let (terminal, code) = seen(&sandbox, &["status"], &[], columns);
        assert_eq!(code, Some(0));
        let lines = terminal.lines();
        // None has gone on to a second line.
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(
            lines[2].starts_with("short") && lines[2].contains("● running"),
            "{lines:#?}"
        );
        assert!(
            lines[1].starts_with("0007-x") && lines[1].contains("● running"),
            "{lines:#?}"
        );
        let (terminal, code) = seen(&sandbox, &["start", "--all"], &[], columns);
        assert_eq!(code, Some(0));
        assert!(
            terminal.text().contains(&format!("{}:", long_id(7))),
            "a result names it whole"
        );
    }
    let piped = sandbox.ok(&["status"]).stdout;
    assert!(piped.contains(&format!("{}  process  running", long_id(7))), "{piped}");
    let row = sandbox.status(&long_id(7));
    assert_eq!(row["state"], "running");
    sandbox.run(&["status", &format!("{}y", long_id(7))]).expect_code(4);
    sandbox.ok(&["stop", "--all", "--now"]);
}

#[test]
fn a_locale_without_utf8_gets_none() {
    let sandbox = Sandbox::with(&[game("a"), Instance::program("gone", "/nowhere", &[])]);
    let plain = |args: &[&str], code: i32| {
        let (terminal, ended) = seen(&sandbox, args, &[("LANG", "C")], 80);
        let text = terminal.text();
        assert_eq!(ended, Some(code), "{text}");
        assert!(text.is_ascii(), "{args:?}: {text}");
        text
    };
    plain(&["start", "a", "gone"], 1);
    let table = plain(&["status"], 3);
    assert!(table.contains("running") && table.contains("stopped"), "{table}");
    let mut command = sandbox.command(&["watch"]);
    let mut watch = Terminal::of(&sandbox, command.env("LANG", "C"));
    watch.wait("1 running, 1 stopped");
    watch.wait_for_keys();
    watch.type_key(b'q');
    assert_eq!(watch.ended(), Some(0));
    assert!(watch.text().is_ascii(), "{}", watch.text());
    plain(&["restart", "a", "--dry-run"], 0);
    plain(&["check"], 1);
    plain(&["stop", "--all"], 0);
}

#[test]
fn what_may_not_be_coloured_is_not_and_a_dumb_terminal_gets_lines() {
    let sandbox = Sandbox::with(&[game("a"), Instance::program("gone", "/nowhere", &[])]);
    let colour = regex::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    for args in [&["start", "a", "gone"][..], &["status"], &["check"], &["stop", "--all"]] {
        // The spinner of a verb moves the cursor, and colours nothing.
        let (terminal, _) = seen(&sandbox, args, &[("NO_COLOR", "1")], 80);
        let text = terminal.text();
        assert!(!colour.is_match(&text), "{args:?}: {text:?}");
        let (terminal, _) = seen(&sandbox, args, &[("TERM", "dumb")], 80);
        let text = terminal.text();
        assert!(!text.contains('\x1b'), "{args:?}: {text:?}");
    }
    let watch = ["watch", "--until", "stopped", "a"];
    let (terminal, code) = seen(&sandbox, &watch, &[("TERM", "dumb")], 80);
    let text = terminal.text();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("a: stopped") && !text.contains('\x1b'), "{text:?}");
}

/// `| head -1`: more than a pipe holds is written to a reader that has left.
#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let sandbox = Sandbox::new();
    thousand(&sandbox);
    for (args, first, code) in [
        (&["status"][..], "ID ", 3),
        (&["status", "--json"], "{", 3),
        (&["start", "--all", "--dry-run"], "0000-", 0),
        (&["check"], "", 0),
    ] {
        let mut child = sandbox.command(args).spawn().expect("run gamectl");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = vec![0; 4];
        out.read_exact(&mut line).expect("the first of it");
        assert!(line.starts_with(&first.as_bytes()[..first.len().min(4)]), "{args:?}");
        drop(out);
        let mut said = String::new();
        let mut err = child.stderr.take().expect("its errors");
        err.read_to_string(&mut said).expect("its errors");
        let ended = wait_for("its end", || child.try_wait().expect("wait"));
        assert_eq!((ended.code(), said.as_str()), (Some(code), ""), "{args:?}");
    }
}

#[test]
fn a_thousand_are_a_thousand_lines() {
    let sandbox = Sandbox::new();
    thousand(&sandbox);
    let table = sandbox.run(&["status"]).expect_code(3).stdout;
    assert_eq!(table.lines().count(), 1001);
    for (number, line) in table.lines().skip(1).enumerate() {
        assert!(
            line.starts_with(&format!("{}  process  stopped", long_id(number))),
            "{line}"
        );
    }
    let rows = sandbox.run(&["status", "--json"]).expect_code(3).json();
    assert_eq!(rows["instances"].as_array().map(Vec::len), Some(1000));
    let (terminal, code) = seen(&sandbox, &["status"], &[], 80);
    assert_eq!(code, Some(3));
    let lines = terminal.lines();
    assert_eq!(lines.last().map(String::as_str), Some("1000 instances: 1000 stopped"));
}
