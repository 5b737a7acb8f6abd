//! The watch on a stack: the engine notifies of changes, and we look again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::supervisor::DockerComposeSupervisor;
use crate::containers::EngineEvents;
use crate::supervisor::{InstanceState, LOOK_EVERY, Observation, Supervisor};

/// The time within which changes lead to one look.
const TOGETHER: Duration = Duration::from_millis(50);

/// The interval between looks at a stack whose state may change with time alone:
/// by a probe, or when the boot budget is used up.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The interval between looks at any other stack: an engine that hangs sends no
/// events.
const QUIET: Duration = Duration::from_secs(30);

impl DockerComposeSupervisor {
    /// Looks, and looks again after every change.
    pub(super) async fn watch(&self, events: Option<&EngineEvents>, seen: &watch::Sender<Option<Observation>>) {
        // Subscribed before the look, so that no change between them is missed.
        let mut changes = events.map(|events| events.subscribe(&self.engine, &self.spec.project));
        while !seen.is_closed() {
            if let Some(changes) = &mut changes {
                changes.mark_unchanged();
            }
            seen.send_replace(Some(self.look().await));
            let Some(changes) = &mut changes else {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            let next = Instant::now() + self.rest();
            tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => tokio::time::sleep(TOGETHER).await,
                    // The event stream has closed.
                    Err(_) => tokio::time::sleep(LOOK_EVERY).await,
                },
                () = tokio::time::sleep_until(next) => {}
                () = seen.closed() => return,
            }
        }
    }

    /// Returns the longest time between two looks.
    fn rest(&self) -> Duration {
        let moves = matches!(self.state(), InstanceState::Starting | InstanceState::Stopping);
        if moves { PROBE_EVERY } else { QUIET }
    }
}
