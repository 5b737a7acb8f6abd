//! The row of one instance: made when something has changed, sent when that
//! shows.

use std::sync::Arc;
use std::time::Instant;

use super::clock::Clock;
use super::core::Core;
use super::restarting::Wait;
use crate::event::{Awaits, PlayerCount, Row, Want, WatchedRow};
use crate::supervisor::{InstanceState, Observation};

/// The row of one instance as it was last sent.
pub(super) struct RowView {
    place: usize,
    /// The thing that a verb or a probe waits for, and since when.
    activity: Option<(String, Instant)>,
    /// The state during that.
    state: Option<InstanceState>,
    sent: Option<Arc<WatchedRow>>,
}

impl RowView {
    pub(super) fn new(place: usize) -> Self {
        Self {
            place,
            activity: None,
            state: None,
            sent: None,
        }
    }

    pub(super) fn move_to(&mut self, place: usize) {
        self.place = place;
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent.is_some()
    }

    /// Takes in what is awaited; empty when nothing is.
    pub(super) fn note_activity(&mut self, awaiting: String) {
        if awaiting.is_empty() {
            self.activity = None;
        } else if self.activity.as_ref().is_none_or(|(known, _)| *known != awaiting) {
            self.activity = Some((awaiting, Instant::now()));
        }
    }

    /// Returns the row where it is not the one that was sent last.
    pub(super) fn update(
        &mut self,
        core: &Core,
        plane: &'static str,
        intent: Option<Want>,
        clock: &Clock,
    ) -> Option<Arc<WatchedRow>> {
        let mut observation = core.seen()?.clone();
        if let Observation::Known(facts) = &mut observation {
            facts.note = core.note(facts.note.take());
        }
        if self.state.as_ref() != core.known() {
            if self.state.is_some() {
                self.activity = None;
            }
            self.state = core.known().cloned();
        }
        let row = WatchedRow {
            row: Row {
                id: core.instance().id.clone(),
                plane,
                observation,
                intent,
                player_count: PlayerCount::NotAsked,
            },
            place: self.place,
            seen: Instant::now(),
            awaits: self.awaits(core, clock),
        };
        let is_same =
            |sent: &Arc<WatchedRow>| (&sent.row, sent.place, &sent.awaits) == (&row.row, row.place, &row.awaits);
        if self.sent.as_ref().is_some_and(is_same) {
            return None;
        }
        let row = Arc::new(row);
        self.sent = Some(Arc::clone(&row));
        Some(row)
    }

    fn awaits(&self, core: &Core, clock: &Clock) -> Option<Awaits> {
        match core.waits_for() {
            Wait::Turn => Some(Awaits::Turn),
            Wait::Restart { at_ms, restarts } => Some(Awaits::Retry {
                at: clock.instant(at_ms).into_std(),
                count: restarts,
            }),
            Wait::Nothing => {
                let (what, since) = self.activity.as_ref()?;
                let is_alive = core.known().is_some_and(InstanceState::is_alive);
                is_alive.then(|| Awaits::Open {
                    what: what.clone(),
                    since: *since,
                })
            }
        }
    }
}
