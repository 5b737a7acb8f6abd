//! The outcome of a verb that succeeded.

use super::state::InstanceState;

#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// False if the instance was already in the wanted state.
    pub changed: bool,
    /// The state at the end.
    pub state: InstanceState,
    /// The stop step that ended the instance: `stdin: quit`, `signal: TERM`,
    /// `kill`.
    pub ended_by: Option<String>,
    /// Further information for a person.
    pub note: Option<String>,
}
