//! The answers of the serving end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keep::EntryLine;
use super::row::{RowLine, StateWord};
use crate::failure::{Failure, FailureKind};
use crate::finding::{Finding, Severity};
use crate::supervisor::{Activity, EngineAnswer, EnginePlan, Outcome, PlannedStep, Players};
use crate::text::{clean, clean_line};

/// An answer to the request of a number; 0 for what answers none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServeAnswer {
    pub id: u64,
    pub say: Say,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    /// The connection lives.
    Beat {},
    /// The definitions were taken over, or the output was opened.
    Opened {},
    Rows {
        rows: Vec<RowLine>,
    },
    /// This many play at an instance.
    Players(CountLine),
    /// A verb waits for this holder of the lock.
    LockHeld {
        holder: String,
    },
    /// The thing that a verb waits for.
    Awaiting {
        awaiting: String,
        #[serde(default)]
        limit_ms: Option<u64>,
        #[serde(default)]
        last_line: String,
        #[serde(default)]
        is_warning: bool,
    },
    Result(AnsweredVerb),
    Reply {
        reply: Option<String>,
    },
    /// The steps of a verb, and how it would end.
    Plan(PlanLine),
    Findings {
        findings: Vec<FindingLine>,
    },
    /// The clock there, in milliseconds since 1970.
    Clock {
        at_ms: u64,
    },
    /// The console of a game is a terminal, or takes lines.
    Console {
        is_terminal: bool,
    },
    /// This many bytes of output follow the line.
    Output {
        bytes: usize,
    },
    /// The instances are kept by this end, or, where it is named, by another `run` there,
    /// so that they are only shown.
    Kept {
        #[serde(default)]
        by: Option<String>,
    },
    /// Something happened to what is kept.
    Happened(EntryLine),
    /// The end of the output, of the keeping, or of the counting.
    End {},
    Failed(FailureLine),
}

impl Say {
    pub fn awaiting(activity: &Activity) -> Self {
        Self::Awaiting {
            awaiting: activity.awaiting.clone(),
            limit_ms: activity
                .limit
                .map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
            last_line: activity.last_line.clone(),
            is_warning: activity.is_warning,
        }
    }

    /// Returns what a verb waits for; `None` for another answer.
    pub fn activity(&self) -> Option<Activity> {
        let Self::Awaiting {
            awaiting,
            limit_ms,
            last_line,
            is_warning,
        } = self
        else {
            return None;
        };
        Some(Activity {
            awaiting: clean(awaiting).into_owned(),
            limit: limit_ms.map(Duration::from_millis),
            last_line: clean(last_line).into_owned(),
            is_warning: *is_warning,
        })
    }
}

/// The number of players on an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountLine {
    pub id: String,
    pub online: u32,
    /// Older ends always know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

impl CountLine {
    pub fn new(id: &str, players: Players) -> Self {
        Self {
            id: id.to_owned(),
            online: players.online,
            max: players.max,
        }
    }

    pub fn players(&self) -> Players {
        Players {
            online: self.online,
            max: self.max,
        }
    }
}

/// The effects that a verb would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLine {
    pub would: String,
    /// The exit code that it can be expected to end with.
    #[serde(default)]
    pub code: u8,
    /// Each step with its cause.
    #[serde(default)]
    pub steps: Vec<(String, String)>,
}

impl From<PlanLine> for EnginePlan {
    fn from(line: PlanLine) -> Self {
        let step = |(does, cause): (String, String)| PlannedStep::new(clean(&does), clean(&cause));
        Self {
            would: clean(&line.would).into_owned(),
            code: line.code,
            steps: line.steps.into_iter().map(step).collect(),
        }
    }
}

/// A finding of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingLine {
    #[serde(default)]
    pub id: Option<String>,
    pub about: String,
    /// `ok`, `warning` or `error`.
    pub level: String,
    pub message: String,
    #[serde(default)]
    pub hint: Option<String>,
}

impl From<Finding> for FindingLine {
    fn from(finding: Finding) -> Self {
        Self {
            id: finding.id,
            about: finding.about.into_owned(),
            level: finding.level.as_str().to_owned(),
            message: finding.message,
            hint: finding.hint,
        }
    }
}

impl FindingLine {
    /// Returns the finding as one of a host. A level that is not known is an error.
    pub fn on(self, host: &str) -> Finding {
        let cleaned = |text: &str| clean_line(text).into_owned();
        let levels = [Severity::Ok, Severity::Warning, Severity::Error];
        let level = levels.into_iter().find(|level| level.as_str() == self.level);
        Finding {
            id: self.id.as_deref().map(cleaned),
            host: Some(host.to_owned()),
            about: cleaned(&self.about).into(),
            level: level.unwrap_or(Severity::Error),
            message: cleaned(&self.message),
            hint: self.hint.as_deref().map(cleaned),
        }
    }
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureLine {
    /// A kind, as in the JSON of every error.
    pub kind: String,
    pub message: String,
    #[serde(default)]
    pub hint: Option<String>,
}

const KINDS: [(FailureKind, &str); 11] = [
    (FailureKind::Failed, "failed"),
    (FailureKind::Usage, "usage"),
    (FailureKind::NotRunning, "not_running"),
    (FailureKind::Unknown, "unknown"),
    (FailureKind::Unsupported, "unsupported"),
    (FailureKind::Inventory, "inventory"),
    (FailureKind::Busy, "busy"),
    (FailureKind::Timeout, "timeout"),
    (FailureKind::Overruled, "overruled"),
    (FailureKind::Interrupted, "interrupted"),
    (FailureKind::Terminated, "terminated"),
];

impl From<Failure> for FailureLine {
    fn from(failure: Failure) -> Self {
        let kind = KINDS.iter().find(|(kind, _)| *kind == failure.kind);
        Self {
            kind: kind.map_or("failed", |(_, name)| name).to_owned(),
            message: failure.message,
            hint: failure.hint,
        }
    }
}

impl From<FailureLine> for Failure {
    fn from(trouble: FailureLine) -> Self {
        let kind = KINDS.iter().find(|(_, name)| *name == trouble.kind);
        Self {
            kind: kind.map_or(FailureKind::Failed, |(kind, _)| *kind),
            message: clean(&trouble.message).into_owned(),
            hint: trouble.hint.map(|hint| clean(&hint).into_owned()),
        }
    }
}

/// The end of a verb.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnsweredVerb {
    #[serde(default)]
    pub changed: bool,
    /// The state at the end; absent if it could not be found out.
    #[serde(default)]
    pub state: Option<StateWord>,
    #[serde(default)]
    pub ended_by: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
    #[serde(default)]
    pub error: Option<FailureLine>,
}

impl From<AnsweredVerb> for EngineAnswer {
    fn from(answered: AnsweredVerb) -> Self {
        let state = answered.state.and_then(|state| state.state());
        let clean = |text: String| clean(&text).into_owned();
        let outcome = match (answered.error, &state) {
            (Some(trouble), _) => Err(trouble.into()),
            (None, Some(state)) => Ok(Outcome {
                changed: answered.changed,
                state: state.clone(),
                ended_by: answered.ended_by.map(clean),
                note: answered.note.map(clean),
            }),
            (None, None) => Err(Failure::unknown("it was carried out, but its state is not known here")),
        };
        Self { outcome, state }
    }
}
