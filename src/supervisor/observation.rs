//! The outcome of a look at an instance.

use super::facts::Facts;

#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    Known(Box<Facts>),
    /// The facts could not be found out, for this reason: a sentence for a
    /// person.
    Unknown {
        reason: String,
    },
}

impl From<Facts> for Observation {
    fn from(facts: Facts) -> Self {
        Self::Known(Box::new(facts))
    }
}
