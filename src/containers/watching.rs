//! The watch on a group: the engine notifies of changes, and we look again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::supervisor::{InstanceState, LOOK_EVERY, Observation};

/// The interval between looks at a group whose state may change with time alone:
/// by a probe, or when the boot budget is used up.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The interval between looks at any other group: an engine that hangs sends no
/// events.
const QUIET: Duration = Duration::from_secs(30);

/// Looks, and looks again after every change, until there are no receivers.
/// `changes` is subscribed before this, so that none is missed; those within `together`
/// lead to one look. Without it, looks follow each other at the usual interval.
pub async fn keep_watch<L: Future<Output = Observation>>(
    look: impl Fn() -> L,
    mut changes: Option<watch::Receiver<u64>>,
    together: Duration,
    seen: &watch::Sender<Option<Observation>>,
) {
    let mut is_moving = false;
    while !seen.is_closed() {
        if let Some(changes) = &mut changes {
            changes.mark_unchanged();
        }
        let observation = look().await;
        if let Observation::Known(facts) = &observation {
            is_moving = matches!(facts.state, InstanceState::Starting | InstanceState::Stopping);
        }
        seen.send_replace(Some(observation));
        let Some(changes) = &mut changes else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let next = Instant::now() + if is_moving { PROBE_EVERY } else { QUIET };
        tokio::select! {
            changed = changes.changed() => match changed {
                Ok(()) => tokio::time::sleep(together).await,
                // The event stream has closed.
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            },
            () = tokio::time::sleep_until(next) => {}
            () = seen.closed() => return,
        }
    }
}
