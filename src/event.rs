//! Events as types, from which screens and JSON are made.

mod kind;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::failure::Failure;
pub use crate::supervisor::{Verb, Want};
pub use kind::EventKind;

use crate::supervisor::{Activity, InstanceState, Observation, PlannedStep, Players, Usage, rfc3339};

/// The result of a verb for one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct VerbResult {
    pub id: String,
    pub changed: bool,
    /// The state at the end; `None` if it could not be found out.
    pub state: Option<InstanceState>,
    /// The duration, including the wait for the lock.
    pub took: Duration,
    /// The stop step that ended the game.
    pub ended_by: Option<String>,
    pub note: Option<String>,
    pub error: Option<Failure>,
}

impl VerbResult {
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

    pub fn ok(&self) -> bool {
        self.error.is_none()
    }
}

/// The effects that a verb would have on one instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryRun {
    pub id: String,
    /// The outcome and its reason, in words.
    pub would: String,
    pub steps: Vec<PlannedStep>,
}

/// One instance as `status` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: String,
    /// The name of the plane in the inventory; `none` without a plane section.
    pub plane: &'static str,
    /// The name of the host where it is managed; `None` for this one.
    pub host: Option<String>,
    pub observation: Observation,
    /// The intent; `None` if none was ever set.
    pub intent: Option<Want>,
    pub player_count: PlayerCount,
    /// The resources that it uses; `None` where that was not asked for.
    pub usage: Option<Usage>,
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
    /// The game was not asked, or cannot be.
    #[default]
    NotAsked,
    /// The game does not run, or did not answer.
    Unanswered,
    Counted(Players),
}

impl From<Option<Players>> for PlayerCount {
    fn from(answer: Option<Players>) -> Self {
        answer.map_or(Self::Unanswered, Self::Counted)
    }
}

/// The readings of an instance that change while its row does not.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gauges {
    pub players: PlayerCount,
    /// The resources that it uses; `None` where nobody has measured them.
    pub usage: Option<Usage>,
    /// The time in seconds since 1970 at which a schedule does something next.
    pub next_firing: Option<i64>,
}

/// An event during a verb.
#[derive(Debug, Clone, PartialEq)]
pub enum VerbEvent {
    Began {
        id: String,
    },
    /// The verb waits for another gamectl, such as `gamectl stop (pid 123)`.
    LockHeld {
        id: String,
        holder: String,
    },
    Awaiting {
        id: String,
        activity: Activity,
    },
    /// Something has happened during the courtesy of a verb, which a person should know of.
    Told {
        id: String,
        text: String,
        is_trouble: bool,
    },
    Done(VerbResult),
}

/// An event of `watch` or `run`.
#[derive(Debug, Clone, PartialEq)]
pub enum ResidentEvent {
    /// A new instance, or one that has changed.
    Row(Arc<WatchedRow>),
    /// The id of an instance that is not shown any more.
    Gone(String),
    /// A new number of players on an instance.
    Players(String, PlayerCount),
    /// The resources that an instance uses now; `None` once it does not run.
    Usage(String, Option<Usage>),
    /// The time in seconds since 1970 at which a schedule of an instance does something next;
    /// `None` if none does.
    NextFiring(String, Option<i64>),
    /// Every instance has been looked at once.
    Settled,
    /// True if a server of the link listens from now on, false if none does; `None` once there
    /// is no link.
    Link(Option<bool>),
    Happened(LogEntry),
}

/// A row of an instance that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedRow {
    pub row: Row,
    /// The position among the other rows.
    pub place: usize,
    /// The time of the observation.
    pub seen: std::time::Instant,
    pub awaits: Option<Awaits>,
}

/// The next change that a watched instance waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Awaits {
    /// The next start, at this time.
    Retry {
        at: std::time::Instant,
        /// The number of that restart in a row.
        count: u32,
    },
    /// The turn to be started.
    Turn,
    /// A wait of unknown length, such as for ready, as a short phrase.
    Open { what: String, since: std::time::Instant },
}

/// The importance of a log entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A log entry of `run`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// The time, as RFC 3339 in UTC.
    pub at: String,
    pub level: Level,
    /// The instance; `None` for an entry about `run` itself, or about a host.
    pub id: Option<String>,
    /// The name of the host that it is about; `None` for this one.
    pub host: Option<String>,
    /// The kind, where programs may want to act on it.
    pub kind: Option<EventKind>,
    /// A sentence for a person.
    pub text: String,
    /// The firing of a schedule that it tells of, if it does.
    pub schedule: Option<Box<ScheduleNews>>,
}

/// The fate of a firing of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleOutcome {
    /// Put on record, and being carried out.
    Fired,
    Done,
    /// Nothing was done, for a reason that is no trouble.
    Skipped,
    /// Its time had passed for too long.
    Missed,
    Failed,
}

impl ScheduleOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
            Self::Failed => "failed",
        }
    }
}

/// The facts about a firing of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleNews {
    pub outcome: ScheduleOutcome,
    /// The word of `do`.
    pub deed: &'static str,
    pub cron: String,
    /// The place whose clocks count; `None` where those of the machine have no name.
    pub timezone: Option<String>,
    /// The time by the pattern, as RFC 3339 with the offset of that place.
    pub planned: String,
}

impl LogEntry {
    /// Makes an entry about something that happens now.
    pub fn now(level: Level, id: Option<&str>, text: impl Into<String>) -> Self {
        Self {
            at: rfc3339(SystemTime::now()),
            level,
            id: id.map(str::to_owned),
            host: None,
            kind: None,
            text: text.into(),
            schedule: None,
        }
    }

    /// Makes it one of a kind.
    #[must_use]
    pub fn of(self, kind: EventKind) -> Self {
        let kind = Some(kind);
        Self { kind, ..self }
    }

    /// Makes it one about a host.
    #[must_use]
    pub fn on(self, host: &str) -> Self {
        let host = Some(host.to_owned());
        Self { host, ..self }
    }
}

/// The firings that come, of the schedules that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleView {
    /// The name of the `run` that carries them out; `None` where nobody does.
    pub run: Option<String>,
    /// The time in seconds since 1970.
    pub now: i64,
    /// In the order of their times.
    pub firings: Vec<ComingFiring>,
}

/// A firing of a schedule that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComingFiring {
    pub id: String,
    /// The name of the host of the instance; `None` for this one.
    pub host: Option<String>,
    /// The time at which it is carried out, in seconds since 1970.
    pub at: i64,
    /// The time by the pattern, before any jitter.
    pub planned: i64,
    /// The time of `at` as the clocks here show it.
    pub here: String,
    /// The time of `planned` as the clocks of its zone show it, without the date.
    pub there: String,
    /// True if the clocks here show the same.
    pub is_of_here: bool,
    pub at_rfc3339: String,
    pub planned_rfc3339: String,
    pub cron: String,
    /// The place whose clocks count; `None` where those of the machine have no name.
    pub timezone: Option<String>,
    /// The word of `do`.
    pub deed: &'static str,
    /// The deed in words.
    pub does: String,
    pub is_skipped: bool,
}

/// The progress of a copy of this program to another host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyEvent {
    pub host: String,
    /// The path of the copy there.
    pub at: String,
    /// The bytes that are on their way or there.
    pub written: usize,
    pub total: usize,
}

/// Returns an ordinal number: 1st, 2nd, 3rd, ...
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
