//! The schedules of all instances: one timer for the firing that comes next.
//!
//! # Theory of operation
//!
//! What is due is decided by `policy::schedule`, from what is on record and the time. A firing
//! is put on record before it is carried out (`scheduled`): killed in between, a `run` carries
//! it out less than once, and never twice. Nothing is waited for in the loop, so that no
//! firing delays another, and no disk the supervision.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::scheduled::{DeedCarrier, FiringLog, ScheduledDeed};
use super::wall_clock::WallClock;
use crate::event::{Level, LogEntry, ResidentEvent, ScheduleOutcome};
use crate::inventory::{Inventory, Schedule};
use crate::policy::schedule::{Firing, ScheduleStep, Timeline};
use crate::store::{StateDir, schedule};

/// The most records that are written at the same time.
const WRITERS: usize = 4;

/// The schedules of an inventory, carried out until this is dropped.
pub struct Scheduler {
    listed: watch::Sender<Arc<Vec<ScheduleEntry>>>,
    /// The firings that are under way.
    under_way: watch::Receiver<usize>,
    ending: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A schedule of an instance.
#[derive(Debug, Clone, PartialEq)]
struct ScheduleEntry {
    id: Arc<str>,
    schedule: Arc<Schedule>,
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scheduler {
    /// Begins with an inventory.
    pub fn begin(
        inventory: &Inventory,
        state: Arc<StateDir>,
        carrier: Arc<dyn DeedCarrier>,
        clock: impl WallClock + 'static,
        events: mpsc::UnboundedSender<ResidentEvent>,
    ) -> Self {
        let (listed, receiver) = watch::channel(Arc::new(entries(inventory)));
        let (count, under_way) = watch::channel(0);
        let ending = watch::Sender::new(false);
        let round = Round {
            lines: Vec::new(),
            logs: HashMap::new(),
            state,
            carrier,
            events,
            ending: ending.subscribe(),
            jobs: JoinSet::new(),
            count,
            busy: HashSet::new(),
            writers: Arc::new(Semaphore::new(WRITERS)),
            told: BTreeMap::new(),
        };
        Self {
            listed,
            under_way,
            ending,
            task: tokio::spawn(round.go(receiver, clock)),
        }
    }

    /// Goes over to an inventory that was read again. A schedule that stays what it was goes
    /// on; one that is new counts from now.
    pub fn change(&self, inventory: &Inventory) {
        let new = Arc::new(entries(inventory));
        self.listed.send_if_modified(|old| {
            let is_other = *old != new;
            *old = new;
            is_other
        });
    }

    /// Lets no firing begin any more, and cancels what only waits for players.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Returns the number of firings that are under way.
    pub fn under_way(&self) -> usize {
        *self.under_way.borrow()
    }

    /// Waits until no firing is under way.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn all_over(&self) {
        let mut under_way = self.under_way.clone();
        // An error means that the task is gone.
        let _ = under_way.wait_for(|count| *count == 0).await;
    }
}

fn entries(inventory: &Inventory) -> Vec<ScheduleEntry> {
    let mut entries = Vec::new();
    for instance in &inventory.instances {
        let id: Arc<str> = instance.id.as_str().into();
        entries.extend(instance.schedules.iter().map(|schedule| ScheduleEntry {
            id: Arc::clone(&id),
            schedule: Arc::clone(schedule),
        }));
    }
    entries
}

/// A schedule with what is known of its firings.
struct ScheduleLine {
    entry: ScheduleEntry,
    key: String,
    decided: i64,
    next: Option<Firing>,
}

struct Round {
    lines: Vec<ScheduleLine>,
    logs: HashMap<Arc<str>, Arc<FiringLog>>,
    state: Arc<StateDir>,
    carrier: Arc<dyn DeedCarrier>,
    events: mpsc::UnboundedSender<ResidentEvent>,
    ending: watch::Receiver<bool>,
    /// The firings that are under way; each returns its instance and the key.
    jobs: JoinSet<(Arc<str>, String)>,
    count: watch::Sender<usize>,
    busy: HashSet<(Arc<str>, String)>,
    /// The records that are written at the same time.
    writers: Arc<Semaphore>,
    /// By instance: when something is done next, as it was told.
    told: BTreeMap<Arc<str>, i64>,
}

impl Round {
    async fn go(mut self, mut listed: watch::Receiver<Arc<Vec<ScheduleEntry>>>, clock: impl WallClock) {
        let entries = Arc::clone(&listed.borrow_and_update());
        self.take(&entries, clock.now());
        loop {
            let is_ending = *self.ending.borrow();
            let next = self.lines.iter().filter_map(|line| line.next).map(|next| next.at).min();
            tokio::select! {
                biased;
                changed = self.ending.changed() => if changed.is_err() { return },
                changed = listed.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let entries = Arc::clone(&listed.borrow_and_update());
                    self.take(&entries, clock.now());
                }
                Some(done) = self.jobs.join_next() => {
                    if let Ok(done) = done {
                        self.busy.remove(&done);
                    }
                    self.count.send_replace(self.jobs.len());
                }
                () = until(&clock, next), if !is_ending => self.fire(clock.now()),
            }
        }
    }

    /// Takes over what is listed.
    fn take(&mut self, entries: &[ScheduleEntry], now: i64) {
        let mut keys: HashMap<Arc<str>, Vec<String>> = HashMap::new();
        for entry in entries {
            keys.entry(Arc::clone(&entry.id))
                .or_default()
                .push(entry.schedule.key());
        }
        for (id, keys) in &keys {
            let log = self.logs.entry(Arc::clone(id)).or_insert_with(|| {
                let (log, trouble) = FiringLog::open(Arc::clone(&self.state), id, Arc::clone(&self.writers));
                if let Some(text) = trouble {
                    let entry = LogEntry::now(Level::Warning, Some(id), text);
                    let _ = self.events.send(ResidentEvent::Happened(entry));
                }
                Arc::new(log)
            });
            log.begin(keys, now);
        }
        for (id, log) in &self.logs {
            if !keys.contains_key(id) {
                log.begin(&[], now);
            }
        }
        self.lines = entries.iter().map(|entry| self.line(entry, now)).collect();
        self.tell_next();
        self.tell_broken_off();
    }

    fn line(&self, entry: &ScheduleEntry, now: i64) -> ScheduleLine {
        let key = entry.schedule.key();
        let decided = self.logs.get(&entry.id).and_then(|log| log.decided(&key));
        let decided = decided.unwrap_or(now);
        ScheduleLine {
            next: Timeline::new(&entry.id, &entry.schedule).next(decided),
            entry: entry.clone(),
            key,
            decided,
        }
    }

    /// Tells of what an earlier `run` had begun when it was killed.
    fn tell_broken_off(&self) {
        for line in &self.lines {
            let Some(log) = self.logs.get(&line.entry.id) else {
                continue;
            };
            if self.busy.contains(&(Arc::clone(&line.entry.id), line.key.clone())) {
                continue;
            }
            if let Some(planned) = log.take_broken_off(&line.key) {
                let why = "an earlier `run` ended while it did that, so it may have been done or not";
                self.tell(line, planned, ScheduleOutcome::Failed, why);
            }
        }
    }

    /// Carries out what is due.
    fn fire(&mut self, now: i64) {
        let mut lines = std::mem::take(&mut self.lines);
        for line in &mut lines {
            let waits = line.next.is_none_or(|next| next.at > now) && line.decided <= now;
            if !waits {
                self.advance(line, now);
            }
        }
        self.lines = lines;
        self.tell_next();
    }

    /// Tells when each instance has something done next, where that has changed.
    fn tell_next(&mut self) {
        let mut next: BTreeMap<Arc<str>, i64> = BTreeMap::new();
        for line in &self.lines {
            if let Some(firing) = line.next {
                let at = next.entry(Arc::clone(&line.entry.id)).or_insert(firing.at);
                *at = firing.at.min(*at);
            }
        }
        let gone = self.told.keys().filter(|id| !next.contains_key(*id));
        let changed = next.iter().filter(|(id, at)| self.told.get(*id) != Some(*at));
        let all = gone.map(|id| (id, None)).chain(changed.map(|(id, at)| (id, Some(*at))));
        for (id, at) in all {
            let _ = self.events.send(ResidentEvent::NextFiring(id.to_string(), at));
        }
        self.told = next;
    }

    fn advance(&mut self, line: &mut ScheduleLine, now: i64) {
        loop {
            let skips = self.skips(line, now);
            let step = Timeline::new(&line.entry.id, &line.entry.schedule).step(line.decided, &skips, now);
            let firing = match step {
                ScheduleStep::Wait(next) => {
                    line.next = next;
                    return;
                }
                ScheduleStep::BeginAnew => {
                    line.decided = now;
                    self.decide(line, now);
                    continue;
                }
                ScheduleStep::Fire(firing) | ScheduleStep::Skip(firing) | ScheduleStep::Miss(firing) => firing,
            };
            let planned = firing.planned;
            line.decided = planned;
            let busy = (Arc::clone(&line.entry.id), line.key.clone());
            match step {
                ScheduleStep::Fire(_) if self.busy.contains(&busy) => {
                    self.decide(line, planned);
                    let why = "what it did before is still under way";
                    self.tell(line, planned, ScheduleOutcome::Skipped, why);
                }
                ScheduleStep::Fire(_) => self.spawn(line, planned, busy),
                ScheduleStep::Skip(_) => {
                    self.decide(line, planned);
                    self.tell(line, planned, ScheduleOutcome::Skipped, "somebody asked for that");
                }
                _ => {
                    self.decide(line, planned);
                    let why = "nobody ran `run` then, or the machine slept, and it is too late now";
                    self.tell(line, planned, ScheduleOutcome::Missed, why);
                }
            }
        }
    }

    /// Returns which firings of a schedule are to be skipped. They are read once one is due.
    fn skips(&self, line: &ScheduleLine, now: i64) -> Vec<i64> {
        if line.next.is_none_or(|next| next.at > now) {
            return Vec::new();
        }
        let folder = self.state.instance(&line.entry.id).ok().flatten();
        let skips = folder
            .and_then(|folder| schedule::skips(&folder).ok())
            .unwrap_or_default();
        skips
            .into_iter()
            .filter(|(key, _)| *key == line.key)
            .map(|(_, at)| at)
            .collect()
    }

    fn decide(&self, line: &ScheduleLine, until: i64) {
        if let Some(log) = self.logs.get(&line.entry.id) {
            log.decide(&line.key, until);
        }
    }

    fn spawn(&mut self, line: &ScheduleLine, planned: i64, busy: (Arc<str>, String)) {
        let Some(log) = self.logs.get(&line.entry.id) else {
            return;
        };
        let deed = ScheduledDeed {
            id: Arc::clone(&line.entry.id),
            schedule: Arc::clone(&line.entry.schedule),
            planned,
            log: Arc::clone(log),
            carrier: Arc::clone(&self.carrier),
            events: self.events.clone(),
            ending: self.ending.clone(),
        };
        self.busy.insert(busy.clone());
        self.jobs.spawn(async move {
            deed.carry_out().await;
            busy
        });
        self.count.send_replace(self.jobs.len());
    }

    fn tell(&self, line: &ScheduleLine, planned: i64, outcome: ScheduleOutcome, why: &str) {
        let entry = super::scheduled::news(&line.entry.id, &line.entry.schedule, planned, outcome, why);
        let _ = self.events.send(ResidentEvent::Happened(entry));
    }
}

async fn until(clock: &impl WallClock, at: Option<i64>) {
    match at {
        Some(at) => clock.until(at).await,
        None => std::future::pending().await,
    }
}
