//! A verb that is asked for.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::event::{Verb, VerbEvent};

/// A verb with its options.
#[derive(Debug, Clone, PartialEq)]
pub struct VerbRequest {
    pub verb: Verb,
    /// `start`, `restart`: return at the launch.
    pub no_wait: bool,
    /// The time that each instance may take altogether.
    pub timeout: Option<Duration>,
    /// `stop`, `restart`: skip the polite steps.
    pub now: bool,
    /// The longest wait for the lock; `None`: as long as the verb may take.
    pub lock_wait: Option<Duration>,
    /// `stop`: leave the intent as it is.
    pub keeps_intent: bool,
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
        }
    }
}

/// The sender of the events of a verb.
pub type Events = mpsc::UnboundedSender<VerbEvent>;
