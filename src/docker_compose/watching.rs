//! The watch on a stack: the engine notifies of changes, and we look again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::stack::ComposeStack;
use crate::containers::EngineEvents;
use crate::supervisor::{InstanceState, LOOK_EVERY, Observation};

/// The time within which changes lead to one look.
const TOGETHER: Duration = Duration::from_millis(50);

/// The interval between looks at a stack whose state may change with time alone:
/// by a probe, or when the boot budget is used up.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The interval between looks at any other stack: an engine that hangs sends no
/// events.
const QUIET: Duration = Duration::from_secs(30);

/// Looks, and looks again after every change, until there are no receivers.
pub(super) async fn watch(
    stack: &ComposeStack,
    events: Option<&EngineEvents>,
    seen: &watch::Sender<Option<Observation>>,
) {
    // Subscribed before the look, so that no change between them is missed.
    let mut changes = events.map(|events| events.subscribe(stack.engine(), &stack.spec().project));
    while !seen.is_closed() {
        if let Some(changes) = &mut changes {
            changes.mark_unchanged();
        }
        seen.send_replace(Some(stack.look().await));
        let Some(changes) = &mut changes else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let is_moving = matches!(stack.state(), InstanceState::Starting | InstanceState::Stopping);
        let next = Instant::now() + if is_moving { PROBE_EVERY } else { QUIET };
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
