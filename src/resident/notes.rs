//! The remarks that a row shows beside the state.

use crate::supervisor::{DRIFTED, Facts, join_notes};

/// The remarks on one instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub(super) restart_to_apply: bool,
}

impl Notes {
    /// Joins the remarks with the one of the plane; `None` if there is none.
    pub(super) fn join(
        &self,
        listed: bool,
        left_down: Option<String>,
        silent: Option<&str>,
        facts: &Facts,
    ) -> Option<String> {
        let unlisted = (!listed).then(|| "no longer in the inventory".to_owned());
        let of_plane = facts.note.clone();
        // The plane may tell it itself.
        let is_told = of_plane.as_ref().is_some_and(|note| note.contains(DRIFTED));
        let drift = (self.restart_to_apply && !is_told).then(|| DRIFTED.to_owned());
        // What has left the inventory cannot be started.
        let left_down = left_down.filter(|_| listed);
        join_notes([unlisted, left_down, drift, silent.map(str::to_owned), of_plane])
    }
}
