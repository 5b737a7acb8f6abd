//! The remarks that a row shows beside the state.

use crate::supervisor::DRIFTED;

/// The remarks on one instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub(super) restart_to_apply: bool,
}

impl Notes {
    /// Joins the remarks with the one of the plane; `None` if there is none.
    pub(super) fn join(&self, listed: bool, silent: Option<&str>, of_plane: Option<String>) -> Option<String> {
        let mut notes = Vec::new();
        if !listed {
            notes.push("no longer in the inventory".to_owned());
        }
        // The plane may tell it itself.
        if self.restart_to_apply && !of_plane.as_ref().is_some_and(|note| note.contains(DRIFTED)) {
            notes.push(DRIFTED.to_owned());
        }
        notes.extend(silent.map(str::to_owned));
        notes.extend(of_plane.filter(|note| !note.is_empty()));
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}
