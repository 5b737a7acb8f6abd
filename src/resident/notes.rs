//! The remarks that a row shows beside the state.

use crate::policy::restart::StayReason;
use crate::supervisor::DRIFTED;

/// The remarks on one instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub(super) restart_to_apply: bool,
    pub(super) failed_start: Option<String>,
    /// The reason for its stop when it hung, until it runs again.
    pub(super) hung: Option<String>,
}

impl Notes {
    /// Joins the remarks with the one of the plane; `None` if there is none.
    pub(super) fn join(
        &self,
        listed: bool,
        silent: Option<&str>,
        stays: Option<StayReason>,
        of_plane: Option<String>,
    ) -> Option<String> {
        let mut notes = Vec::new();
        if !listed {
            notes.push("no longer in the inventory".to_owned());
        }
        // The plane may tell it itself.
        if self.restart_to_apply && !of_plane.as_ref().is_some_and(|note| note.contains(DRIFTED)) {
            notes.push(DRIFTED.to_owned());
        }
        notes.extend(
            self.failed_start
                .as_ref()
                .map(|why| format!("cannot be started: {why}")),
        );
        notes.extend(self.hung.as_deref().or(silent).map(str::to_owned));
        match stays {
            Some(StayReason::Held) => notes.push("held: start it by hand".to_owned()),
            Some(StayReason::GaveUp) => notes.push("given up: start it by hand".to_owned()),
            Some(StayReason::Never) | None => {}
        }
        notes.extend(of_plane.filter(|note| !note.is_empty()));
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}
