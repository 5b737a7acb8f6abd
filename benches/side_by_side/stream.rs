//! The lines of a command that goes on, each with the time at which it came.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// The time after which a line is not waited for any longer.
const LIMIT: Duration = Duration::from_secs(60);

/// A command that is killed when this is dropped.
pub(crate) struct Stream {
    child: Child,
    lines: Receiver<(Instant, String)>,
}

impl Stream {
    /// Starts a command, and reads its output from now on.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a command");
        let output = child.stdout.take().expect("a pipe");
        let (came, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if came.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }

    /// Waits for the next line that has all of these words, and returns when it came;
    /// `None` where none comes.
    pub(crate) fn told(&self, words: &[&str]) -> Option<Instant> {
        let until = Instant::now() + LIMIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (at, line) = self.lines.recv_timeout(left).ok()?;
            if words.iter().all(|word| line.contains(word)) {
                return Some(at);
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
