//! What happened, as types: what screens and JSON are made from. The engine
//! emits these and prints nothing.

use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;
use crate::supervisor::{Activity, InstanceState, Sight};

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
    /// Whether the wanted state was reached.
    pub fn ok(&self) -> bool {
        self.error.is_none()
    }
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
    pub sight: Sight,
    /// The wish for it; `None` when nobody ever said.
    pub intent: Option<Want>,
}

/// Something that happened while a verb was carried out over instances.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
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
