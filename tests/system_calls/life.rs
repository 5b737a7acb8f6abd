//! One life of an instance: a start whose shim is followed by strace, an end,
//! and another start and stop to see that nothing is spoilt.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::point::{Call, Fault};
use crate::support::{self, Instance, Outcome, Process, Sandbox};

/// The exit code of the game, also when it is stopped.
const CODE: i64 = 7;

/// No command and no change takes so long.
const LIMIT: Duration = Duration::from_secs(30);

/// How the game ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By a stop.
    Stop,
    /// By itself.
    Crash,
}

/// Where it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// In a folder where nothing has happened yet.
    Fresh,
    /// Where a game was started and stopped before.
    Used,
}

/// Whose calls they are.
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
    /// A shim whose game has been launched by `run`, from the end of that game
    /// over the next launch on.
    Renewed,
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
    /// Whether this word means it: `openat:15`, or `openat:15:EIO`.
    pub(crate) fn is(&self, word: &str) -> bool {
        let place = format!("{}:{}", self.call.name, self.call.nth);
        let fault = match self.fault {
            Fault::Kill => "KILL",
            Fault::Error(error) => error,
        };
        word == place || word == format!("{place}:{fault}")
    }

    /// Whether gamectl once went wrong here.
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
            Fault::Error("ENOSPC") => self.call.is("fsync(6", "") && self.ending == Ending::Crash,
            _ => false,
        }
    }
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whether the call was made at all: what depends on time may not be.
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
    sandbox: Sandbox,
    /// Not in the sandbox: it would seem to belong to its processes.
    log: tempfile::TempDir,
    strace: PathBuf,
    /// What follows a process that was there before it.
    tracer: RefCell<Option<Killed>>,
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
        sandbox.inventory(&[game]);
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
        if who == Who::Renewed {
            self.renewal(&[])?;
        } else {
            self.traced_start(who, &[])?.must_be(0)?;
        }
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
        if point.who == Who::Renewed {
            self.renewal(&words)?;
        } else {
            self.suffer_start(point.who, &words, &mut seen)?;
        }
        let exit = self.end(point.ending)?;
        seen.ending_lost = exit["code"].is_null() && exit["signal"].is_null();
        self.run(&["start", "a"])?.must_be(0)?;
        self.only_game_on_record()?.ok_or("started again, and no game runs")?;
        self.end(Ending::Stop)?;
        let record = self.record_of_strace()?;
        seen.reached = record.contains("killed by SIGKILL") || record.contains("(INJECTED)");
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

    /// A start with one process of it traced, with these words to strace.
    fn traced_start(&self, who: Who, words: &[String]) -> Result<Ran, String> {
        match who {
            Who::Forked => self.held_start(&["-f", "-", "start", "a", "--timeout", "5s"], "gamectl __shim a", words),
            Who::Spawner => self.held_start(
                &["-f", "-", "start", "--all", "--timeout", "5s"],
                "gamectl __shims",
                words,
            ),
            Who::Child => {
                let none = ["none".to_owned(), "0".to_owned(), "none".to_owned()];
                let words = if words.is_empty() { &none } else { words };
                let program = support::example("child-fault");
                let log = self.log.path().join("strace");
                let tracer = [
                    program.to_string_lossy().into_owned(),
                    log.to_string_lossy().into_owned(),
                ];
                self.executed_start(&[&tracer, words].concat())
            }
            Who::Executed | Who::Renewed => {
                let log = self.log.path().join("strace");
                let (strace, log) = (self.strace.to_string_lossy(), log.to_string_lossy());
                let tracer = [&*strace, "-DDD", "-q", "-E", "PATH", "-o", &*log].map(str::to_owned);
                self.executed_start(&[&tracer, words].concat())
            }
        }
    }

    /// A start that waits for its inventory until a process that it has forked,
    /// with this title, is traced.
    fn held_start(&self, args: &[&str], title: &str, words: &[String]) -> Result<Ran, String> {
        let mut command = self.sandbox.command(args);
        let spawned = command.stdin(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| error.to_string())?;
        let parent = child.id().try_into().unwrap_or(0);
        let mut pid = None;
        self.wait("what it has forked", || {
            let forked = self.sandbox.processes();
            let mut forked = forked.iter().filter(|process| process.command == title);
            pid = forked
                .find(|process| Process::parent(process.pid) == Some(parent))
                .map(|process| process.pid);
            Ok(pid.is_some())
        })?;
        self.attach(pid.unwrap_or(0), words)?;
        let inventory = fs::read(self.sandbox.path("instances.yaml")).map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().ok_or("no standard input")?;
        std::io::Write::write_all(&mut stdin, &inventory).map_err(|error| error.to_string())?;
        drop(stdin);
        finish_child(args, child)
    }

    /// `run`, whose shim is traced from the end of its first game on. Returns
    /// when the next game runs, and `run` has ended.
    fn renewal(&self, words: &[String]) -> Result<(), String> {
        let mut command = self.sandbox.command(&["run"]);
        let spawned = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut run = Killed(spawned.map_err(|error| error.to_string())?);
        self.wait("the first game", || Ok(self.status()?["state"] == "running"))?;
        let first = self.only_game_on_record()?.ok_or("running, and no game runs")?;
        let shim = self.status()?["details"]["shim_pid"].as_i64();
        let shim = shim
            .and_then(|pid| pid.try_into().ok())
            .ok_or("a game without a shim")?;
        self.attach(shim, words)?;
        self.tell_it_to_end()?;
        self.wait("the next game", || {
            let games = self.games();
            Ok(games.iter().all(|game| *game != first)
                && self.status()?["pid"]
                    .as_i64()
                    .is_some_and(|pid| pid != i64::from(first)))
        })?;
        self.only_game_on_record()?.ok_or("started again, and no game runs")?;
        let exit = self.status()?["last_exit"].clone();
        if !(exit["code"].is_null() || exit["code"] == CODE) || !exit["signal"].is_null() {
            return Err(format!("an invented exit: {exit}"));
        }
        let pid = run.0.id().try_into().unwrap_or(0);
        Process::signal(pid, nix::sys::signal::Signal::SIGTERM);
        if !ends_in_time(&mut run.0) {
            return Err("run does not end".to_owned());
        }
        Ok(())
    }

    /// Has strace follow a process that lives, from its next call on.
    fn attach(&self, pid: i32, words: &[String]) -> Result<(), String> {
        let log = self.log.path().join("strace");
        let _ = fs::remove_file(&log);
        let mut command = Command::new(&self.strace);
        command
            .arg("-q")
            .arg("-o")
            .arg(log)
            .args(words)
            .args(["-p", &pid.to_string()]);
        command
            .current_dir("/")
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let tracer = Killed(command.spawn().map_err(|error| error.to_string())?);
        let traced = format!("TracerPid:\t{}\n", tracer.0.id());
        self.wait("strace to follow it", || {
            let status = fs::read_to_string(format!("/proc/{pid}/status"));
            Ok(status.is_ok_and(|status| status.contains(&traced)))
        })?;
        *self.tracer.borrow_mut() = Some(tracer);
        Ok(())
    }

    /// A start whose shim is executed by this tracer.
    fn executed_start(&self, tracer: &[String]) -> Result<Ran, String> {
        let args = ["start", "a", "--timeout", "5s"];
        let model = self.sandbox.command(&args);
        let log = self.log.path().join("strace");
        let once = self.log.path().join("once");
        let _ = fs::remove_file(&once);
        let _ = fs::remove_file(&log);
        let mut command = Command::new(support::example("traced-gamectl"));
        command
            .args(args)
            .env_clear()
            .envs(model.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("TRACED_SHIM", tracer.join("\n"))
            .env("TRACED_ONCE", once)
            .current_dir(self.sandbox.dir());
        finish(&args, command)
    }

    fn run(&self, args: &[&str]) -> Result<Ran, String> {
        finish(args, self.sandbox.command(args))
    }

    fn status(&self) -> Result<Value, String> {
        let ran = self.run(&["status", "--json", "a"])?;
        Ok(ran.outcome.json()["instances"][0].clone())
    }

    /// The one game, or none; one that runs must be the one that `status`
    /// shows.
    fn only_game_on_record(&self) -> Result<Option<i32>, String> {
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

    /// Whether the log could not be written when the game said that it is
    /// ready: nobody can know then.
    fn lost_its_word(&self) -> bool {
        !self.sandbox.console("a").ends_with("up\n")
    }

    fn games(&self) -> Vec<i32> {
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
        self.run(&["stop", "a"])?.must_be(0)?;
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

    /// What strace wrote, once the shim has ended.
    fn record_of_strace(&self) -> Result<String, String> {
        let mut text = String::new();
        self.wait("the end of strace", || {
            text = fs::read_to_string(self.log.path().join("strace")).unwrap_or_default();
            Ok(text.contains("\n+++ ") || text.starts_with("+++ "))
        })?;
        Ok(text)
    }

    fn wait(&self, what: &str, mut holds: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
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

/// A process that does not outlive its holder.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command that has ended.
#[derive(Debug)]
struct Ran {
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
fn finish(args: &[&str], mut command: Command) -> Result<Ran, String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    finish_child(args, command.spawn().map_err(|error| error.to_string())?)
}

fn finish_child(args: &[&str], mut child: Child) -> Result<Ran, String> {
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
