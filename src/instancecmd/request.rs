//! A verb that is asked for.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::event::{Verb, VerbEvent};
use crate::failure::Failure;
use crate::invocation::{command, command_for};
use crate::supervisor::WholeVerb;

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
    /// `stop`, `restart`: end also what another inventory has started.
    pub force: bool,
    /// The instances, by their ids, that another inventory has started.
    pub elsewhere: Arc<HashMap<String, Elsewhere>>,
}

/// The inventory that has started an instance, where it is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub file: PathBuf,
    /// False when the file is gone, or does not list the instance any more: it was
    /// renamed, or the instance has moved.
    pub is_listed: bool,
}

impl Elsewhere {
    pub fn note(&self) -> String {
        let file = self.file.display();
        match self.is_listed {
            true => format!("started from {file}"),
            false if !self.file.exists() => format!("started from {file}, which is gone"),
            false => format!("started from {file}, which does not list it any more"),
        }
    }

    /// Returns the failure of a verb that would end what the other inventory has
    /// started.
    pub fn refusal(&self, verb: Verb, id: &str) -> Failure {
        let verb = verb.as_str();
        let message = format!("it was {}, and not from this inventory", self.note());
        let there = command_for(&self.file, format_args!("{verb} {id}"));
        let here = command(format_args!("{verb} --force {id}"));
        Failure::failed(message).hint(format!("{there}, or, by the inventory that is named here, {here}"))
    }
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
            elsewhere: Arc::default(),
        }
    }

    /// Returns it for the engine of another host.
    pub fn whole(&self) -> WholeVerb {
        WholeVerb {
            verb: self.verb,
            no_wait: self.no_wait,
            timeout: self.timeout,
            now: self.now,
            lock_wait: self.lock_wait,
            keeps_intent: self.keeps_intent,
            force: self.force,
        }
    }

    /// Returns true if it would end what belongs to another inventory.
    pub fn is_refused(&self, other: &Elsewhere) -> bool {
        self.verb != Verb::Start && !self.force && other.is_listed
    }
}

/// The sender of the events of a verb.
pub type Events = mpsc::UnboundedSender<VerbEvent>;
