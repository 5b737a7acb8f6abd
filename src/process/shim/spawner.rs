//! The spawner: a small process with one thread that forks shims. A forked shim
//! is there in a fraction of the time that executing this program takes, and
//! shims with the same spawner share the memory that they never write to.
//!
//! A spawner is an advantage only: where it cannot be had, shims are executed. It
//! ends with the command that has made it, and its shims go on.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use nix::sys::signal::Signal;

use super::borrowing::{self, Inherited};
use super::entry::{self, OURSELVES};
use super::starter::NewShim;
use super::wire::LaunchStage;
use crate::store::StateDir;
use crate::sys::{daemon, open_files, reaper, signals, socket, title, tree};
use crate::systemd::Scopes;

/// The first argument that makes this program a spawner.
pub const HIDDEN_VERB: &str = "__shims";

/// The longest id fits in it.
pub(super) const MESSAGE_MAX: usize = 128;

/// Makes the shims of one command. The first one is executed; where a second
/// one is wanted, a spawner is worth its own execution.
#[derive(Debug, Default)]
pub struct Spawner {
    progress: Mutex<Progress>,
    /// Those of its shims.
    pub(in crate::process) scopes: Scopes,
    /// True where the shims are left to a `run` that watches.
    borrows: bool,
    /// The reason for which that has made none, so that no other one is waited for.
    alone: OnceLock<String>,
}

/// A shim that was made, and waits for its task.
pub(in crate::process) struct Made {
    pub(in crate::process) shim: NewShim,
    pub(in crate::process) inherited: Inherited,
    /// The reason for which it is not `run` that has made it.
    pub(in crate::process) note: Option<String>,
}

#[derive(Debug, Default)]
enum Progress {
    #[default]
    Unused,
    /// One shim was executed.
    Once,
    Serving(Process),
}

#[derive(Debug)]
struct Process {
    socket: OwnedFd,
    pid: i32,
}

impl Spawner {
    /// Makes one that leaves its shims to the `run` of the state directory, where there
    /// is one.
    pub fn borrowing() -> Self {
        let mut new = Self::default();
        new.borrows = true;
        new
    }

    /// Makes a shim.
    ///
    /// # Errors
    /// When no process could be made.
    ///
    /// # Cancel safety
    /// Dropped, it leaves a shim that ends by itself.
    pub(in crate::process) async fn shim(&self, state: &StateDir, id: &str) -> io::Result<Made> {
        let mut note = self.alone.get().cloned();
        if self.borrows && note.is_none() {
            match borrowing::borrow(state, id).await {
                Ok(Some((shim, inherited))) => return Ok(Made { shim, inherited, note }),
                Ok(None) => {}
                Err(why) => note = Some(self.alone.get_or_init(|| why).clone()),
            }
        }
        let (ours, theirs) = socket::stream_pair()?;
        let executed = self.make(id, theirs)?;
        Ok(Made {
            shim: NewShim::at(ours, executed)?,
            inherited: Inherited::ours(),
            note,
        })
    }

    /// Makes a shim that serves its starter at the other end of `channel`. Returns its
    /// pid where it was executed; one that was forked tells it.
    ///
    /// # Errors
    /// When no process could be made.
    pub(super) fn make(&self, id: &str, channel: OwnedFd) -> io::Result<Option<i32>> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*progress, Progress::Once)
            && let Ok(process) = Process::execute()
        {
            *progress = Progress::Serving(process);
        }
        match &*progress {
            Progress::Unused => *progress = Progress::Once,
            Progress::Once => {}
            Progress::Serving(process) => {
                if socket::send_with_descriptors(&process.socket, id.as_bytes(), &[channel.as_raw_fd()]).is_ok() {
                    return Ok(None);
                }
                process.end();
                *progress = Progress::Once;
            }
        }
        Self::execute_shim(OURSELVES, id, channel)
    }

    /// Executes a program as a shim, and returns its pid.
    ///
    /// # Errors
    /// When no process could be made.
    pub(super) fn execute_shim(program: &str, id: &str, channel: OwnedFd) -> io::Result<Option<i32>> {
        // A shim outlives its command and is init's child then; a command that
        // lives longer has its runtime reap it.
        let mut command = tokio::process::Command::from(hidden(program, entry::HIDDEN_VERB, id, channel));
        let shim = command.spawn()?;
        Ok(shim.id().and_then(|pid| i32::try_from(pid).ok()))
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        if let Progress::Serving(process) = self.progress.get_mut().unwrap_or_else(PoisonError::into_inner) {
            process.end();
        }
    }
}

impl Process {
    fn execute() -> io::Result<Self> {
        let (ours, theirs) = socket::message_pair()?;
        // The second word only reserves room for the titles of the shims.
        let room = " ".repeat(MESSAGE_MAX);
        let child = hidden(OURSELVES, HIDDEN_VERB, &room, theirs).spawn()?;
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        Ok(Self { socket: ours, pid })
    }

    /// Ends the spawner and waits until it is gone.
    fn end(&self) {
        reaper::kill_and_reap(self.pid);
    }
}

fn hidden(program: &str, verb: &str, word: &str, channel: OwnedFd) -> Command {
    let mut command = Command::new(program);
    command
        .arg0("gamectl")
        .args([verb, word])
        .env_clear()
        .env(tree::APART, "1")
        .stdin(Stdio::from(channel))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    open_files::hand_on(&mut command);
    command
}

/// Runs this process as a spawner and returns its exit code; in each shim that
/// it forks it returns that shim's. Descriptor 0 is the command.
///
/// To be called first of all in the program: while it has one thread, and
/// before it has opened anything.
pub fn main() -> u8 {
    signals::reset_dispositions();
    daemon::take_only_descriptor().and_then(serve).unwrap_or(1)
}

fn serve(commands: OwnedFd) -> io::Result<u8> {
    // Keys that are pressed at the command's terminal are not for shims.
    daemon::leave_session()?;
    // The kernel reaps the shims that end while their command lives.
    signals::ignore(Signal::SIGCHLD)?;
    let mut buffer = [0; MESSAGE_MAX];
    loop {
        let (n, mut attached) = socket::receive_with_descriptors(&commands, &mut buffer)?;
        let id = buffer.get(..n).and_then(|id| std::str::from_utf8(id).ok());
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            // The command is gone.
            return Ok(0);
        };
        let Some(channel) = attached.pop() else { continue };
        match daemon::fork() {
            Ok(Some(_)) => {}
            Ok(None) => {
                drop(commands);
                signals::restore(Signal::SIGCHLD)?;
                // A shim without its title works all the same.
                let _ = title::set(&["gamectl", entry::HIDDEN_VERB, id]);
                return Ok(entry::serve(channel));
            }
            Err(error) => entry::refuse(&channel, LaunchStage::Fork, &error),
        }
    }
}
