//! The console of an instance, in a process of its own that has our terminal meanwhile: a game
//! that prints without end, and a terminal that takes nothing, delay nobody else.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::sys::oom_score;

/// This program, also where another one has taken its place.
const OURSELVES: &str = "/proc/self/exe";

/// The time that it gets to give the terminal back.
const GIVES_BACK: Duration = Duration::from_secs(2);

/// A console that is open. Dropped, it is killed.
pub(super) struct ConsoleChild {
    id: String,
    child: Child,
}

impl ConsoleChild {
    /// Opens the console of an instance. `options` stand before the verb.
    ///
    /// # Errors
    /// When no process can be made.
    pub(super) fn open(options: &[OsString], id: String) -> io::Result<Self> {
        let mut command = Command::new(OURSELVES);
        command.arg0("gamectl").args(options).args(["console", &id]);
        oom_score::hand_on(command.as_std_mut());
        let child = command.kill_on_drop(true).spawn()?;
        Ok(Self { id, child })
    }

    /// Waits until it is left, and returns the id with the way in which it ended, where a
    /// person is to know of that.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn left(&mut self) -> (String, Option<String>) {
        let ended = self.child.wait().await;
        (self.id.clone(), trouble(ended.ok()))
    }

    /// Has it give the terminal back, and end.
    pub(super) fn ask_to_end(&self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
    }

    /// Has it give the terminal back, and waits for its end, for a while.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn close(&mut self) {
        self.ask_to_end();
        let _ = timeout(GIVES_BACK, self.child.wait()).await;
    }
}

fn trouble(ended: Option<ExitStatus>) -> Option<String> {
    /// The exit code where the game does not run.
    const NOT_RUNNING: i32 = 3;
    let Some(status) = ended else {
        return Some("nobody knows how its console ended".to_owned());
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(NOT_RUNNING), _) => Some("its console is closed: it has ended".to_owned()),
        (Some(code), _) => Some(format!("its console ended with code {code}")),
        (None, signal) => Some(format!("its console was killed by signal {}", signal.unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_console_in_words() {
        for (status, wanted) in [
            (0, None),
            (3 << 8, Some("its console is closed: it has ended")),
            (4 << 8, Some("its console ended with code 4")),
            (9, Some("its console was killed by signal 9")),
        ] {
            let status = Some(ExitStatus::from_raw(status));
            assert_eq!(trouble(status).as_deref(), wanted);
        }
        assert!(trouble(None).is_some());
    }
}
