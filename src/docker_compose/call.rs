//! Calls of other programs: each with a deadline, after which its whole
//! process group is killed.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::sync::oneshot;

use crate::failure::{Failure, FailureKind};

/// So much of what a program said of its failure is kept, in bytes.
const TAIL: usize = 4096;

/// How often it is looked whether a call is to be ended before its time.
const HALT_EVERY: Duration = Duration::from_millis(50);

/// How long a killed program may take to let go of its pipes.
const LET_GO: Duration = Duration::from_secs(1);

/// What a program printed, and how it ended.
#[derive(Debug, Clone)]
pub(super) struct Called {
    /// Its exit code; `None` when a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) answer: Vec<u8>,
    /// The end of what it said on its standard error.
    pub(super) complaint: String,
}

impl Called {
    pub(super) fn is_ok(&self) -> bool {
        self.code == Some(0)
    }

    /// An answer that is one word, such as a version.
    pub(super) fn word(&self) -> String {
        String::from_utf8_lossy(&self.answer).trim().to_owned()
    }
}

/// A call to be made.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) argv: Vec<OsString>,
    pub(super) limit: Duration,
    /// Where its standard error goes instead of to us: so that it can go on
    /// when we are gone.
    pub(super) complaints: Option<File>,
    /// Set when it is to be ended before its time.
    pub(super) halt: Option<Arc<AtomicBool>>,
}

impl Call {
    /// Makes it, in a thread of its own.
    ///
    /// # Errors
    /// When the program is missing, or does not end in time.
    ///
    /// # Cancel safety
    /// The program goes on until its limit.
    pub(super) async fn make(self) -> Result<Called, Failure> {
        let program = self.argv.first().map(|word| word.to_string_lossy().into_owned());
        let program = program.unwrap_or_default();
        let limit = self.limit;
        let (sender, receiver) = oneshot::channel();
        std::thread::spawn(move || sender.send(self.blocking()));
        match receiver.await {
            Ok(Ok(Some(called))) => Ok(called),
            Ok(Ok(None)) => Err(Failure::unknown(format!(
                "`{program}` did not answer within {}",
                humantime::format_duration(limit)
            ))
            .hint("the Docker daemon may hang; see `systemctl status docker`")),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Err(Failure::new(
                FailureKind::Unsupported,
                format!("`{program}` is not installed"),
            )
            .hint("install Docker Engine and its compose plugin")),
            Ok(Err(error)) => Err(Failure::unknown(format!("`{program}` cannot be called: {error}"))),
            Err(_) => Err(Failure::unknown(format!("`{program}` could not be called"))),
        }
    }

    fn blocking(self) -> io::Result<Option<Called>> {
        let Some((program, args)) = self.argv.split_first() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        // A group of its own: Ctrl-C at the terminal ends our wait, not this.
        let own_group = |command: &mut std::process::Command| {
            command.process_group(0);
            Ok(())
        };
        let apart = self.complaints.is_some();
        let call = duct::cmd(program, args)
            .stdin_null()
            .unchecked()
            .before_spawn(own_group);
        let call = match self.complaints {
            Some(file) => call.stdout_null().stderr_file(file),
            None => call.stdout_capture().stderr_capture(),
        };
        let handle = call.start()?;
        let end = Instant::now() + self.limit;
        let halted = || self.halt.as_ref().is_some_and(|halt| halt.load(Ordering::Relaxed));
        while Instant::now() < end && !halted() {
            let slice = match self.halt {
                Some(_) => end.min(Instant::now() + HALT_EVERY),
                None => end,
            };
            if let Some(output) = handle.wait_deadline(slice)? {
                return Ok(Some(Called {
                    code: output.status.code(),
                    answer: output.stdout.clone(),
                    complaint: if apart { String::new() } else { tail(&output.stderr) },
                }));
            }
        }
        for pid in handle.pids() {
            if let Ok(pid) = i32::try_from(pid) {
                let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        let _ = handle.wait_timeout(LET_GO);
        Ok(None)
    }
}

/// The last of what was said, as text.
pub(super) fn tail(bytes: &[u8]) -> String {
    let from = bytes.len().saturating_sub(TAIL);
    String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
}
