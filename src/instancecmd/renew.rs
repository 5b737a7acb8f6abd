//! A stop that nobody typed: the resident supervisor's, of what hangs.

use std::sync::Arc;
use std::time::SystemTime;

use super::hold::{self, Waiting};
use super::intent;
use crate::event::Want;
use crate::failure::Failure;
use crate::store::StateDir;
use crate::supervisor::{InstanceState, Observation, StopOptions, Supervisor};

/// Stops an instance through its chain if it is running still, since the same
/// time, once the lock is held. The wish is left as it is. False when nothing
/// was done: somebody stops it, or has started it again.
///
/// # Errors
/// When it could not be stopped.
///
/// # Cancel safety
/// Dropped, it abandons the wait and frees the lock; a stop that was begun
/// goes on.
pub async fn end_hung(
    target: &Arc<dyn Supervisor>,
    state: &StateDir,
    running_since: Option<SystemTime>,
) -> Result<bool, Failure> {
    let dir = state.create_instance(target.instance_id())?;
    let waiting = Waiting {
        verb: "run",
        lock_until: None,
        verb_until: None,
        gives_way_from: None,
    };
    let _lock = hold::hold(&dir, &waiting, |_| {}).await?;
    if intent::read(&dir)?.is_some_and(|wish| wish.want == Want::Stopped) {
        return Ok(false);
    }
    match target.look().await {
        Observation::Known(facts) if facts.state == InstanceState::Running && facts.since == running_since => {}
        _ => return Ok(false),
    }
    let stopped = Arc::clone(target).stop_with(StopOptions::default()).await;
    stopped.map(|_| true).map_err(|error| Failure::from_error(&error))
}
