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
//! Before all that, without the lock, a verb may warn the players, or wait until nobody plays
//! (`courtesy`, and `work::before_end`).
//!
//! An instance that needs others of the verb waits for its turn (`order`): a start until
//! they run, a stop until what needs it has ended, a restart for both.
//!
//! This room talks to the [`Supervisor`] trait and to the store alone. It does
//! not choose the instances, and it does not know what runs them.

mod countdowns;
mod courtesy;
mod elsewhere;
mod hold;
mod intent;
mod order;
#[cfg(test)]
mod tests;
mod unasked;
mod work;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use countdowns::Countdowns;
pub use courtesy::{Courtesy, CourtesyAsk};
pub use elsewhere::{Elsewhere, ElsewhereById};
pub use unasked::{StopProgress, is_left_down, launch_if_down, stop_if_unchanged};
pub use work::Events;

use crate::event::{Verb, VerbResult};
use crate::failure::Failure;
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::supervisor::{Supervisor, VerbRequest};
use order::Turns;
use work::Work;

/// The most instances that are worked on at the same time.
const AT_ONCE: usize = 64;

/// The instances that a verb is about, and how they are connected.
#[derive(Default)]
pub struct Dispatch {
    pub targets: Vec<Arc<dyn Supervisor>>,
    /// Those that another inventory has started.
    pub elsewhere: Arc<ElsewhereById>,
    /// The ids that one needs: those among the targets start before it, and end after it.
    pub needs: HashMap<String, Vec<String>>,
    /// Those that are only started, whatever the verb: others need them.
    pub only_started: HashSet<String>,
    /// Those that are left as they are, each with the reason.
    pub refused: HashMap<String, Failure>,
    /// The courtesy towards the players of each, by id; none where there is no entry.
    pub courtesies: HashMap<String, Courtesy>,
    pub countdowns: Arc<Countdowns>,
    /// The reports of changes to folders, by which a countdown learns that it is cancelled. Without
    /// them it looks again and again.
    pub changes: Option<Arc<Changes>>,
    /// The instances that several of these may work on at the same time, all together;
    /// `None`: those of this one alone.
    pub slots: Option<Arc<Semaphore>>,
}

/// Carries the request out on every target, and returns the results in the
/// order of the targets.
///
/// # Cancel safety
/// Dropped, it abandons the waits and frees the locks; what was launched or
/// is being stopped goes on.
pub async fn dispatch(
    request: &VerbRequest,
    over: &Dispatch,
    state: &Arc<StateDir>,
    events: Events,
) -> Vec<VerbResult> {
    let own_slots = || Arc::new(Semaphore::new(AT_ONCE));
    let slots = over.slots.clone().unwrap_or_else(own_slots);
    let mut tasks = JoinSet::new();
    let targets = &over.targets;
    let turns = Turns::new(targets, |id| over.needs.get(id).cloned().unwrap_or_default());
    for (index, (target, turn)) in targets.iter().zip(turns.into_list()).enumerate() {
        let id = target.instance_id();
        let mut request = request.clone();
        if over.only_started.contains(id) {
            request.verb = Verb::Start;
        }
        // Those that need it wait until it runs.
        request.no_wait &= !turn.is_needed();
        let work = Work::new(
            request,
            Arc::clone(target),
            Arc::clone(&over.elsewhere),
            Arc::clone(state),
            events.clone(),
            turn,
        )
        .courteous(
            over.courtesies.get(id).cloned().unwrap_or_default(),
            &over.countdowns,
            over.changes.as_ref(),
        );
        let (slots, refused) = (Arc::clone(&slots), over.refused.get(id).cloned());
        tasks.spawn(async move { (index, work.run(&slots, refused).await) });
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
