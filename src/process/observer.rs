//! Looking at one instance: at a snapshot of all, or at its records and shim.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::evidence::{Evidence, tells_all};
use super::game::ManagedGame;
use super::situation::Situation;
use super::snapshot::Snapshot;
use super::{facts, main_pattern, unnoticed};
use crate::supervisor::{InstanceState, Observation, join_notes};
use crate::sys::clock;

/// The time on the boot-time clock that stands for "not ready": no uptime
/// comes of it.
const NOT_READY: u64 = u64::MAX;

/// Looks at one instance, and remembers since when it is ready.
#[derive(Debug)]
pub(super) struct Observer {
    game: Arc<ManagedGame>,
    snapshot: Option<Arc<Snapshot>>,
    ready_boot_ms: AtomicU64,
}

impl Observer {
    pub(super) fn new(game: Arc<ManagedGame>, snapshot: Option<Arc<Snapshot>>) -> Self {
        Self {
            game,
            snapshot,
            ready_boot_ms: AtomicU64::new(NOT_READY),
        }
    }

    pub(super) fn has_snapshot(&self) -> bool {
        self.snapshot.is_some()
    }

    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// Returns the observation of the snapshot, if its shim reported one, else a
    /// fresh one.
    pub(super) fn observe(&self) -> Observation {
        let Some(snapshot) = self.snapshot.as_deref() else {
            return self.observe_anew();
        };
        if let Some(entry) = snapshot.of(&self.game.id).filter(|entry| tells_all(entry)) {
            let situation = Situation::Kept(entry);
            self.remember(situation);
            let observation = unnoticed::correction(&self.game, entry);
            let reported = || facts::of_entry(entry, snapshot.now_boot_ms()).into();
            return self.remarked(situation, observation.unwrap_or_else(reported));
        }
        // The snapshot holds all living shims, those without a folder too.
        let gathered = self.game.gather_in_folder();
        self.conclude(gathered.map(|evidence| evidence.unwrap_or_else(Evidence::never_started)))
    }

    pub(super) fn observe_anew(&self) -> Observation {
        self.conclude(self.game.gather())
    }

    pub(super) fn conclude(&self, gathered: Result<Evidence, String>) -> Observation {
        match gathered {
            Ok(evidence) => {
                let situation = Situation::of(&evidence);
                self.remember(situation);
                let correction = match situation {
                    Situation::Kept(entry) => unnoticed::correction(&self.game, entry),
                    _ => None,
                };
                let observation = || facts::observation(&evidence, &self.game.policy);
                self.remarked(situation, correction.unwrap_or_else(observation))
            }
            Err(reason) => Observation::Unknown { reason },
        }
    }

    /// Adds what else is to be said of a game that runs: that it was started from another
    /// entry, and that `main` matches nothing.
    fn remarked(&self, situation: Situation<'_>, mut observation: Observation) -> Observation {
        if let Observation::Known(facts) = &mut observation
            && matches!(facts.state, InstanceState::Starting | InstanceState::Running)
        {
            let then = match situation {
                Situation::Kept(entry) => entry.entry,
                _ => None,
            };
            let drift = self.game.drift(then);
            let unmatched = main_pattern::remark(&self.game, &situation);
            facts.note = join_notes([facts.note.take(), drift, unmatched]);
        }
        observation
    }

    /// Returns the remark on a `main` that matches nothing.
    pub(super) fn remark(&self) -> Option<String> {
        let evidence = self.game.gather().ok()?;
        main_pattern::remark(&self.game, &Situation::of(&evidence))
    }

    fn remember(&self, situation: Situation<'_>) {
        let ready = situation.ready().map_or(NOT_READY, |ready| ready.boot_ms);
        self.ready_boot_ms.store(ready, Ordering::Relaxed);
    }

    /// Returns the seconds since the game became ready; 0 if it is not.
    pub(super) fn uptime_seconds(&self) -> u64 {
        clock::boot_ms().saturating_sub(self.ready_boot_ms.load(Ordering::Relaxed)) / 1000
    }
}

/// Returns true while the launched game is not known to be ready.
pub(super) fn awaits_ready(observation: &Observation) -> bool {
    matches!(observation, Observation::Known(facts)
        if facts.state == InstanceState::Starting && facts.pid.is_some())
}
