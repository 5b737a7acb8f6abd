//! A start that nobody typed: the resident supervisor's.

use std::sync::Arc;

use super::hold::{self, Waiting};
use super::intent;
use crate::event::Want;
use crate::failure::Failure;
use crate::store::{self, StateDir};
use crate::supervisor::{Observation, Outcome, StartOptions, Supervisor};

/// What became of it.
#[derive(Debug)]
pub enum Resumed {
    /// It was launched.
    Launched(Outcome),
    /// Somebody wants it stopped, or has started it, or it is not known what
    /// runs: nothing was done.
    NotNeeded,
}

/// Launches an instance that is down, as the `restarts`th time by itself, if
/// that is still what is wanted once the lock is held. The wish is left as it
/// is.
///
/// # Errors
/// When it could not be launched.
///
/// # Cancel safety
/// Dropped, it abandons the wait and frees the lock.
pub async fn resume(target: &Arc<dyn Supervisor>, state: &StateDir, restarts: u32) -> Result<Resumed, Failure> {
    let dir = state.create_instance(target.instance_id())?;
    let waiting = Waiting {
        verb: "run",
        lock_until: None,
        verb_until: None,
        gives_way_from: None,
    };
    let _lock = hold::hold(&dir, &waiting, |_| {}).await?;
    if intent::read(&dir)?.is_some_and(|wish| wish.want == Want::Stopped) {
        return Ok(Resumed::NotNeeded);
    }
    match target.look().await {
        Observation::Known(facts) if !facts.state.is_alive() => {}
        _ => return Ok(Resumed::NotNeeded),
    }
    let how = StartOptions {
        no_wait: true,
        timeout: None,
        restarts,
    };
    let started = Arc::clone(target).start_with(how).await;
    // Without it a stop is still possible, if not on record.
    let _ = store::intent::reserve_stop(&dir);
    let _ = dir.tidy();
    started
        .map(Resumed::Launched)
        .map_err(|error| Failure::from_error(&error))
}
