//! Tracing: it records the calls of a process and makes one of them fail. `strace`
//! executes a shim, or follows one that is there already; for the child of a shim
//! there is a tracer of our own.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::life::{Life, Ran, Who, finish, finish_child};
use crate::support::{self, Process};

impl Life {
    /// A start with one process of it traced, with these words to strace.
    pub(crate) fn traced_start(&self, who: Who, words: &[String]) -> Result<Ran, String> {
        match who {
            Who::Forked => self.held_start(
                &["-f", "-", "start", "a", "--timeout", "15s"],
                "gamectl __shim a",
                words,
            ),
            Who::Spawner => self.held_start(
                &["-f", "-", "start", "--all", "--timeout", "15s"],
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
            Who::Executed => {
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
            pid = forked(parent, title);
            Ok(pid.is_some())
        })?;
        self.attach(pid.unwrap_or(0), words)?;
        let inventory = fs::read(self.sandbox.path("instances.yaml")).map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().ok_or("no standard input")?;
        std::io::Write::write_all(&mut stdin, &inventory).map_err(|error| error.to_string())?;
        drop(stdin);
        finish_child(args, child)
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

    /// A start whose shim is executed by this tracer.
    fn executed_start(&self, tracer: &[String]) -> Result<Ran, String> {
        let args = ["start", "a", "--timeout", "15s"];
        let log = self.log.path().join("strace");
        let once = self.log.path().join("once");
        let _ = fs::remove_file(&once);
        let _ = fs::remove_file(&log);
        let mut command = self.sandbox.program(support::example("traced-gamectl"));
        command
            .args(args)
            .env("TRACED_SHIM", tracer.join("\n"))
            .env("TRACED_ONCE", once);
        finish(&args, command)
    }
}

/// The child of a process that has this title. It holds nothing of a sandbox.
fn forked(parent: i32, title: &str) -> Option<i32> {
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| {
        Process::parent(*pid) == Some(parent) && Process::find(*pid).is_some_and(|process| process.command == title)
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
