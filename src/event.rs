//! Events and results, as types: screens and JSON are made from them. The engine
//! emits these and prints nothing.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;
use crate::supervisor::{Activity, InstanceState, Observation, PlannedStep, Players};

/// A verb that changes an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Launch it and wait until it is ready.
    Start,
    /// End it and wait until nothing of it is left.
    Stop,
    /// `stop`, then `start`.
    Restart,
}

impl Verb {
    /// The verb as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

/// The result of a verb for one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct VerbResult {
    pub id: String,
    /// True when anything was changed.
    pub changed: bool,
    /// Its state at the end; `None` when that could not be found out.
    pub state: Option<InstanceState>,
    /// The time that the verb took, with the wait for the lock.
    pub took: Duration,
    /// The stop step that ended it.
    pub ended_by: Option<String>,
    /// A remark for a person.
    pub note: Option<String>,
    /// The failure, if it failed.
    pub error: Option<Failure>,
}

impl VerbResult {
    /// Makes the result of a verb that failed, and changed nothing.
    pub fn failed(id: &str, failure: Failure) -> Self {
        Self {
            id: id.to_owned(),
            changed: false,
            state: None,
            took: Duration::ZERO,
            ended_by: None,
            note: None,
            error: Some(failure),
        }
    }

    /// Returns true when the wanted state was reached.
    pub fn ok(&self) -> bool {
        self.error.is_none()
    }
}

/// The plan of a verb for one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    pub id: String,
    /// The expected result, with the reason.
    pub would: String,
    /// The steps on the way.
    pub steps: Vec<PlannedStep>,
}

/// The wish that outlives commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    Running,
    /// Stopped, also after a reboot.
    Stopped,
}

impl Want {
    /// The wish as one lower-case word, the same as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// One instance as `status` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: String,
    /// Its plane, as spelled in the inventory; `none` without a plane section.
    pub plane: &'static str,
    pub observation: Observation,
    /// The wish for it; `None` where there has never been one.
    pub intent: Option<Want>,
    pub player_count: PlayerCount,
}

impl Row {
    /// Returns the state as one word, `unknown` where it could not be found out.
    pub fn label(&self) -> &'static str {
        match &self.observation {
            Observation::Known(facts) => facts.state.as_label(),
            Observation::Unknown { .. } => "unknown",
        }
    }
}

/// The number of players, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlayerCount {
    /// No question, or a game that cannot be asked.
    #[default]
    NotAsked,
    /// No answer, or it does not run.
    Unanswered,
    Counted(Players),
}

impl From<Option<Players>> for PlayerCount {
    fn from(answer: Option<Players>) -> Self {
        answer.map_or(Self::Unanswered, Self::Counted)
    }
}

/// Something that happened while a verb was carried out over instances.
#[derive(Debug, Clone, PartialEq)]
pub enum VerbEvent {
    /// The verb began on this instance.
    Began { id: String },
    /// Another gamectl holds the instance, and is awaited.
    LockHeld {
        id: String,
        /// The holder, such as `gamectl stop (pid 123)`.
        holder: String,
    },
    /// The verb waits for something else than before.
    Awaiting { id: String, activity: Activity },
    /// The verb ended on this instance.
    Done(VerbResult),
}

/// An event of watched instances.
#[derive(Debug, Clone, PartialEq)]
pub enum ResidentEvent {
    /// An instance as it is now: a new one, or a known one that has changed.
    Row(Arc<WatchedRow>),
    /// An instance that is shown no more.
    Gone(String),
    /// A changed number of players on an instance.
    Players(String, PlayerCount),
    /// Every instance has been looked at once.
    Settled,
    /// Something happened.
    Happened(LogEntry),
}

/// An instance that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedRow {
    pub row: Row,
    /// Its place among the others.
    pub place: usize,
    /// The time of that observation.
    pub seen: std::time::Instant,
    /// The thing that it waits for.
    pub awaits: Option<Awaits>,
}

/// A wait of a watched instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Awaits {
    /// Its next start.
    Retry {
        at: std::time::Instant,
        /// The how many-th restart in a row it will be.
        count: u32,
    },
    /// Its turn to be started.
    Turn,
    /// Something that takes as long as it takes, such as becoming ready.
    Open {
        /// A short phrase.
        what: String,
        since: std::time::Instant,
    },
}

/// The weight of a log entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Everything is as it should be.
    Info,
    /// A person may want to look.
    Warning,
    /// A person has to look.
    Error,
}

impl Level {
    /// The level as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// An entry of the log of `run`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// RFC 3339 in UTC.
    pub at: String,
    pub level: Level,
    /// The instance; `None` when it is about the supervisor itself.
    pub id: Option<String>,
    /// A sentence for a person.
    pub text: String,
}

/// 1st, 2nd, 3rd ...
pub fn nth(n: u32) -> String {
    let ending = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}
