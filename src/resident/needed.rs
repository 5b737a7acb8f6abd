//! The wait of a launch for the instances that it needs.

use std::collections::HashMap;
use std::sync::Arc;

use super::event_sender::EventSender;
use crate::event::Level;
use crate::inventory::Instance;
use crate::supervisor::{LOOK_EVERY, Supervisor};

/// The instances that others need, by their ids.
pub type NeededById = HashMap<String, Arc<dyn Supervisor>>;

/// The instances that one needs.
pub(super) type Needed = Arc<[Arc<dyn Supervisor>]>;

/// Returns those that an instance needs itself.
pub(super) fn of(instance: &Instance, all: &NeededById) -> Needed {
    instance.needs.iter().filter_map(|id| all.get(id).cloned()).collect()
}

/// Waits until all of them run. Whom it waits for is logged.
///
/// # Cancel safety
/// Safe.
pub(super) async fn until_they_run(needed: &[Arc<dyn Supervisor>], events: &EventSender) {
    let mut told = String::new();
    loop {
        let mut missing = Vec::new();
        for one in needed {
            if !one.look().await.is_running() {
                missing.push(one.instance_id());
            }
        }
        if missing.is_empty() {
            return;
        }
        let missing = missing.join(", ");
        if missing != told {
            events.log(Level::Info, format!("waits until what it needs runs: {missing}"));
            told = missing;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
