//! Those who issue verbs: each its own, at random, all at once; and `run`.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::Soak;
use crate::support::random::Random;
use crate::support::{Outcome, Process};

/// No verb takes so long, whatever is done to it.
const LIMIT: Duration = Duration::from_secs(90);

/// The commands that run, so that they can be killed and frozen: never one
/// that was reaped.
#[derive(Default)]
pub(crate) struct Commands(Mutex<Vec<Arc<Mutex<Child>>>>);

impl Commands {
    pub(crate) fn add(&self, child: Child) -> Arc<Mutex<Child>> {
        let child = Arc::new(Mutex::new(child));
        self.0.lock().expect("the commands").push(Arc::clone(&child));
        child
    }

    fn remove(&self, child: &Arc<Mutex<Child>>) {
        let mut commands = self.0.lock().expect("the commands");
        commands.retain(|known| !Arc::ptr_eq(known, child));
    }

    /// Signals one of them; returns its pid.
    pub(crate) fn signal(&self, random: &mut Random, signal: Signal) -> Option<Arc<Mutex<Child>>> {
        let commands = self.0.lock().expect("the commands").clone();
        if commands.is_empty() {
            return None;
        }
        let child = random.choose(&commands);
        signal_child(child, signal).then(|| Arc::clone(child))
    }
}

/// Signals a child that has not been reaped. Whether it was there.
pub(crate) fn signal_child(child: &Mutex<Child>, signal: Signal) -> bool {
    let mut child = child.lock().expect("a child");
    let lives = matches!(child.try_wait(), Ok(None));
    if lives {
        Process::signal(Process::pid_of(&child), signal);
    }
    lives
}

/// One client, until the time is over.
pub(crate) fn client(soak: &Soak<'_>, mut random: Random) {
    while soak.goes_on() {
        let mood = &soak.moods[random.below(soak.moods.len())];
        let id = mood.id.as_str();
        let words: &[&str] = match random.below(20) {
            0..=3 => &["start", id, "--timeout", "5s"],
            4..=6 => &["start", id, "--no-wait"],
            7..=9 => &["stop", id],
            10 => &["stop", id, "--now"],
            11 => &["stop", id, "--timeout", "1s"],
            12..=14 => &["restart", id, "--timeout", "5s"],
            15 | 16 => &["status", "--json"],
            17 => &["logs", "-n", "5", id],
            18 => &["send", "--timeout", "1s", id, "say hello"],
            _ => &["send", "--timeout", "1s", id, "exit 99"],
        };
        // A game does what it is told: another code than its own would not be
        // true any more, and this one stands for it.
        let stop = (words[0] == "stop").then(|| soak.checker.stop_begins(mood));
        let Some(outcome) = issue(soak, words) else { return };
        soak.journal.note(&format!("{} -> {}", words.join(" "), told(&outcome)));
        soak.journal.check(sound(&outcome));
        if let Some(stop) = stop {
            soak.journal
                .check(soak.checker.stop_ended(&stop, outcome.code == Some(0)));
        }
        std::thread::sleep(Duration::from_millis(random.below(30) as u64));
    }
}

/// Runs a command to its end; `None` when that does not come.
fn issue(soak: &Soak<'_>, words: &[&str]) -> Option<Outcome> {
    let child = soak.sandbox.command(words).spawn().expect("run gamectl");
    let child = soak.commands.add(child);
    let end = Instant::now() + LIMIT;
    while matches!(child.lock().expect("a child").try_wait(), Ok(None)) {
        if Instant::now() >= end {
            soak.journal.check(Err(format!("no end after {LIMIT:?}: {words:?}")));
            signal_child(&child, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(4));
    }
    soak.commands.remove(&child);
    let child = Arc::try_unwrap(child).or_else(|shared| {
        // Whoever signals it is about to let go.
        std::thread::sleep(Duration::from_millis(100));
        Arc::try_unwrap(shared)
    });
    let child = child.ok()?.into_inner().expect("a child");
    Some(Outcome::of(words, &child.wait_with_output().expect("wait")))
}

/// Summarises the end of a command in one line, without what it was asked to show.
fn told(outcome: &Outcome) -> String {
    let lines = outcome.stdout.lines().take(2).chain(outcome.stderr.lines());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let code = outcome
        .code
        .map_or_else(|| "killed".to_owned(), |code| code.to_string());
    format!("{code} {}", words.join(" "))
}

/// Done, failed with a reason, or killed; never a panic, nor a misuse.
fn sound(outcome: &Outcome) -> Result<(), String> {
    let known = matches!(outcome.code, None | Some(0 | 1 | 3 | 4 | 75 | 124));
    let told = !matches!(outcome.code, Some(75 | 124)) || !outcome.stderr.is_empty();
    if known && told && !outcome.stderr.contains("panicked") {
        return Ok(());
    }
    Err(format!("an end that is none: {outcome:?}"))
}

/// `gamectl run`, which comes and goes.
pub(crate) fn resident(soak: &Soak<'_>, mut random: Random) {
    while soak.goes_on() {
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(soak.sandbox.path("run.log"))
            .expect("a file");
        let mut command = soak.sandbox.command(&["run"]);
        command.stdout(Stdio::null()).stderr(log);
        let child = Mutex::new(command.spawn().expect("run gamectl"));
        soak.journal.note("run: begun");
        let signal = *random.choose(&[Signal::SIGKILL, Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT]);
        let until = Instant::now() + Duration::from_millis(500 + random.below(6_000) as u64);
        while Instant::now() < until && soak.goes_on() {
            std::thread::sleep(Duration::from_millis(20));
            if !matches!(child.lock().expect("a child").try_wait(), Ok(None)) {
                break;
            }
        }
        if random.below(3) == 0 {
            signal_child(&child, Signal::SIGSTOP);
            std::thread::sleep(Duration::from_millis(random.below(700) as u64));
            signal_child(&child, Signal::SIGCONT);
        }
        let was_there = signal_child(&child, signal);
        let mut child = child.into_inner().expect("a child");
        let status = child.wait().expect("wait");
        soak.journal.note(&format!("run: {signal} -> {status:?}"));
        if !was_there {
            // Beside another one that still ends it gives way.
            let busy = status.code() == Some(75);
            let log = soak.sandbox.lines("run.log").join("\n");
            let tail = log.get(log.len().saturating_sub(800)..).unwrap_or_default();
            soak.journal
                .check(busy.then_some(()).ok_or(format!("run ended: {status:?}: {tail}")));
        }
    }
}
