//! Optional part of a supervisor: the steps of a verb, for a dry run.

use std::time::Duration;

use super::options::{StartOptions, StopOptions};

/// One step that a verb would take.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PlannedStep {
    /// The action with its limits. Holds no secret.
    pub does: String,
    /// The reason: a key of the inventory, or a fact.
    pub cause: String,
}

impl PlannedStep {
    pub fn new(does: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            does: does.into(),
            cause: cause.into(),
        }
    }

    /// Returns the last step of a start: the wait until `until` holds, for as long as
    /// `ready` has it where no other limit was asked for.
    pub fn wait_until_ready(options: &StartOptions, ready: Duration, until: &str) -> Self {
        if options.no_wait {
            return Self::new("return without waiting until it is ready", "--no-wait");
        }
        let (limit, cause) = match options.timeout {
            Some(limit) => (limit, "ready, --timeout"),
            None => (ready, "ready"),
        };
        let limit = humantime::format_duration(limit);
        Self::new(format!("wait up to {limit} until {until}"), cause)
    }
}

pub trait VerbPlan {
    /// Returns the steps that `start_with` would take on a stopped instance.
    /// Nothing is touched.
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep>;

    /// Returns the steps that `stop_with` would take on a running instance that
    /// ends at none of them. Nothing is touched.
    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep>;
}
