//! The instances on other hosts in a `run` of this one: they are kept there, by the
//! gamectl of their host, and shown here.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

use crate::event::{Awaits, ResidentEvent, WatchedRow};
use crate::fleet::{Fleet, Member};
use crate::inventory::Inventory;
use crate::players::PlayerCounts;
use crate::ssh::KeptWord;
use crate::supervisor::{Observation, Supervisor};
use crate::watcher::Watcher;

/// A watch over the instances on other hosts.
pub(super) struct Onlookers {
    supervisors: Vec<Arc<dyn Supervisor>>,
    /// The number of rows of this host, which stand before these.
    before: Arc<AtomicUsize>,
    told: UnboundedSender<ResidentEvent>,
    events: UnboundedSender<ResidentEvent>,
    _watcher: Watcher,
    counts_players: bool,
    _player_counts: Option<PlayerCounts>,
    _passing: JoinSet<()>,
}

impl Onlookers {
    /// Begins to watch what an inventory lists on other hosts. The rows stand behind
    /// those of this one. `words` has what is heard beside the rows. Their players are
    /// counted where a screen shows them.
    pub(super) fn over(
        fleet: &Fleet,
        inventory: &Inventory,
        events: &UnboundedSender<ResidentEvent>,
        words: UnboundedReceiver<KeptWord>,
        counts_players: bool,
    ) -> Self {
        let (told, heard) = mpsc::unbounded_channel();
        let before = Arc::default();
        let passing = HostedRows {
            before: Arc::clone(&before),
            events: events.clone(),
            rows: HashMap::new(),
            awaits: HashMap::new(),
        };
        let (supervisors, count, watcher) = follow(fleet, inventory, &told);
        before.store(count, Ordering::Relaxed);
        let mut tasks = JoinSet::new();
        tasks.spawn(passing.pass_on(heard, words));
        let counts = counts_players.then(|| PlayerCounts::of(supervisors.iter(), events));
        Self {
            supervisors,
            before,
            told,
            events: events.clone(),
            counts_players,
            _player_counts: counts,
            _watcher: watcher,
            _passing: tasks,
        }
    }

    /// Goes over to an inventory that was read again.
    pub(super) fn change(&mut self, fleet: &Fleet, inventory: &Inventory) {
        let (supervisors, count, watcher) = follow(fleet, inventory, &self.told);
        self.before.store(count, Ordering::Relaxed);
        self._watcher = watcher;
        let counts = || PlayerCounts::of(supervisors.iter(), &self.events);
        self._player_counts = self.counts_players.then(counts);
        let left = std::mem::replace(&mut self.supervisors, supervisors);
        let ids = left.iter().map(|one| one.instance_id());
        for gone in ids.filter(|id| inventory.get(id).is_none()) {
            let _ = self.events.send(ResidentEvent::Gone(gone.to_owned()));
        }
    }

    /// Returns the supervisors of the instances.
    pub(super) fn supervisors(&self) -> &[Arc<dyn Supervisor>] {
        &self.supervisors
    }
}

/// Begins to watch what is on other hosts. Returns its supervisors, and the number of
/// instances of this host.
fn follow(
    fleet: &Fleet,
    inventory: &Inventory,
    told: &UnboundedSender<ResidentEvent>,
) -> (Vec<Arc<dyn Supervisor>>, usize, Watcher) {
    let members = fleet.members(inventory).into_iter();
    let (elsewhere, here): (Vec<Member>, Vec<Member>) =
        members.partition(|member| inventory.get(member.id()).is_some_and(|one| one.hosted.is_some()));
    let watcher = Watcher::over(&elsewhere, None, told);
    let supervisors = elsewhere.into_iter().map(|member| member.supervisor).collect();
    (supervisors, here.len(), watcher)
}

/// The rows of instances on other hosts, with what their keepers wait for.
struct HostedRows {
    before: Arc<AtomicUsize>,
    events: UnboundedSender<ResidentEvent>,
    rows: HashMap<String, Arc<WatchedRow>>,
    awaits: HashMap<String, Awaits>,
}

impl HostedRows {
    async fn pass_on(mut self, mut heard: UnboundedReceiver<ResidentEvent>, mut words: UnboundedReceiver<KeptWord>) {
        loop {
            tokio::select! {
                Some(event) = heard.recv() => match event {
                    ResidentEvent::Row(watched) => self.row(&watched),
                    ResidentEvent::Happened(entry) => self.send(ResidentEvent::Happened(entry)),
                    // That all are seen is said of those of this host.
                    _ => {}
                },
                Some(word) = words.recv() => match word {
                    KeptWord::Happened(entry) => self.send(ResidentEvent::Happened(entry)),
                    KeptWord::Awaits(id, awaits) => self.awaits(&id, awaits),
                },
                else => return,
            }
        }
    }

    fn send(&self, event: ResidentEvent) {
        // Without a receiver `run` is about to end.
        let _ = self.events.send(event);
    }

    fn row(&mut self, watched: &WatchedRow) {
        let id = &watched.row.id;
        // Of a host that is lost nothing is awaited.
        if matches!(watched.row.observation, Observation::Unknown { .. }) {
            self.awaits.remove(id);
        }
        let moved = Arc::new(WatchedRow {
            place: watched.place + self.before.load(Ordering::Relaxed),
            awaits: self.awaits.get(id).cloned().or_else(|| watched.awaits.clone()),
            ..watched.clone()
        });
        self.rows.insert(id.clone(), Arc::clone(&moved));
        self.send(ResidentEvent::Row(moved));
    }

    fn awaits(&mut self, id: &str, awaits: Option<Awaits>) {
        let known = match &awaits {
            Some(awaits) => self.awaits.insert(id.to_owned(), awaits.clone()),
            None => self.awaits.remove(id),
        };
        if known != awaits
            && let Some(row) = self.rows.get(id)
        {
            let again = WatchedRow {
                awaits,
                ..row.as_ref().clone()
            };
            self.send(ResidentEvent::Row(Arc::new(again)));
        }
    }
}
