//! The watch on an object: changes of its context are told, and we look at what is known
//! of it then. Nothing is asked while nothing changes.

use std::time::Duration;

use tokio::sync::watch;

use super::managed::ManagedObject;
use crate::supervisor::{InstanceState, Observation};

/// The interval between looks at an object whose probes have not held yet.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Looks, and looks again after every change, until there are no receivers.
pub(super) async fn watch_object(
    object: &ManagedObject,
    mut changes: watch::Receiver<u64>,
    seen: &watch::Sender<Option<Observation>>,
) {
    while !seen.is_closed() {
        changes.mark_unchanged();
        let observation = object.look().await;
        let is_known = matches!(observation, Observation::Known(_));
        let is_probed = is_known && object.state() == InstanceState::Starting && !object.plan().is_ready_by_default();
        seen.send_replace(Some(observation));
        let probed_again = async {
            match is_probed {
                true => tokio::time::sleep(PROBE_EVERY).await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = probed_again => {}
            () = seen.closed() => return,
        }
    }
}
