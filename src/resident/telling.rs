//! What a keeper tells.

use super::hook::{self, Alert};
use super::keeper::Keeper;
use super::plan::Plan;
use crate::event::{Awaits, PlayerCount, ResidentEvent, Row, WatchedRow};
use crate::inventory::Alarm;
use crate::policy::restart::Why;
use crate::supervisor::{Facts, InstanceState, Observation};

impl Keeper {
    pub(super) fn alert(&self, alarm: Alarm, facts: &Facts) {
        let exit_code = match facts.state {
            InstanceState::Crashed { exit_code } => exit_code,
            _ => None,
        };
        let alert = Alert {
            alarm,
            id: self.instance.id.clone(),
            state: facts.state.as_label(),
            exit_code,
            restarts: facts.restarts,
            note: facts.note.clone().unwrap_or_default(),
        };
        hook::run(&self.instance.on_event, &alert, &self.herald);
    }

    /// Tells how it stands, where that is another than what was told.
    pub(super) fn tell_row(&mut self) {
        let Some(observation) = &self.observation else { return };
        let mut observation = observation.clone();
        if let Observation::Known(facts) = &mut observation {
            let note = self.note(facts.note.take());
            facts.note = note;
        }
        let watched = WatchedRow {
            row: Row {
                id: self.instance.id.clone(),
                plane: self.supervisor.plane(),
                observation,
                intent: self.wish().map(|wish| wish.want),
                player_count: PlayerCount::NotAsked,
            },
            place: self.place,
            seen: std::time::Instant::now(),
            awaits: self.awaits(),
        };
        let same =
            |told: &WatchedRow| (&told.row, told.place, &told.awaits) == (&watched.row, watched.place, &watched.awaits);
        if !self.told.as_ref().is_some_and(same) {
            self.herald.tell(ResidentEvent::Row(Box::new(watched.clone())));
            self.told = Some(watched);
        }
    }

    pub(super) fn note(&self, own: Option<String>) -> Option<String> {
        let mut notes = Vec::new();
        if !self.listed {
            notes.push("no longer in the inventory".to_owned());
        }
        if self.restart_to_apply {
            notes.push("changed in the inventory: restart to apply".to_owned());
        }
        notes.extend(
            self.failed_start
                .as_ref()
                .map(|why| format!("cannot be started: {why}")),
        );
        notes.extend(self.hung.clone().or_else(|| self.silent.clone()));
        let down = matches!(self.known, Some(InstanceState::Crashed { .. }));
        match self.restarts.stays {
            Some(Why::Held) if down => notes.push("held: start it by hand".to_owned()),
            Some(Why::GaveUp) if down => notes.push("given up: start it by hand".to_owned()),
            _ => {}
        }
        notes.extend(own.filter(|own| !own.is_empty()));
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    pub(super) fn awaits(&self) -> Option<Awaits> {
        match &self.plan {
            Plan::Due { at, restarts } if *restarts > 0 => Some(Awaits::Retry {
                at: at.into_std(),
                count: *restarts,
            }),
            Plan::Due { .. } | Plan::Launching { .. } => Some(Awaits::Turn),
            Plan::Nothing | Plan::Deferred { .. } | Plan::Ending { .. } | Plan::Ended { .. } => {
                let (what, since) = self.open.as_ref()?;
                let alive = self.known.as_ref().is_some_and(InstanceState::is_alive);
                alive.then(|| Awaits::Open {
                    what: what.clone(),
                    since: *since,
                })
            }
        }
    }
}
