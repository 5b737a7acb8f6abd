//! Tracing: it records the calls of a process and makes one of them fail. `strace`
//! executes a shim, or follows one that is there already; for the child of a shim
//! there is a tracer of our own.

use std::fs;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;

use super::life::{Life, Ran, Who, finish, finish_child};
use crate::support::{self, Process};

/// A start of one executes its shim.
const EXECUTED_START: [&str; 4] = ["start", "a", "--timeout", "15s"];

/// A start of two has its second shim forked by a spawner.
const FORKED_START: [&str; 4] = ["start", "--all", "--timeout", "15s"];

impl Life {
    /// A start with one process of it traced, with these words to strace.
    pub(crate) fn traced_start(&self, who: Who, words: &[String]) -> Result<Ran, String> {
        match who {
            Who::Forked => self.held_start(words),
            Who::Spawner => self.executed_start("TRACED_SPAWNER", &FORKED_START, &self.strace_to_execute(words)),
            Who::Child => {
                let none = ["none".to_owned(), "0".to_owned(), "none".to_owned()];
                let words = if words.is_empty() { &none } else { words };
                let program = support::example("child-fault");
                let log = self.log.path().join("strace");
                let tracer = [
                    program.to_string_lossy().into_owned(),
                    log.to_string_lossy().into_owned(),
                ];
                self.executed_start("TRACED_SHIM", &EXECUTED_START, &[&tracer, words].concat())
            }
            Who::Executed => self.executed_start("TRACED_SHIM", &EXECUTED_START, &self.strace_to_execute(words)),
        }
    }

    /// The words that have strace execute a program.
    fn strace_to_execute(&self, words: &[String]) -> Vec<String> {
        let log = self.log.path().join("strace");
        let (strace, log) = (self.strace.to_string_lossy(), log.to_string_lossy());
        let tracer = [&*strace, "-DDD", "-q", "-E", "PATH", "-o", &*log].map(str::to_owned);
        [&tracer, words].concat()
    }

    /// A start of two, which is stopped by a signal once it has told its spawner
    /// to fork the second shim, and continued when that is traced: it has no task
    /// before.
    fn held_start(&self, words: &[String]) -> Result<Ran, String> {
        let strace = self.strace.to_string_lossy();
        // The first message is the task of the first shim, which is executed.
        let held = "inject=sendmsg:signal=STOP:when=2";
        let wrapper = [&*strace, "-qq", "-o", "/dev/null", "-e", held];
        let mut command = self.sandbox.command_under(&wrapper, &FORKED_START);
        let child = command.spawn().map_err(|error| error.to_string())?;
        let mut found = None;
        self.wait("the forked shim", || {
            let starter = child_of(Process::pid_of(&child), "start");
            let spawner = starter.and_then(|starter| child_of(starter, "__shims"));
            found = spawner.and_then(|spawner| Some((starter?, child_of(spawner, "__shim a")?)));
            Ok(found.is_some())
        })?;
        let (starter, shim) = found.unwrap_or_default();
        self.attach(shim, words)?;
        Process::signal(starter, Signal::SIGCONT);
        finish_child(&FORKED_START, child)
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
            // One that is killed in the call in which it is found is gone at once.
            Ok(status.is_ok_and(|status| status.contains(&traced)) || !Process::lives(pid))
        })?;
        *self.tracer.borrow_mut() = Some(tracer);
        Ok(())
    }

    /// A start whose shim, or spawner, is executed by this tracer.
    fn executed_start(&self, variable: &str, args: &[&str], tracer: &[String]) -> Result<Ran, String> {
        let log = self.log.path().join("strace");
        let once = self.log.path().join("once");
        let _ = fs::remove_file(&once);
        let _ = fs::remove_file(&log);
        let mut command = self.sandbox.program(support::example("traced-gamectl"));
        command
            .args(args)
            .env(variable, tracer.join("\n"))
            .env("TRACED_ONCE", once);
        finish(args, command)
    }
}

/// The child of a process that is gamectl with these words, and perhaps more. It
/// need hold nothing of a sandbox.
fn child_of(parent: i32, words: &str) -> Option<i32> {
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| {
        let process = Process::find(*pid).filter(|_| Process::parent(*pid) == Some(parent));
        let command = process.map(|process| format!("{} ", process.command));
        command.is_some_and(|command| command.contains(&format!("gamectl {words} ")))
    })
}

/// A process that does not outlive its holder.
pub(crate) struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
