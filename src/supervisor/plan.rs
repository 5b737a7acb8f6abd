//! Optional part of a supervisor: the steps of a verb, for a dry run.

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
}

pub trait VerbPlan {
    /// Returns the steps that `start_with` would take on a stopped instance.
    /// Nothing is touched.
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep>;

    /// Returns the steps that `stop_with` would take on a running instance that
    /// ends at none of them. Nothing is touched.
    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep>;
}
