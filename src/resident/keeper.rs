//! The keeper of one instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clock::Clock;
use super::health::Checkup;
use super::herald::Herald;
use super::plan::{Done, Plan};
use crate::event::{ResidentEvent, WatchedRow};
use crate::inventory::{Alarm, Instance};
use crate::store::changes::{Changed, Changes};
use crate::store::history::{self, Restarts};
use crate::store::intent::{self, Intent};
use crate::store::{InstanceDir, StateDir};
use crate::supervisor::{Activity, InstanceState, Observation, Supervisor};

/// What all keepers share.
pub(super) struct Shared {
    pub(super) state: Arc<StateDir>,
    pub(super) changes: Arc<Changes>,
    pub(super) told: mpsc::UnboundedSender<ResidentEvent>,
    pub(super) launches: Arc<Semaphore>,
    pub(super) clock: Clock,
    pub(super) unsettled: AtomicUsize,
}

impl Shared {
    /// So many instances are to be looked at before all have been.
    pub(super) fn expect(&self, count: usize) {
        self.unsettled.store(count, Ordering::Relaxed);
    }

    pub(super) fn settle_one(&self) {
        let before = self
            .unsettled
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if before == Ok(1) {
            let _ = self.told.send(ResidentEvent::Settled);
        }
    }
}

/// What a changed inventory says of an instance that is kept.
pub(super) enum Change {
    /// It stands elsewhere.
    Place(usize),
    /// Its settings are others.
    Replaced {
        instance: Box<Instance>,
        supervisor: Arc<dyn Supervisor>,
        place: usize,
        restart_to_apply: bool,
    },
    /// It is not in the inventory any more.
    Unlisted { place: usize },
}

/// The keeper of one instance.
pub(super) struct Keeper {
    pub(super) instance: Instance,
    pub(super) supervisor: Arc<dyn Supervisor>,
    pub(super) shared: Arc<Shared>,
    pub(super) herald: Herald,
    pub(super) place: usize,
    pub(super) listed: bool,
    pub(super) restart_to_apply: bool,
    pub(super) observation: Option<Observation>,
    /// The last that was known, which an unknown does not wipe out.
    pub(super) known: Option<InstanceState>,
    pub(super) plan: Plan,
    pub(super) restarts: Restarts,
    pub(super) ready_since: Option<Instant>,
    /// How long it had been ready, where it is on its way to its end.
    pub(super) ran: Option<Duration>,
    /// What it waits for and since when, for the screen.
    pub(super) open: Option<(String, std::time::Instant)>,
    /// Whether it has crashed and was not healthy since.
    pub(super) ailing: bool,
    pub(super) failed_start: Option<String>,
    /// How its checks of health stand.
    pub(super) checkup: Checkup,
    /// What it does not answer, for the screen.
    pub(super) silent: Option<String>,
    /// Why it was stopped, when it hung, until it runs again.
    pub(super) hung: Option<String>,
    pub(super) told: Option<WatchedRow>,
    /// Whether anything was told of it.
    pub(super) settled: bool,
    /// Whether it is to be looked at afresh.
    pub(super) looks_again: bool,
}

impl Keeper {
    pub(super) fn new(instance: &Instance, supervisor: Arc<dyn Supervisor>, shared: Arc<Shared>, place: usize) -> Self {
        let herald = Herald::new(shared.told.clone(), Some(&instance.id));
        Self {
            instance: instance.clone(),
            supervisor,
            herald,
            place,
            listed: true,
            restart_to_apply: false,
            observation: None,
            known: None,
            plan: Plan::Nothing,
            restarts: Restarts::default(),
            ready_since: None,
            ran: None,
            open: None,
            ailing: false,
            failed_start: None,
            checkup: Checkup::default(),
            silent: None,
            hung: None,
            told: None,
            settled: false,
            looks_again: false,
            shared,
        }
    }

    /// Keeps it until its orders end, or it is not in the inventory any more
    /// and has ended.
    pub(super) async fn keep(mut self, mut orders: mpsc::UnboundedReceiver<Change>) {
        let mut changed = self.shared.changes.subscribe(&self.instance.id);
        let (mut observations, mut watching) = self.watch();
        let mut activity = self.supervisor.activity();
        loop {
            self.follow_health();
            let (due, recovers, check_due) = (self.plan.due(), self.recovers_at(), self.checkup.due());
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    None => break,
                    Some(order) => if self.take(order) {
                        (observations, watching) = self.watch();
                        activity = self.supervisor.activity();
                    },
                },
                seen = observations.changed() => {
                    let observation = observations.borrow_and_update().clone();
                    match (seen, observation) {
                        (Ok(()), Some(observation)) => self.see(observation),
                        (Ok(()), None) => {}
                        // It was not to end: again, but not in a hurry.
                        (Err(_), _) => {
                            tokio::time::sleep(crate::supervisor::LOOK_EVERY).await;
                            (observations, watching) = self.watch();
                        }
                    }
                }
                told = wish_changed(&mut changed) => if told { self.heed_wish() },
                done = self.plan.done() => match done {
                    Done::Launch(result, restarts) => self.launched(result, restarts),
                    Done::Ending(result, hung) => self.hung_ended(result, hung),
                },
                answer = self.checkup.answered() => self.heed_health(answer),
                () = until(check_due) => self.check_health(),
                () = until(due) => self.launch(),
                () = until(recovers) => self.recover(),
                () = active(&mut activity) => self.note_activity(activity.as_mut()),
            }
            if self.is_over() {
                self.herald.tell(ResidentEvent::Gone(self.instance.id.clone()));
                break;
            }
            self.tell_row();
            if std::mem::take(&mut self.looks_again) {
                (observations, watching) = self.watch();
            }
            if !std::mem::replace(&mut self.settled, self.told.is_some()) && self.settled {
                self.shared.settle_one();
            }
        }
        drop(watching);
    }

    pub(super) fn watch(&self) -> (watch::Receiver<Option<Observation>>, Watching) {
        let (seen, observations) = watch::channel(None);
        let task = tokio::spawn(Arc::clone(&self.supervisor).keep_watch(seen));
        (observations, Watching(task))
    }

    /// Takes a change of the inventory in. True when the supervisor is another.
    pub(super) fn take(&mut self, change: Change) -> bool {
        match change {
            Change::Place(place) => self.place = place,
            Change::Unlisted { place } => {
                if self.listed {
                    self.herald.info("no longer in the inventory; it is left as it is");
                }
                (self.listed, self.place, self.plan) = (false, place, Plan::Nothing);
            }
            Change::Replaced {
                instance,
                supervisor,
                place,
                restart_to_apply,
            } => {
                let alive = self.known.as_ref().is_some_and(InstanceState::is_alive);
                self.restart_to_apply |= restart_to_apply && alive;
                self.herald.info(if restart_to_apply && alive {
                    "changed in the inventory; restart it to apply that"
                } else {
                    "changed in the inventory"
                });
                (self.instance, self.supervisor) = (*instance, supervisor);
                (self.place, self.listed) = (place, true);
                self.checkup = Checkup::default();
                if let Plan::Due { restarts, .. } = self.plan {
                    // It may be what it waited for.
                    self.plan = Plan::Due {
                        at: Instant::now(),
                        restarts,
                    };
                }
                return true;
            }
        }
        false
    }

    /// When it will have run for long enough to be called healthy again.
    pub(super) fn recovers_at(&self) -> Option<Instant> {
        let since = self.ready_since.filter(|_| self.ailing)?;
        since.checked_add(self.instance.restart.reset_after)
    }

    pub(super) fn recover(&mut self) {
        self.ailing = false;
        self.restarts.history.doublings = 0;
        self.put_on_record();
        self.herald.info("healthy again");
        if let Some(Observation::Known(facts)) = &self.observation {
            let facts = facts.clone();
            self.alert(Alarm::Recovered, &facts);
        }
    }

    /// Whether there is nothing left to keep.
    pub(super) fn is_over(&self) -> bool {
        let known = self.known.as_ref();
        !self.listed
            && known.is_some_and(|state| !state.is_alive())
            && matches!(self.observation, Some(Observation::Known(_)))
    }

    pub(super) fn note_activity(&mut self, activity: Option<&mut watch::Receiver<Activity>>) {
        let Some(activity) = activity else { return };
        let what = activity.borrow_and_update().awaiting.clone();
        if what.is_empty() {
            self.open = None;
        } else if self.open.as_ref().is_none_or(|(known, _)| *known != what) {
            self.open = Some((what, std::time::Instant::now()));
        }
    }

    pub(super) fn folder(&self) -> Option<InstanceDir> {
        self.shared.state.instance(&self.instance.id).ok().flatten()
    }

    pub(super) fn wish(&self) -> Option<Intent> {
        intent::peek(&self.shared.state, &self.instance.id).ok().flatten()
    }

    pub(super) fn remember(&mut self) {
        let known = self.folder().and_then(|dir| history::read(&dir).ok().flatten());
        self.restarts = known.unwrap_or_default();
    }

    pub(super) fn put_on_record(&self) {
        let Some(dir) = self.folder() else { return };
        if let Err(error) = history::write(&dir, &self.restarts) {
            tracing::warn!(id = self.instance.id, %error, "its crashes cannot be put on record");
        }
    }
}

/// A watch under way, for as long as it is held.
pub(super) struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Returns when the folder has changed; false when nobody will tell any more.
async fn wish_changed(changed: &mut Changed) -> bool {
    if changed.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    true
}

async fn active(activity: &mut Option<watch::Receiver<Activity>>) {
    if let Some(activity) = activity
        && activity.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
