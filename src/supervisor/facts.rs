//! The facts of a status row.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use serde::{Serialize, Serializer};

use super::state::InstanceState;

/// The note of what ended with an exit code that its policy counts as a success.
pub const ALLOWED: &str = "it ended by itself, which its policy allows";

/// Joins notes for a person to one; `None` if there is none.
pub fn join_notes(notes: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let notes: Vec<String> = notes.into_iter().flatten().filter(|note| !note.is_empty()).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// The note of what runs and was started from another entry of the inventory.
pub const DRIFTED: &str = "started from another entry: restart applies it";

/// The last end of an instance. Both `code` and `signal` are `None` when the
/// exit was not observed: an exit code is never invented.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastExit {
    /// The exit code, if the main process exited by itself.
    pub code: Option<i32>,
    /// The name of the signal that ended it, such as `SIGKILL`.
    pub signal: Option<String>,
    /// The time of the end; `None` if it was not observed.
    #[serde(serialize_with = "as_rfc3339")]
    pub at: Option<SystemTime>,
    /// True if a stop had been requested.
    pub requested: bool,
    /// True if the kernel's out-of-memory killer ended it.
    pub oom_killed: bool,
}

impl fmt::Display for LastExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.signal, self.code) {
            _ if self.oom_killed => f.write_str("killed by the out-of-memory killer"),
            (Some(signal), _) => write!(f, "killed by {signal}"),
            (None, Some(code)) => write!(f, "exit code {code}"),
            (None, None) => f.write_str("exit code not known"),
        }
    }
}

/// Formats a time as RFC 3339 in UTC, to the second.
pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

fn as_rfc3339<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(rfc3339).serialize(serializer)
}

/// The facts about one instance: everything a status row shows except the
/// intent, which no supervisor knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    pub state: InstanceState,
    /// Whole seconds since it entered `Running`; 0 in every other state.
    pub uptime_seconds: u64,
    /// True if it is stopping although no stop was requested: a start waits for
    /// its end.
    pub ends_by_itself: bool,
    /// True if it was ended from outside, as it is when the host goes down: whether that
    /// is so should be asked before it is started again.
    pub ended_from_outside: bool,
    /// True if it was stopped on purpose since the host booted, and not by gamectl, so
    /// that its intent does not say so.
    pub stays_down: bool,
    /// True if it ended by itself, which its policy allows: it is not started again for
    /// that.
    pub ended_as_allowed: bool,
    /// True if what runs it restarts it by itself, or decides not to: nobody else does.
    pub restarts_itself: bool,
    /// The time at which it entered its state, if that is known.
    pub since: Option<SystemTime>,
    /// The pid of the main process, on planes that have one.
    pub pid: Option<u32>,
    /// Automatic restarts since the last `start` or `restart`.
    pub restarts: u32,
    pub last_exit: Option<LastExit>,
    /// The reason for the state, or a peculiarity of it.
    pub note: Option<String>,
    /// The number of its present or last run, which grows, where the plane can tell.
    pub run: Option<u64>,
    /// Plane and game specific facts.
    pub details: Vec<(Cow<'static, str>, Detail)>,
}

impl Facts {
    /// Adds what is wrong with it, where its state does not say so: what is down has
    /// crashed then.
    pub fn add_trouble(&mut self, why: String) {
        match &self.state {
            InstanceState::Running | InstanceState::Unmanaged => return,
            InstanceState::Starting | InstanceState::Stopping | InstanceState::Crashed { .. } => {}
            InstanceState::Stopped => self.state = InstanceState::Crashed { exit_code: None },
        }
        self.note = join_notes([Some(why), self.note.take()]);
    }

    /// Returns the facts of an instance of which only the state is known.
    pub fn bare(state: InstanceState, note: Option<String>) -> Self {
        Self {
            state,
            uptime_seconds: 0,
            ends_by_itself: false,
            ended_from_outside: false,
            stays_down: false,
            ended_as_allowed: false,
            restarts_itself: false,
            since: None,
            pid: None,
            restarts: 0,
            last_exit: None,
            note,
            run: None,
            details: Vec::new(),
        }
    }
}

/// One plane-specific fact of a status row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// A count, a size in bytes, a pid.
    Number(u64),
    /// A word or a sentence.
    Text(String),
    /// A yes or a no.
    Flag(bool),
}
