//! Optional part of a supervisor: the engine that is responsible for the instance,
//! where that is another one than this.

use std::time::Duration;

use super::activity::Activity;
use super::outcome::Outcome;
use super::plan::PlannedStep;
use super::state::InstanceState;
use super::verb::{Verb, Want};
use crate::failure::Failure;

/// A verb with all its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbRequest {
    pub verb: Verb,
    /// `start`, `restart`: return at the launch.
    pub no_wait: bool,
    /// The time that it may take altogether.
    pub timeout: Option<Duration>,
    /// `stop`, `restart`: skip the polite steps.
    pub now: bool,
    /// The longest wait for the lock; `None`: as long as the verb may take.
    pub lock_wait: Option<Duration>,
    /// `stop`: leave the intent as it is.
    pub keeps_intent: bool,
    /// `stop`, `restart`: end also what another inventory has started.
    pub force: bool,
    /// `restart`: leave alone what somebody has stopped, or nobody has started.
    pub unless_stopped: bool,
}

impl VerbRequest {
    /// Makes a request without any option.
    pub fn new(verb: Verb) -> Self {
        Self {
            verb,
            no_wait: false,
            timeout: None,
            now: false,
            lock_wait: None,
            keeps_intent: false,
            force: false,
            unless_stopped: false,
        }
    }
}

/// A message of an engine during a verb.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineWord {
    /// The verb waits for another gamectl, such as `gamectl stop (pid 123)`.
    LockHeld(String),
    Awaiting(Activity),
}

/// The end of a verb.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineAnswer {
    pub outcome: Result<Outcome, Failure>,
    /// The state after a failure; `None` if it could not be found out.
    pub state: Option<InstanceState>,
}

impl From<Failure> for EngineAnswer {
    fn from(failure: Failure) -> Self {
        Self {
            outcome: Err(failure),
            state: None,
        }
    }
}

/// The effects that a verb would have there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnginePlan {
    /// The outcome and its reason, in words.
    pub would: String,
    /// The exit code that the verb can be expected to end with.
    pub code: u8,
    pub steps: Vec<PlannedStep>,
}

/// An engine elsewhere. It keeps the lock, the intent and the records of the
/// instance, so nobody else writes any.
#[async_trait::async_trait]
pub trait HostEngine: Send + Sync {
    /// Returns the intent as it was at the last look; `None` if none was ever set.
    fn intent(&self) -> Option<Want>;

    /// Returns a word that only the account of this engine has, until its machine boots;
    /// `None` if it cannot be asked, or has none.
    ///
    /// # Cancel safety
    /// Safe.
    async fn account(&self) -> Option<String>;

    /// Has a whole verb carried out, and passes on what the engine tells meanwhile.
    ///
    /// # Cancel safety
    /// Dropped, it abandons the wait only: what was asked for goes on.
    async fn carry_out(&self, asked: &VerbRequest, tell: &(dyn Fn(EngineWord) + Send + Sync)) -> EngineAnswer;

    /// Returns what a verb would do. Nothing is changed.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn dry_run(&self, asked: &VerbRequest) -> Result<EnginePlan, Failure>;
}
