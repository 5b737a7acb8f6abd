//! The outcome of a look at an instance.

use super::facts::Facts;
use super::state::InstanceState;

#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    Known(Box<Facts>),
    /// The facts could not be found out, for this reason: a sentence for a
    /// person.
    Unknown {
        reason: String,
    },
}

impl Observation {
    /// Returns true if the instance is known to run.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Known(facts) if facts.state == InstanceState::Running)
    }
}

impl From<Facts> for Observation {
    fn from(facts: Facts) -> Self {
        Self::Known(Box::new(facts))
    }
}
