//! A verb over many instances: the lock, the intent, the verb itself, and an
//! event at every step.
//!
//! ```text
//!  start, restart:  lock ─▶ intent := running ─▶ verb
//!  stop:            intent := stopped ─▶ lock ─▶ intent := stopped ─▶ verb
//!  stop --now:      intent := stopped ─▶ verb, with the lock where it is free
//! ```
//!
//! A stop writes its intent before it waits, so that a start which holds the
//! lock gives way. It writes it again under the lock, because another start may
//! have come in between. A start that waits for the lock gives way to a stop
//! that was typed after it.
//!
//! This room talks to the [`Supervisor`] trait and to the store alone. It does
//! not choose the instances, and it does not know what runs them.

mod elsewhere;
mod hold;
mod intent;
#[cfg(test)]
mod tests;
mod unasked;
mod work;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use elsewhere::{Elsewhere, ElsewhereById};
pub use unasked::{StopProgress, is_left_down, launch_if_down, stop_if_unchanged};
pub use work::Events;

use crate::event::VerbResult;
use crate::failure::Failure;
use crate::store::StateDir;
use crate::supervisor::{Supervisor, VerbRequest};
use work::Work;

/// The most instances that are worked on at the same time.
const AT_ONCE: usize = 64;

/// Carries the request out on every target, and returns the results in the
/// order of the targets. `elsewhere` has those that another inventory has started.
///
/// # Cancel safety
/// Dropped, it abandons the waits and frees the locks; what was launched or
/// is being stopped goes on.
pub async fn dispatch(
    request: &VerbRequest,
    targets: &[Arc<dyn Supervisor>],
    elsewhere: &Arc<ElsewhereById>,
    state: &Arc<StateDir>,
    events: Events,
) -> Vec<VerbResult> {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (index, target) in targets.iter().enumerate() {
        let work = Work::new(
            request.clone(),
            Arc::clone(target),
            Arc::clone(elsewhere),
            Arc::clone(state),
            events.clone(),
        );
        let slots = Arc::clone(&slots);
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _slot = slots.acquire().await;
            (index, work.run().await)
        });
    }
    // The channel then closes with the last task.
    drop(events);
    // The result that stays if a task panics.
    let broken = |target: &Arc<dyn Supervisor>| {
        let failure = Failure::failed("gamectl failed inside; please report this");
        VerbResult::failed(target.instance_id(), failure)
    };
    let mut results: Vec<VerbResult> = targets.iter().map(broken).collect();
    while let Some(done) = tasks.join_next().await {
        if let Ok((index, result)) = done
            && let Some(place) = results.get_mut(index)
        {
            *place = result;
        }
    }
    results
}
