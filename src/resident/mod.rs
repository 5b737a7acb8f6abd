//! `gamectl run`: one keeper per instance that watches it, starts it, and
//! starts it again by its restart policy.
//!
//! # Theory of operation
//!
//! A keeper is told of every change by its supervisor, and acts on two things:
//! that an instance is down which should run, and that a delay is over. Before
//! it acts it takes the lock of the instance and looks again, so that whoever
//! typed a verb elsewhere is never fought. What it knows of crashes is on
//! record, so that the next resident supervisor goes on where this one was
//! killed. It sets no wish and owns no game: when it ends, nothing else does.
//!
//! ```text
//! supervisor ─ observation ─▶ keeper ─ policy ─▶ delay ─▶ lock, look, start
//!                         │
//!                         └─ ResidentEvent ─▶ screen, lines, JSON
//! ```

mod clock;
mod deciding;
mod health;
mod herald;
mod hook;
mod keeper;
mod lateness;
mod plan;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::event::{Level, ResidentEvent};
use crate::fleet::Ground;
use crate::inventory::{Instance, Inventory};
use crate::players::PlayerCounts;
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::supervisor::Supervisor;
use clock::Clock;
use herald::Herald;
use keeper::{Change, Keeper, Shared};

/// A keeper at work.
struct Kept {
    instance: Instance,
    supervisor: Arc<dyn Supervisor>,
    orders: mpsc::UnboundedSender<Change>,
    task: JoinHandle<()>,
    /// Whether it stands in the inventory that was taken in last.
    listed: bool,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The keepers of an inventory.
pub struct Resident {
    ground: Ground,
    shared: Arc<Shared>,
    kept: HashMap<String, Kept>,
    /// Whether an inventory was taken in before: what is new then was added.
    begun: bool,
    /// Whether it is told how many play, and who finds that out.
    counts: bool,
    player_counts: Option<PlayerCounts>,
}

impl Resident {
    /// Keeps nothing yet. At most `at_once` launches are under way at any time.
    pub fn new(
        ground: Ground,
        state: Arc<StateDir>,
        changes: Arc<Changes>,
        told: mpsc::UnboundedSender<ResidentEvent>,
        at_once: usize,
    ) -> Self {
        let shared = Shared {
            state,
            changes,
            told,
            launches: Arc::new(Semaphore::new(at_once.max(1))),
            clock: Clock::new(),
            unsettled: std::sync::atomic::AtomicUsize::new(0),
        };
        Self {
            ground,
            shared: Arc::new(shared),
            kept: HashMap::new(),
            begun: false,
            counts: false,
            player_counts: None,
        }
    }

    /// The same, for who wants to be told how many play.
    #[must_use]
    pub fn counting_players(mut self, counts: bool) -> Self {
        self.counts = counts;
        self
    }

    /// Takes an inventory in: the first one, or a changed one. Nothing that
    /// runs is stopped or restarted by it.
    pub fn apply(&mut self, inventory: &Inventory) {
        let herald = Herald::new(self.shared.told.clone(), None);
        let members = self.ground.members(inventory);
        if !self.begun {
            let count = members.len();
            self.shared.expect(count);
        }
        let mut listed = 0;
        for (place, (instance, member)) in inventory.instances.iter().zip(members).enumerate() {
            listed += 1;
            match self.kept.get_mut(&instance.id) {
                Some(kept) if kept.instance == *instance && !kept.task.is_finished() => {
                    let _ = kept.orders.send(Change::Place(place));
                }
                Some(kept) if !kept.task.is_finished() => {
                    let restart_to_apply = kept.instance.plane != instance.plane;
                    kept.instance = instance.clone();
                    kept.supervisor = Arc::clone(&member.supervisor);
                    let _ = kept.orders.send(Change::Replaced {
                        instance: Box::new(instance.clone()),
                        supervisor: member.supervisor,
                        place,
                        restart_to_apply,
                    });
                }
                _ => {
                    if self.begun {
                        herald.say(Some(&instance.id), Level::Info, "added to the inventory");
                    }
                    let kept = self.keep(instance, member.supervisor, place);
                    self.kept.insert(instance.id.clone(), kept);
                }
            }
        }
        for (id, kept) in &mut self.kept {
            kept.listed = inventory.get(id).is_some();
            if !kept.listed && !kept.orders.is_closed() {
                let _ = kept.orders.send(Change::Unlisted { place: listed });
            }
        }
        if !self.begun && listed == 0 {
            let _ = self.shared.told.send(ResidentEvent::Settled);
        }
        self.begun = true;
        if self.counts {
            let supervisors = self.kept.values().map(|kept| &kept.supervisor);
            self.player_counts = Some(PlayerCounts::of(supervisors, &self.shared.told));
        }
    }

    fn keep(&self, instance: &Instance, supervisor: Arc<dyn Supervisor>, place: usize) -> Kept {
        let (orders, receiver) = mpsc::unbounded_channel();
        let shared = Arc::clone(&self.shared);
        let keeper = Keeper::new(instance, Arc::clone(&supervisor), shared, place);
        Kept {
            instance: instance.clone(),
            supervisor,
            orders,
            task: tokio::spawn(keeper.keep(receiver)),
            listed: true,
        }
    }

    /// Tells of something that is about the supervisor itself.
    pub fn say(&self, level: Level, text: impl Into<String>) {
        Herald::new(self.shared.told.clone(), None).say(None, level, text);
    }

    /// Ends the keeping, and returns the supervisors of all that was kept to
    /// the last: what has left the inventory is nobody's to stop but those who
    /// name it. Nothing that runs is touched.
    pub fn end(self) -> Vec<Arc<dyn Supervisor>> {
        let mut kept: Vec<_> = self.kept.into_values().filter(|kept| kept.listed).collect();
        kept.sort_by(|a, b| a.instance.id.cmp(&b.instance.id));
        kept.iter().map(|kept| Arc::clone(&kept.supervisor)).collect()
    }
}
