//! The watch on a unit: systemd tells of changes, and we look again. Nothing is asked
//! while nothing changes.

use std::time::Duration;

use tokio::sync::watch;

use super::managed::ManagedUnit;
use crate::supervisor::{InstanceState, Observation};

/// The interval between looks at a unit whose probes have not held yet.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Looks, and looks again after every change, until there are no receivers.
pub(super) async fn watch(unit: &ManagedUnit, seen: &watch::Sender<Option<Observation>>) {
    let name = &unit.spec().unit;
    // Subscribed before the look, so that no change between them is missed.
    let mut changes = unit.manager().follow(name);
    unit.manager().keep_loaded(name).await;
    while !seen.is_closed() {
        changes.mark_unchanged();
        let observation = unit.look().await;
        let is_known = matches!(observation, Observation::Known(_));
        let is_starting = is_known && unit.state() == InstanceState::Starting;
        seen.send_replace(Some(observation));
        let probed_again = async {
            match is_starting {
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
