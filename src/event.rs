//! What happened, as types: what screens and JSON are made from. The engine
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

/// What became of one instance under a verb.
#[derive(Debug, Clone, PartialEq)]
pub struct VerbResult {
    /// The instance.
    pub id: String,
    /// Whether anything was changed.
    pub changed: bool,
    /// Its state at the end; `None` when that could not be found out.
    pub state: Option<InstanceState>,
    /// How long the verb took, the waiting for the lock included.
    pub took: Duration,
    /// The stop step that ended it.
    pub ended_by: Option<String>,
    /// What a person should know besides.
    pub note: Option<String>,
    /// Why it failed; `None` when it did not.
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

    /// Whether the wanted state was reached.
    pub fn ok(&self) -> bool {
        self.error.is_none()
    }
}

/// What a verb would do with one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// The instance.
    pub id: String,
    /// What would come of it, and why.
    pub would: String,
    /// The steps on the way.
    pub steps: Vec<PlannedStep>,
}

/// The wish that outlives commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// It should run.
    Running,
    /// It should be stopped, also after a reboot.
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
    /// The instance.
    pub id: String,
    /// Its plane, as spelled in the inventory; `none` without a plane section.
    pub plane: &'static str,
    /// What was seen.
    pub observation: Observation,
    /// The wish for it; `None` when nobody ever said.
    pub intent: Option<Want>,
    /// How many play.
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
    /// Nobody asked, or there is nobody to ask.
    #[default]
    NotAsked,
    /// It does not run, or has not answered.
    Unanswered,
    /// So many, when it was asked.
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
    Began {
        /// The instance.
        id: String,
    },
    /// It waits for another gamectl that holds the instance.
    LockHeld {
        /// The instance.
        id: String,
        /// Who holds it, such as `gamectl stop (pid 123)`.
        holder: String,
    },
    /// What it waits for now.
    Awaiting {
        /// The instance.
        id: String,
        /// What is awaited.
        activity: Activity,
    },
    /// The verb ended on this instance.
    Done(VerbResult),
}

/// What a resident supervisor tells as it goes.
#[derive(Debug, Clone, PartialEq)]
pub enum ResidentEvent {
    /// An instance as it is now: a new one, or a known one that has changed.
    Row(Arc<WatchedRow>),
    /// An instance that is shown no more.
    Gone(String),
    /// How many play on an instance, where that has changed.
    Players(String, PlayerCount),
    /// Every instance has been looked at once.
    Settled,
    /// Something happened.
    Happened(LogEntry),
}

/// An instance that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedRow {
    /// What is known of it.
    pub row: Row,
    /// Where it stands among the others.
    pub place: usize,
    /// When that was seen.
    pub seen: std::time::Instant,
    /// What is to come of itself.
    pub awaits: Option<Awaits>,
}

/// What a watched instance waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Awaits {
    /// Its next start.
    Retry {
        /// When.
        at: std::time::Instant,
        /// The how many-th restart in a row it will be.
        count: u32,
    },
    /// Its turn to be started.
    Turn,
    /// Something that takes as long as it takes, such as becoming ready.
    Open {
        /// What, as a short phrase.
        what: String,
        /// Since when.
        since: std::time::Instant,
    },
}

/// How much something that happened matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// Somebody may want to look.
    Warning,
    /// Somebody has to.
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

/// Something that happened while a resident supervisor watched.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// How much it matters.
    pub level: Level,
    /// The instance; `None` when it is about the supervisor itself.
    pub id: Option<String>,
    /// What, as a sentence for a person.
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
