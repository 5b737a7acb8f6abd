//! A command that goes on beside the test, such as `run` and `watch`.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Process, Sandbox, wait_for, wait_until};

/// A command in the background, with the lines that it has printed so far. It is
/// killed when this is dropped.
pub struct Background {
    child: Child,
    /// Each with the time at which it came.
    lines: Arc<Mutex<Vec<(Instant, String)>>>,
    reader: Option<JoinHandle<()>>,
    /// The number of status events that [`Self::passes`] has gone by.
    passed: Cell<usize>,
}

impl Background {
    /// Starts a command, and reads its standard output unless that goes elsewhere.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("start a command");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let read = |stdout| {
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    kept.lock().expect("the lines").push((Instant::now(), line));
                }
            })
        };
        let reader = child.stdout.take().map(read);
        Self {
            child,
            lines,
            reader,
            passed: Cell::new(0),
        }
    }

    /// Starts `gamectl run`.
    pub fn run(sandbox: &Sandbox) -> Self {
        Self::of(&mut sandbox.command(&["run"]))
    }

    /// Starts `gamectl run --json`, and waits for its snapshot.
    pub fn run_json(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut run = Self::of(&mut sandbox.command(&[&["run", "--json"], args].concat()));
        wait_until("the snapshot", || {
            assert!(!run.has_ended(), "it ended: {}", run.text());
            !run.events("snapshot").is_empty()
        });
        run
    }

    pub fn pid(&self) -> i32 {
        Process::pid_of(&self.child)
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("wait").is_some()
    }

    /// All whole lines that it has printed.
    pub fn text(&self) -> String {
        let lines = self.lines.lock().expect("the lines");
        lines.iter().flat_map(|(_, line)| [line, "\n"]).collect()
    }

    /// Waits until it has printed this.
    pub fn wait(&self, text: &str) {
        wait_until(&format!("{text:?} to be printed"), || self.text().contains(text));
    }

    /// The events of this kind, from a command with `--json`.
    pub fn events(&self, event: &str) -> Vec<Value> {
        let lines = self.lines.lock().expect("the lines");
        let parsed = lines
            .iter()
            .map(|(_, line)| serde_json::from_str::<Value>(line).expect("JSON"));
        parsed.filter(|value| value["event"] == event).collect()
    }

    /// The times at which the events came that are wanted, from a command with `--json`.
    pub fn came_at(&self, is_wanted: impl Fn(&Value) -> bool) -> Vec<Instant> {
        let lines = self.lines.lock().expect("the lines");
        let parse = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
        let wanted = lines.iter().filter(|(_, line)| is_wanted(&parse(line)));
        wanted.map(|(at, _)| *at).collect()
    }

    /// The states of an instance since the beginning.
    pub fn states(&self, id: &str) -> Vec<String> {
        let statuses = self.events("status").into_iter().filter(|value| value["id"] == id);
        statuses
            .map(|value| value["state"].as_str().expect("a state").to_owned())
            .collect()
    }

    /// Waits until this is the last state that it has seen of an instance.
    pub fn sees(&self, id: &str, state: &str) {
        wait_until(&format!("it to see {id} {state}"), || {
            self.states(id).last().is_some_and(|last| last == state)
        });
    }

    /// Waits until it has seen this state of any instance, after the one that the
    /// last call has waited for.
    pub fn passes(&self, state: &str) {
        wait_until(&format!("it to see {state}"), || {
            let statuses = self.events("status").into_iter().enumerate().skip(self.passed.get());
            let found = statuses.clone().find(|(_, value)| value["state"] == state);
            found.inspect(|(at, _)| self.passed.set(at + 1)).is_some()
        });
    }

    /// Returns the number of messages with this text.
    pub fn logged(&self, text: &str) -> usize {
        let logs = self.events("log").into_iter();
        logs.filter(|value| value["message"].as_str().expect("a message").contains(text))
            .count()
    }

    /// Waits until a whole second goes by without a wake-up of any of its threads.
    pub fn comes_to_rest(&self) {
        let wakeups = || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).expect("its threads");
            // A thread that ends meanwhile makes a difference, as it should.
            let statuses = tasks.map(|task| std::fs::read_to_string(task.expect("a thread").path().join("status")));
            let of_one = |status: String| {
                let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"));
                line.map(str::to_owned)
            };
            statuses.map(|status| status.ok().and_then(of_one)).collect::<Vec<_>>()
        };
        wait_until("a second without a wake-up", || {
            let before = wakeups();
            std::thread::sleep(std::time::Duration::from_secs(1));
            wakeups() == before
        });
    }

    pub fn signal(&self, signal: Signal) {
        Process::signal(self.pid(), signal);
    }

    /// Waits for its end, and returns its exit code. All that it has printed is read.
    pub fn ended(&mut self) -> Option<i32> {
        let status = wait_for("the end of the command", || self.child.try_wait().expect("wait"));
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader");
        }
        status.code()
    }

    /// Sends a signal, and returns the exit code.
    pub fn end(mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.ended()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
