//! The watch on a stack: the engine tells of changes, and we look again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::announcer::Announcers;
use super::supervisor::DockerComposeSupervisor;
use crate::supervisor::{InstanceState, LOOK_EVERY, Observation, Supervisor};

/// What comes so shortly after each other is looked at once.
const TOGETHER: Duration = Duration::from_millis(50);

/// How often a stack is looked at of which time alone may change what is to be
/// said: a probe, the boot budget.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// How often one is looked at that nothing is told of: an engine that hangs
/// says nothing.
const QUIET: Duration = Duration::from_secs(30);

impl DockerComposeSupervisor {
    /// Looks, and looks again whenever its engine tells of something.
    pub(super) async fn watch(&self, announcers: Option<&Announcers>, seen: &watch::Sender<Option<Observation>>) {
        // Told of changes first, so that none falls between.
        let mut told = announcers.map(|announcers| announcers.subscribe(&self.engine, &self.spec.project));
        while !seen.is_closed() {
            if let Some(told) = &mut told {
                told.mark_unchanged();
            }
            seen.send_replace(Some(self.look().await));
            let Some(told) = &mut told else {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            let next = Instant::now() + self.rest();
            tokio::select! {
                changed = told.changed() => match changed {
                    Ok(()) => tokio::time::sleep(TOGETHER).await,
                    // Nobody is left who could tell.
                    Err(_) => tokio::time::sleep(LOOK_EVERY).await,
                },
                () = tokio::time::sleep_until(next) => {}
                () = seen.closed() => return,
            }
        }
    }

    /// How long it may be left alone when nothing is told of it. An engine that
    /// is away is asked by whoever tells of it.
    fn rest(&self) -> Duration {
        let moves = matches!(self.state(), InstanceState::Starting | InstanceState::Stopping);
        if moves { PROBE_EVERY } else { QUIET }
    }
}
