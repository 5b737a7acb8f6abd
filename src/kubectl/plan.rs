//! All that the inventory has of an object beside its place.

use crate::inventory::{Channels, Healthy, Instance, PlayersRule, Probe, Ready, StopAction, StopStep};

#[derive(Default)]
pub(super) struct KubectlPlan {
    pub(super) ready: Ready,
    pub(super) healthy: Option<Healthy>,
    pub(super) players: Option<PlayersRule>,
    pub(super) stop: Vec<StopStep>,
    pub(super) channels: Channels,
    /// True if only its pods tell that it is ready.
    is_ready_by_default: bool,
}

impl KubectlPlan {
    /// Returns the plan of an object that is not in the inventory.
    pub(super) fn unlisted() -> Self {
        Self {
            is_ready_by_default: true,
            ..Self::default()
        }
    }

    pub(super) fn of(instance: &Instance) -> Self {
        let mut ready = instance.ready.clone();
        // Only a preset can ask for a log here, and pods say themselves when they are ready.
        ready
            .probes
            .retain(|probe| !matches!(probe, Probe::Log(_) | Probe::LogFile(_) | Probe::AliveFor(_)));
        let is_possible = |step: &&StopStep| !matches!(step.action, StopAction::Signal(_) | StopAction::Named(_));
        Self {
            is_ready_by_default: ready.probes.is_empty(),
            ready,
            healthy: instance.healthy.clone(),
            players: instance.counted_by(),
            stop: instance.stop.iter().filter(is_possible).cloned().collect(),
            channels: instance.channels.clone(),
        }
    }

    pub(super) fn is_ready_by_default(&self) -> bool {
        self.is_ready_by_default
    }
}
