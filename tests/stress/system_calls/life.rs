//! One life of an instance: a start whose shim is followed by strace, an end,
//! and another start and stop to see that nothing is spoilt.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::point::{Call, Fault};
use super::tracing::Killed;
use crate::support::{Instance, Outcome, Process, Sandbox};

/// The exit code of the game, also when it is stopped.
pub(crate) const CODE: i64 = 7;

/// No command and no change takes so long.
const LIMIT: Duration = Duration::from_secs(30);

/// The end of the game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By a stop.
    Stop,
    /// By itself.
    Crash,
}

/// The past of the state directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// In a folder where nothing has happened yet.
    Fresh,
    /// One in which a game was started and stopped before.
    Used,
}

/// The process that makes the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// A shim that is executed, from its first call on.
    Executed,
    /// A shim that a spawner has become, from its first task on.
    Forked,
    /// A spawner that forks a shim.
    Spawner,
    /// The child of an executed shim, until it is the game.
    Child,
}

/// A fault at a place of a life.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) who: Who,
    pub(crate) past: Past,
    pub(crate) ending: Ending,
    pub(crate) call: Call,
    pub(crate) fault: Fault,
}

impl Point {
    /// Returns true when this word means the point: `openat:15`, or
    /// `openat:15:EIO`.
    pub(crate) fn is(&self, word: &str) -> bool {
        let place = format!("{}:{}", self.call.name, self.call.nth);
        let fault = match self.fault {
            Fault::Kill => "KILL",
            Fault::Error(error) => error,
        };
        word == place || word == format!("{place}:{fault}")
    }

    /// Returns true for a point at which gamectl once went wrong.
    pub(crate) fn was_a_finding(&self) -> bool {
        if self.who != Who::Executed {
            return false;
        }
        match self.fault {
            // Whoever asked was not answered when somebody else was dropped.
            Fault::Error("EAGAIN") => self.call.is("sendto(", "phase alive") && self.ending == Ending::Stop,
            // The game was through the gate, and its shim waited for its end.
            Fault::Error("EIO") => self.call.is("read(", "\"\", 5)") && self.ending == Ending::Stop,
            // A stop gave up while the exit was tried again.
            Fault::Error("ENOSPC") => self.call.is("fsync(6", "") && self.ending == Ending::Stop,
            _ => false,
        }
    }
}

/// The outcome of a life with a fault.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// True when the call was made at all, which may depend on time.
    pub(crate) reached: bool,
    /// The start was said to have failed, and its game ran, on record.
    pub(crate) ran_all_the_same: bool,
    /// The start was said to have failed, and nothing ran.
    pub(crate) refused: bool,
    /// Nobody knows how the game ended.
    pub(crate) ending_lost: bool,
}

/// A world for one life.
pub(crate) struct Life {
    pub(crate) sandbox: Sandbox,
    /// Not in the sandbox: it would seem to belong to its processes.
    pub(crate) log: tempfile::TempDir,
    pub(crate) strace: PathBuf,
    /// The tracer of a process that was there before it.
    pub(crate) tracer: RefCell<Option<Killed>>,
}

impl Life {
    pub(crate) fn new(strace: &Path, past: Past) -> Result<Self, String> {
        let mut sandbox = Sandbox::new();
        // A life that went wrong is told in words, by us.
        sandbox.leaves_processes();
        let (beacon, journal) = (sandbox.arg("beacon"), sandbox.arg("journal"));
        let code = CODE.to_string();
        let args = ["serve", "--ready", "up", "--code", &code, "--beacon", &beacon];
        let args: Vec<&str> = args.into_iter().chain(["--journal", &journal]).collect();
        let game = Instance::awkward("a", &args)
            .ready_log("^up$")
            .with("stop", json!([{ "signal": "TERM", "wait": "3s" }]))
            .with("restart", json!({ "delay": "0s" }));
        // Where two are started, the second shim is forked; the inventory is in order.
        let first = Instance::script("0", "echo up; exec sleep 1000").ready_log("^up$");
        sandbox.inventory(&[first, game]);
        let new = Self {
            sandbox,
            log: tempfile::tempdir().map_err(|error| error.to_string())?,
            strace: strace.to_owned(),
            tracer: RefCell::new(None),
        };
        if past == Past::Used {
            new.run(&["start", "a"])?.must_be(0)?;
            new.run(&["stop", "a"])?.must_be(0)?;
        }
        Ok(new)
    }

    /// The calls of a life in which nothing goes wrong.
    pub(crate) fn record(&self, who: Who, ending: Ending) -> Result<Vec<Call>, String> {
        self.traced_start(who, &[])?.must_be(0)?;
        self.end(ending)?;
        Ok(Call::all(&self.record_of_strace()?))
    }

    /// Lives with a fault.
    pub(crate) fn suffer(&self, point: &Point) -> Result<Seen, String> {
        let words = match point.who {
            Who::Child => point.call.words(point.fault).to_vec(),
            _ => point.call.inject(point.fault).to_vec(),
        };
        let mut seen = Seen::default();
        self.suffer_start(point.who, &words, &mut seen)?;
        let exit = self.end(point.ending)?;
        seen.ending_lost = exit["code"].is_null() && exit["signal"].is_null();
        self.run(&["start", "a"])?.must_be(0)?;
        self.only_game_on_record()?.ok_or("started again, and no game runs")?;
        self.end(Ending::Stop)?;
        let record = self.record_of_strace()?;
        let calls = Call::all(&record);
        seen.reached = calls
            .iter()
            .any(|call| (&call.name, call.nth) == (&point.call.name, point.call.nth));
        let violations = self.sandbox.lines("beacon.violations");
        if violations.is_empty() {
            Ok(seen)
        } else {
            Err(format!("two games at once: {violations:?}"))
        }
    }

    fn suffer_start(&self, who: Who, words: &[String], seen: &mut Seen) -> Result<(), String> {
        let started = self.traced_start(who, words)?;
        let game = self.only_game_on_record()?;
        match (started.outcome.code, game) {
            (Some(0), None) => return Err(format!("a wrong ok: {started:?}")),
            (Some(0), Some(_)) => {}
            (Some(1), Some(_)) => seen.ran_all_the_same = true,
            (Some(1), None) => seen.refused = true,
            (Some(124), Some(_)) if self.lost_its_word() => seen.ran_all_the_same = true,
            _ => return Err(format!("neither ok nor failed: {started:?}")),
        }
        let again = self.run(&["start", "a", "--timeout", "5s"])?;
        if !(again.outcome.code == Some(124) && self.lost_its_word()) {
            again.must_be(0)?;
        }
        let second = self.only_game_on_record()?.ok_or("started, and no game runs")?;
        if game.is_some_and(|first| first != second) {
            return Err("a start of what ran made another game".to_owned());
        }
        Ok(())
    }

    fn run(&self, args: &[&str]) -> Result<Ran, String> {
        finish(args, self.sandbox.command(args))
    }

    pub(crate) fn status(&self) -> Result<Value, String> {
        let ran = self.run(&["status", "--json", "a"])?;
        Ok(ran.outcome.json()["instances"][0].clone())
    }

    /// The one game, or none; one that runs must be the one that `status`
    /// shows.
    pub(crate) fn only_game_on_record(&self) -> Result<Option<i32>, String> {
        let mut said = String::new();
        // What is ending while we look is looked at again.
        for _ in 0..5 {
            let games = self.games();
            let status = self.status()?;
            let again = self.games();
            said = format!("{games:?}, then {again:?}; {status}");
            match games.as_slice() {
                [] if again.is_empty() => return Ok(None),
                [game] if again == games && status["pid"] == *game => return Ok(Some(*game)),
                [_, _, ..] if again == games => return Err(format!("two games: {said}")),
                _ => {}
            }
        }
        Err(format!("not on record: {said}"))
    }

    /// Returns true when the log could not be written as the game said that it is
    /// ready, so that gamectl cannot know.
    fn lost_its_word(&self) -> bool {
        !self.sandbox.console("a").ends_with("up\n")
    }

    pub(crate) fn games(&self) -> Vec<i32> {
        let mut games = self.sandbox.games();
        games.retain(|process| process.command.contains("awkward-game"));
        games.iter().map(|process| process.pid).collect()
    }

    /// Ends the game; returns its exit, which must be what the game knows of it
    /// or nothing.
    fn end(&self, ending: Ending) -> Result<Value, String> {
        if ending == Ending::Crash {
            self.tell_it_to_end()?;
            self.wait("the crash to show", || Ok(self.status()?["state"] == "crashed"))?;
            self.check_exit(&self.status()?)?;
        }
        self.run(&["stop", "--all"])?.must_be(0)?;
        let games = self.games();
        if !games.is_empty() {
            return Err(format!("a game after its stop: {games:?}"));
        }
        let row = self.status()?;
        if row["state"] != "stopped" {
            return Err(format!("not stopped after its stop: {row}"));
        }
        self.check_exit(&row)?;
        self.wait("the shims to be gone", || Ok(self.sandbox.processes().is_empty()))?;
        Ok(row["last_exit"].clone())
    }

    fn tell_it_to_end(&self) -> Result<(), String> {
        let line = format!("exit {CODE}\n");
        let console = fs::File::options()
            .write(true)
            .open(self.sandbox.instance_dir("a").join("in"));
        let told = console.and_then(|mut console| std::io::Write::write_all(&mut console, line.as_bytes()));
        told.map_err(|error| format!("the console: {error}"))
    }

    fn check_exit(&self, row: &Value) -> Result<(), String> {
        let journal = self.sandbox.lines("journal");
        let polite = journal.last().is_some_and(|line| line.starts_with("end "));
        let exit = &row["last_exit"];
        let true_code = exit["code"].is_null() || (exit["code"] == CODE);
        let true_signal = exit["signal"].is_null() || (!polite && exit["signal"] == "SIGKILL");
        if true_code && true_signal {
            return Ok(());
        }
        Err(format!("an invented exit: {row}"))
    }

    /// Returns the text that strace wrote, once the shim has ended.
    fn record_of_strace(&self) -> Result<String, String> {
        let mut text = String::new();
        self.wait("the end of strace", || {
            text = fs::read_to_string(self.log.path().join("strace")).unwrap_or_default();
            Ok(text.contains("\n+++ ") || text.starts_with("+++ "))
        })?;
        Ok(text)
    }

    pub(crate) fn wait(&self, what: &str, mut holds: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
        let end = Instant::now() + LIMIT;
        while !holds()? {
            if Instant::now() >= end {
                return Err(format!("waited in vain for {what}: {:?}", self.sandbox.processes()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    outcome: Outcome,
}

impl Ran {
    fn must_be(self, code: i32) -> Result<Self, String> {
        if self.outcome.code == Some(code) {
            return Ok(self);
        }
        Err(format!("not {code}: {:?}", self.outcome))
    }
}

/// Runs a command to its end, which must come.
pub(crate) fn finish(args: &[&str], mut command: Command) -> Result<Ran, String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    finish_child(args, command.spawn().map_err(|error| error.to_string())?)
}

pub(crate) fn finish_child(args: &[&str], mut child: Child) -> Result<Ran, String> {
    let hangs = !ends_in_time(&mut child);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let outcome = Outcome::of(args, &output);
    if hangs {
        return Err(format!("no end after {LIMIT:?}: {outcome:?}"));
    }
    Ok(Ran { outcome })
}

fn ends_in_time(child: &mut Child) -> bool {
    let end = Instant::now() + LIMIT;
    while Instant::now() < end {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = child.id().try_into().unwrap_or(0);
    Process::signal(pid, nix::sys::signal::Signal::SIGKILL);
    false
}
