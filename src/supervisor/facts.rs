//! What a look at an instance finds.

use std::fmt;
use std::time::SystemTime;

use serde::{Serialize, Serializer};

use super::InstanceState;

/// How an instance last ended. Both `code` and `signal` are `None` when nobody
/// could know: an exit code is never invented.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastExit {
    /// The exit code, when the main process exited by itself.
    pub code: Option<i32>,
    /// The name of the signal that ended it, such as `SIGKILL`.
    pub signal: Option<String>,
    /// When it ended; `None` when nobody saw it.
    #[serde(serialize_with = "as_rfc3339")]
    pub at: Option<SystemTime>,
    /// Whether somebody had asked for it.
    pub requested: bool,
    /// Whether the kernel's out-of-memory killer ended it.
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

/// A time as RFC 3339 in UTC, to the second.
pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

fn as_rfc3339<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(rfc3339).serialize(serializer)
}

/// What a look at an instance found: everything a status row shows except the
/// intent, which is not the supervisor's to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The state, as of this look.
    pub state: InstanceState,
    /// Whole seconds since it entered `Running`; 0 in every other state.
    pub uptime_seconds: u64,
    /// Whether it is stopping without having been asked to: a start waits for
    /// its end.
    pub ends_by_itself: bool,
    /// When it entered its state, where that is known.
    pub since: Option<SystemTime>,
    /// The pid of the main process, on planes that have one.
    pub pid: Option<u32>,
    /// Automatic restarts since somebody last started it.
    pub restarts: u32,
    /// How it last ended.
    pub last_exit: Option<LastExit>,
    /// Why it is in this state, or what is odd about it.
    pub note: Option<String>,
    /// Plane and game specific facts.
    pub details: Vec<(&'static str, Detail)>,
}

impl Facts {
    /// Facts of an instance of which only the state is known.
    pub fn bare(state: InstanceState, note: Option<String>) -> Self {
        Self {
            state,
            uptime_seconds: 0,
            ends_by_itself: false,
            since: None,
            pid: None,
            restarts: 0,
            last_exit: None,
            note,
            details: Vec::new(),
        }
    }
}

/// How many play on a server, and how many may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Players {
    /// Who plays now, bots included where the game counts them.
    pub online: u32,
    /// For how many there is room.
    pub max: u32,
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

/// The outcome of a look.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// The facts could be found out.
    Known(Box<Facts>),
    /// They could not, and this is why.
    Unknown {
        /// A sentence for a person.
        reason: String,
    },
}
