//! A stop under way, as the shim has it.

use crate::policy::stop::Escalation;

/// A stop under way.
pub(super) struct Stop {
    pub(super) escalation: Escalation,
    /// Whether somebody asked for it; else what a main process left behind is
    /// being cleared away.
    pub(super) requested: bool,
    /// The last step that a client has taken on.
    pub(super) taken_on: Option<usize>,
}

impl Stop {
    /// The step that a client is to take on.
    pub(super) fn to_take_on(&self) -> Option<usize> {
        let step = self.escalation.client_step();
        step.filter(|step| self.taken_on != Some(*step))
    }
}
