//! The requests to the serving end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::keep::KeepAsk;
use crate::supervisor::{ConsoleInput, OutputFrom, Verb, VerbRequest};

/// A numbered request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServeRequest {
    pub id: u64,
    pub ask: Ask,
}

/// The number of a request of which nothing else is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct RequestId {
    pub id: u64,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Takes over the definitions of instances, in place of any before.
    Open {
        /// An inventory as JSON; it may hold secrets.
        inventory: String,
        /// The folder where it begins; the home folder there when absent.
        #[serde(default)]
        folder: Option<String>,
        /// The options with which commands are to be suggested.
        #[serde(default)]
        options: Vec<String>,
    },
    /// Looks at instances, once.
    Look {
        ids: Vec<String>,
        /// True if it is measured, too, what they use.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        usage: bool,
    },
    /// Asks how many play at instances that run.
    Players {
        ids: Vec<String>,
    },
    Verb(VerbAsk),
    /// Sends a line to a game.
    Send {
        instance: String,
        line: String,
        limit_ms: u64,
    },
    /// Reads the output of an instance.
    Logs {
        instance: String,
        from: LogsFrom,
        follow: bool,
        /// True if each line has its time before it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        times: bool,
        /// True for the launch before the last.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        previous: bool,
    },
    /// Follows instances: their rows, and again each that changes.
    Watch {
        ids: Vec<String>,
    },
    /// Keeps instances, as `run` does, in place of those of an earlier such request; their
    /// rows and what happens are told. It goes on without the connection.
    Keep(KeepAsk),
    /// Ends the keeping. Nothing that runs is touched.
    Release {},
    /// The asking end lives; it is said while instances are kept for it.
    Alive {},
    /// Tells what a verb would do.
    DryRun(VerbAsk),
    /// Checks what the instances need there.
    Check {},
    /// Tells the time there. It needs no definitions, as the next one.
    Clock {},
    /// Checks what becomes of a game at a logout there.
    Logout {},
    /// Tells the kind of console of an instance that runs.
    Console {
        instance: String,
    },
    /// Passes input on to a console.
    TypeIn {
        instance: String,
        input: TypedInput,
    },
    /// Ends the request of this number, without an answer. A verb goes on, and keeping.
    Cancel {},
}

/// Input for a console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedInput {
    Line(String),
    Bytes(Vec<u8>),
    Size { columns: u16, rows: u16 },
}

impl From<&ConsoleInput> for TypedInput {
    fn from(input: &ConsoleInput) -> Self {
        match input {
            ConsoleInput::Line(line) => Self::Line(line.clone()),
            ConsoleInput::Bytes(bytes) => Self::Bytes(bytes.clone()),
            ConsoleInput::Size { columns, rows } => Self::Size {
                columns: *columns,
                rows: *rows,
            },
        }
    }
}

impl From<TypedInput> for ConsoleInput {
    fn from(input: TypedInput) -> Self {
        match input {
            TypedInput::Line(line) => Self::Line(line),
            TypedInput::Bytes(bytes) => Self::Bytes(bytes),
            TypedInput::Size { columns, rows } => Self::Size { columns, rows },
        }
    }
}

impl Ask {
    /// Returns the feature that the other end must have for it.
    pub fn feature(&self) -> Option<&'static str> {
        match self {
            Self::Open { .. } | Self::Cancel {} => None,
            Self::Look { .. } => Some("look"),
            Self::Players { .. } => Some("players"),
            // Who does not know it would restart all the same.
            Self::Verb(verb) if verb.unless_stopped => Some("unless_stopped"),
            Self::Verb(_) => Some("verb"),
            Self::Send { .. } => Some("send"),
            Self::Logs { times: true, .. } | Self::Logs { previous: true, .. } => Some("log_times"),
            Self::Logs { .. } => Some("logs"),
            Self::Watch { .. } => Some("watch"),
            Self::Keep(_) | Self::Release {} | Self::Alive {} => Some("keep"),
            Self::DryRun(_) => Some("dry_run"),
            Self::Check {} => Some("check"),
            Self::Clock {} | Self::Logout {} => Some("host"),
            Self::Console { .. } | Self::TypeIn { .. } => Some("console"),
        }
    }
}

/// A verb on one instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerbAsk {
    pub instance: String,
    /// `start`, `stop` or `restart`.
    pub verb: String,
    #[serde(default)]
    pub no_wait: bool,
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    #[serde(default)]
    pub now: bool,
    #[serde(default)]
    pub lock_wait_ms: Option<u64>,
    #[serde(default)]
    pub keeps_intent: bool,
    #[serde(default)]
    pub force: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_stopped: bool,
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl VerbAsk {
    pub fn new(instance: &str, asked: &VerbRequest) -> Self {
        Self {
            instance: instance.to_owned(),
            verb: asked.verb.as_str().to_owned(),
            no_wait: asked.no_wait,
            timeout_ms: asked.timeout.map(ms),
            now: asked.now,
            lock_wait_ms: asked.lock_wait.map(ms),
            keeps_intent: asked.keeps_intent,
            force: asked.force,
            unless_stopped: asked.unless_stopped,
        }
    }

    /// Returns the verb; `None` for one that is not known here.
    pub fn asked(&self) -> Option<VerbRequest> {
        let mut verbs = [Verb::Start, Verb::Stop, Verb::Restart].into_iter();
        Some(VerbRequest {
            verb: verbs.find(|verb| verb.as_str() == self.verb)?,
            no_wait: self.no_wait,
            timeout: self.timeout_ms.map(Duration::from_millis),
            now: self.now,
            lock_wait: self.lock_wait_ms.map(Duration::from_millis),
            keeps_intent: self.keeps_intent,
            force: self.force,
            unless_stopped: self.unless_stopped,
        })
    }
}

/// The place at which the reading of output begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogsFrom {
    Start,
    LastLines(u64),
    /// Milliseconds since 1970.
    TimeMs(u64),
}

impl From<OutputFrom> for LogsFrom {
    fn from(from: OutputFrom) -> Self {
        match from {
            OutputFrom::Start => Self::Start,
            OutputFrom::LastLines(lines) => Self::LastLines(lines),
            OutputFrom::Time(at) => Self::TimeMs(at.duration_since(UNIX_EPOCH).map_or(0, ms)),
        }
    }
}

impl From<LogsFrom> for OutputFrom {
    fn from(from: LogsFrom) -> Self {
        match from {
            LogsFrom::Start => Self::Start,
            LogsFrom::LastLines(lines) => Self::LastLines(lines),
            LogsFrom::TimeMs(ms) => Self::Time(
                UNIX_EPOCH
                    .checked_add(Duration::from_millis(ms))
                    .unwrap_or(SystemTime::UNIX_EPOCH),
            ),
        }
    }
}
