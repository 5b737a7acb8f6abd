//! Random keys at the board of a `run` over many instances that crash: it does not panic, no row
//! lies in the end, and its memory does not grow.
//!
//! `GAMECTL_TEST_SOAK` is the time in seconds. `GAMECTL_TEST_SEED` repeats the choices, not
//! their timing.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::random::{Random, seed};
use crate::support::{self, Instance, Sandbox, Terminal, wait_until};

/// Seconds, without being asked.
const SECONDS: u64 = 10;

/// Instances, in a short run and in a long one.
const FEW: usize = 30;
const MANY: usize = 300;

/// The most that it may grow by after the first quarter, in KiB.
const GROWTH_MAX: u64 = 8 * 1024;

/// Keys and pieces of them. What would end the board, open a console, or save a file is left out.
const KEYS: [&str; 34] = [
    "j",
    "k",
    "g",
    "G",
    " ",
    "b",
    "\x1b[A",
    "\x1b[B",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[H",
    "\x1b[F",
    "/",
    "o",
    "?",
    "\r",
    "\r",
    "l",
    "w",
    "n",
    "N",
    "s",
    "x",
    "r",
    "R",
    "C",
    "S",
    "y",
    "y",
    "\x1b",
    "\x1b[",
    "\x7f",
    "\x15",
    "\x1b[200~y\rq\x1b[201~",
];

fn resident_kib(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("its memory");
    let kib = line.split_whitespace().nth(1).expect("a number");
    kib.parse().expect("a number")
}

#[test]
fn random_keys_over_instances_that_crash() {
    let _alone = crate::alone();
    let given = std::env::var("GAMECTL_TEST_SOAK").ok();
    let seconds = given.and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let count = if seconds > SECONDS { MANY } else { FEW };
    let seed = seed();
    support::say(&format!(
        "\npane: {seconds} s, {count} instances, GAMECTL_TEST_SEED={seed}\n"
    ));
    let mut random = Random::new(seed);
    let sandbox = Sandbox::new();
    let crashing = |number: usize| {
        let script = format!("echo up; sleep {}; exit 1", 1 + number % 9);
        Instance::script(&format!("game-{number:03}"), &script).with("restart", json!({ "max_delay": "5s" }))
    };
    sandbox.inventory(&(0..count).map(crashing).collect::<Vec<_>>());
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait_line("? keys");
    let processes = sandbox.processes();
    let run = processes.iter().find(|one| one.command.ends_with("gamectl run"));
    let run = run.expect("its process").pid;
    let begin = Instant::now();
    let (mut settled, mut pressed) = (None, 0_u64);
    while begin.elapsed() < Duration::from_secs(seconds) {
        let mut key = *random.choose(&KEYS);
        let is_log = terminal.text().rfind("wraps, s saves").is_some();
        // In a log it would save a file.
        if key == "s" && is_log {
            key = "w";
        }
        terminal.type_text(key);
        pressed += 1;
        std::thread::sleep(Duration::from_millis(random.below(40) as u64));
        if pressed.is_multiple_of(50) {
            // What was seen is forgotten: each frame is a whole one.
            terminal.shown.lock().expect("the screen").clear();
            assert!(terminal.child.try_wait().expect("its end").is_none(), "it has ended");
        }
        if settled.is_none() && begin.elapsed() > Duration::from_secs(seconds / 4) {
            settled = Some(resident_kib(run));
        }
    }
    let (first, last) = (settled.expect("a quarter"), resident_kib(run));
    support::say(&format!(
        "pane: {pressed} keys, {first} KiB after a quarter, {last} KiB in the end\n"
    ));
    assert!(last < first + GROWTH_MAX, "{first} KiB have become {last}");
    // No row lies: all are stopped, and so they are shown.
    for _ in 0..3 {
        terminal.type_text("\x1b");
        std::thread::sleep(Duration::from_millis(120));
    }
    sandbox.ok(&["stop", "--all", "--now"]);
    terminal.shown.lock().expect("the screen").clear();
    wait_until("all to be seen as stopped", || {
        let lines = terminal.lines();
        let is_at_the_board = lines.iter().any(|line| line.contains(&format!("{count} stopped")));
        if !is_at_the_board {
            terminal.shown.lock().expect("the screen").clear();
            std::thread::sleep(Duration::from_millis(1100));
        }
        is_at_the_board
    });
    terminal.type_key(3);
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_as_found());
    sandbox.nothing_left();
}
