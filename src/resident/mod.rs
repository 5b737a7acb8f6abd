//! `gamectl run`: one keeper per instance that watches it, starts it, and
//! starts it again by its restart policy.
//!
//! # Theory of operation
//!
//! A keeper receives every change from its supervisor. Its core, which is pure,
//! decides; the keeper carries that out. Before a launch it takes the lock of
//! the instance and looks again, so that it works against no verb that is
//! typed elsewhere. The record of crashes lets the next resident supervisor go
//! on where this one was killed. A keeper sets no intent and owns no game: when
//! it ends, no game does.
//!
//! ```text
//! supervisor ─ observation ─▶ core ─ effects ─▶ lock, look, launch
//!                               ▲                log, record, hooks
//!        timers, intent ────────┘                ResidentEvent ─▶ screen, JSON
//! ```

mod boot;
mod checkup;
mod clock;
mod core;
mod crash;
mod event_sender;
mod hook;
mod keeper;
mod lateness;
mod left_down;
mod needed;
mod notes;
mod ready_time;
mod restarting;
mod scheduled;
mod scheduler;
mod step;
#[cfg(test)]
mod tests;
mod wall_clock;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use crate::event::{EventKind, Level, ResidentEvent};
use crate::fleet::Fleet;
use crate::inventory::{Instance, Inventory};
use crate::players::PlayerCounts;
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::supervisor::Supervisor;
use clock::Clock;
use event_sender::EventSender;
pub use hook::HookRoom;
use keeper::{Listing, Shared, keep};
use needed::Needed;
pub use needed::NeededById;
pub use scheduled::DeedCarrier;
pub use scheduler::Scheduler;
pub use wall_clock::MachineClock;

/// A keeper under way, which ends when this is dropped.
struct Kept {
    listing: watch::Sender<Listing>,
    task: JoinHandle<()>,
}

impl Kept {
    fn supervisor(&self) -> Arc<dyn Supervisor> {
        Arc::clone(&self.listing.borrow().supervisor)
    }

    /// Passes on what an inventory that was read again says. Without
    /// changed settings those it has stay.
    fn update(&self, place: usize, changed: Option<(&Arc<Instance>, &Arc<dyn Supervisor>, Needed)>, listed: bool) {
        self.listing.send_if_modified(|old| {
            let is_same = changed.is_none() && (old.place, old.listed) == (place, listed);
            (old.place, old.listed) = (place, listed);
            if let Some((instance, supervisor, needed)) = changed {
                old.needed = needed;
                old.instance = Arc::clone(instance);
                old.supervisor = Arc::clone(supervisor);
            }
            !is_same
        });
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The keepers of an inventory.
pub struct Resident {
    fleet: Fleet,
    shared: Arc<Shared>,
    kept: HashMap<String, Kept>,
    /// True once an inventory was applied: an instance that is new then was added
    /// to it.
    has_begun: bool,
    counts_players: bool,
    player_counts: Option<PlayerCounts>,
}

impl Resident {
    /// Keeps nothing yet. At most `at_once` launches are under way at any time.
    pub fn new(
        fleet: Fleet,
        state: Arc<StateDir>,
        changes: Arc<Changes>,
        events: mpsc::UnboundedSender<ResidentEvent>,
        at_once: usize,
    ) -> Self {
        let shared = Shared {
            state,
            changes,
            events,
            launches: Semaphore::new(at_once.max(1)),
            hooks: HookRoom::new(hook::AT_ONCE),
            clock: Clock::new(),
            unsettled: AtomicUsize::new(0),
        };
        Self {
            fleet,
            shared: Arc::new(shared),
            kept: HashMap::new(),
            has_begun: false,
            counts_players: false,
            player_counts: None,
        }
    }

    #[must_use]
    pub fn counting_players(mut self, counts: bool) -> Self {
        self.counts_players = counts;
        self
    }

    /// Applies an inventory: the first one, or a changed one. Nothing that
    /// runs is stopped or restarted by it. `needed` has the instances that others need.
    pub fn apply(&mut self, inventory: &Inventory, needed: &NeededById) {
        let members = self.fleet.members(inventory);
        let count = members.len();
        if !self.has_begun {
            self.shared.expect(count);
        }
        for (place, (instance, member)) in inventory.instances.iter().zip(members).enumerate() {
            match self.kept.get(&instance.id) {
                Some(kept) if !kept.task.is_finished() => {
                    let is_same = kept.listing.borrow().instance == *instance;
                    let changed = (!is_same).then(|| (instance, &member.supervisor, needed::of(instance, needed)));
                    kept.update(place, changed, true);
                }
                _ => {
                    if self.has_begun {
                        self.events(Some(&instance.id))
                            .log(Level::Info, "added to the inventory");
                    }
                    let (listing, listings) = watch::channel(Listing {
                        instance: Arc::clone(instance),
                        supervisor: member.supervisor,
                        needed: needed::of(instance, needed),
                        place,
                        listed: true,
                    });
                    let task = tokio::spawn(keep(Arc::clone(&self.shared), listings));
                    self.kept.insert(instance.id.clone(), Kept { listing, task });
                }
            }
        }
        for (id, kept) in &self.kept {
            if inventory.get(id).is_none() {
                kept.update(count, None, false);
            }
        }
        if !self.has_begun && count == 0 {
            self.events(None).send(ResidentEvent::Settled);
        }
        self.has_begun = true;
        if self.counts_players {
            self.player_counts = Some(PlayerCounts::of(self.supervisors().iter(), &self.shared.events));
        }
    }

    /// Returns the supervisors of all that is kept.
    pub fn supervisors(&self) -> Vec<Arc<dyn Supervisor>> {
        self.kept.values().map(Kept::supervisor).collect()
    }

    /// Logs something about the supervisor itself.
    pub fn say(&self, level: Level, text: impl Into<String>) {
        self.events(None).log(level, text);
    }

    /// Logs something about the supervisor itself, of a kind that programs may want to act on.
    pub fn tell(&self, kind: EventKind, level: Level, text: impl Into<String>) {
        self.events(None).enter(Some(kind), level, text);
    }

    /// Returns what [`Resident::say`] does, for a task of its own.
    pub fn teller(&self) -> impl Fn(Level, String) + Send + 'static {
        let events = self.events(None);
        move |level, text| events.log(level, text)
    }

    fn events(&self, id: Option<&str>) -> EventSender {
        EventSender::new(self.shared.events.clone(), id)
    }

    /// Returns what tells of the hooks, which go on when the keeping has ended.
    pub fn hooks(&self) -> Arc<HookRoom> {
        Arc::clone(&self.shared.hooks)
    }

    /// Ends the keeping, and returns the supervisors of all that is listed.
    /// What has left the inventory is stopped only where it is named. Nothing
    /// that runs is touched.
    pub fn end(self) -> Vec<Arc<dyn Supervisor>> {
        let listings = self.kept.values().map(|kept| kept.listing.borrow().clone());
        let mut listings: Vec<_> = listings.filter(|listing| listing.listed).collect();
        listings.sort_by(|a, b| a.instance.id.cmp(&b.instance.id));
        listings.into_iter().map(|listing| listing.supervisor).collect()
    }
}
