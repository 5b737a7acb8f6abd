//! The acts of `run` that nobody typed: a launch after a crash, and the stop of a
//! hung game.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::hold::{self, Waiting};
use super::intent;
use crate::event::Want;
use crate::failure::Failure;
use crate::store::{self, InstanceDir, StateDir, lock};
use crate::supervisor::{Facts, InstanceState, Observation, Outcome, StartOptions, StopOptions, Supervisor};

/// The pauses between two looks while another is at work.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Launches an instance that is down, as the nth automatic restart. Returns
/// `None` when nothing was done: it is to be stopped, it runs, or it is not known
/// whether it does.
///
/// # Errors
/// When it could not be launched.
///
/// # Cancel safety
/// Dropped, it abandons the wait and frees the lock.
pub async fn launch_if_down(
    target: &Arc<dyn Supervisor>,
    state: &StateDir,
    restarts: u32,
) -> Result<Option<Outcome>, Failure> {
    let is_down = |facts: &Facts| !facts.state.is_alive();
    unasked(
        target,
        state,
        |_| {},
        is_down,
        async |dir| {
            let how = StartOptions {
                no_wait: true,
                restarts,
                ..StartOptions::default()
            };
            let started = Arc::clone(target).start_with(how).await;
            // Without it a stop is still possible, if not on record.
            let _ = store::intent::reserve_stop(dir);
            let _ = dir.remove_stale_files();
            started
        },
    )
    .await
}

/// Waits until nobody is at work on an instance that is down. Returns false when it is
/// not down any more.
///
/// # Cancel safety
/// Safe.
pub async fn is_left_down(target: &Arc<dyn Supervisor>, state: &StateDir) -> bool {
    let mut pause = FIRST_PAUSE;
    let at_work =
        || matches!(state.instance(target.instance_id()), Ok(Some(dir)) if lock::is_at_work(&dir).unwrap_or(false));
    while at_work() {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        if matches!(target.look().await, Observation::Known(facts) if facts.state.is_alive()) {
            return false;
        }
    }
    true
}

/// The progress of a stop that nobody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopProgress {
    /// The wait for this one, who is at work on the instance.
    WaitsFor(String),
    Begun,
}

/// Stops an instance by its chain if it is still in this state, since the same
/// time. Returns false when nothing was done: it is to be stopped, has become
/// ready, or was started again.
///
/// # Errors
/// When it could not be stopped.
///
/// # Cancel safety
/// Dropped, it abandons the wait and frees the lock; a stop that was begun
/// goes on.
pub async fn stop_if_unchanged(
    target: &Arc<dyn Supervisor>,
    state: &StateDir,
    in_state: &InstanceState,
    since: Option<SystemTime>,
    tell: impl Fn(StopProgress),
) -> Result<bool, Failure> {
    let is_unchanged = |facts: &Facts| facts.state == *in_state && facts.since == since;
    let told = |holder| tell(StopProgress::WaitsFor(holder));
    let stopped = unasked(target, state, told, is_unchanged, async |_| {
        tell(StopProgress::Begun);
        Arc::clone(target).stop_with(StopOptions::default()).await
    });
    Ok(stopped.await?.is_some())
}

/// Acts on an instance once its lock is held, if it is not to be stopped and
/// is as it should be for that. The intent is left as it is. Returns the outcome where
/// it acted.
async fn unasked(
    target: &Arc<dyn Supervisor>,
    state: &StateDir,
    waits_for: impl Fn(String),
    is_needed: impl Fn(&Facts) -> bool,
    act: impl AsyncFnOnce(&InstanceDir) -> anyhow::Result<Outcome>,
) -> Result<Option<Outcome>, Failure> {
    let dir = state.create_instance(target.instance_id())?;
    let waiting = Waiting {
        verb: "run",
        lock_until: None,
        verb_until: None,
        gives_way_from: None,
    };
    let _lock = hold::hold(&dir, &waiting, waits_for).await?;
    if intent::read(&dir)?.is_some_and(|intent| intent.want == Want::Stopped) {
        return Ok(None);
    }
    match target.look().await {
        Observation::Known(facts) if is_needed(&facts) => {}
        _ => return Ok(None),
    }
    let outcome = act(&dir).await.map_err(|error| Failure::from_error(&error))?;
    Ok(Some(outcome))
}
