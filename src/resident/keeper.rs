//! The keeper of one instance: it waits for what the core decides about, and
//! carries out what that decides.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, mpsc, watch};

use super::clock::Clock;
use super::core::Core;
use super::event_sender::EventSender;
use super::hook::{HookQueue, HookRoom};
use super::lateness;
use super::left_down::standing_trouble;
use super::needed::{self, Needed};
use super::restarting::Wait;
use super::step::{Answer, CurrentIntent, Effect, Input, Moment};
use crate::event::{Awaits, Level, ResidentEvent};
use crate::instancecmd::{self, StopProgress};
use crate::inventory::Instance;
use crate::report::{self, RowView};
use crate::store::changes::{Changed, Changes};
use crate::store::history::{self, Restarts};
use crate::store::{InstanceDir, StateDir, countdown, intent};
use crate::supervisor::{Health, LOOK_EVERY, Observation, Outcome, Supervisor, join_notes};
use crate::sys::{clock, random};
use crate::systemd::host_is_shutting_down;

/// A check that fails while a timer of this process comes this late proves
/// nothing.
const LATE: Duration = Duration::from_secs(1);

/// The state that all keepers share.
pub(super) struct Shared {
    pub(super) state: Arc<StateDir>,
    pub(super) changes: Arc<Changes>,
    pub(super) events: mpsc::UnboundedSender<ResidentEvent>,
    pub(super) launches: Semaphore,
    pub(super) hooks: Arc<HookRoom>,
    pub(super) clock: Clock,
    /// The number of instances that were not looked at yet.
    pub(super) unsettled: AtomicUsize,
}

impl Shared {
    pub(super) fn expect(&self, count: usize) {
        self.unsettled.store(count, Ordering::Relaxed);
    }

    fn settle_one(&self) {
        let before = self
            .unsettled
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if before == Ok(1) {
            let _ = self.events.send(ResidentEvent::Settled);
        }
    }

    fn folder(&self, id: &str) -> Option<InstanceDir> {
        self.state.instance(id).ok().flatten()
    }
}

/// An instance as the inventory lists it.
#[derive(Clone)]
pub(super) struct Listing {
    pub(super) instance: Arc<Instance>,
    pub(super) supervisor: Arc<dyn Supervisor>,
    pub(super) needed: Needed,
    pub(super) place: usize,
    /// True if it is in the inventory that was read last.
    pub(super) listed: bool,
}

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The keeper of one instance.
struct Keeper {
    core: Core,
    supervisor: Arc<dyn Supervisor>,
    needed: Needed,
    shared: Arc<Shared>,
    events: EventSender,
    hooks: HookQueue,
    view: RowView,
    observations: Observations,
    folder_changes: Changed,
    /// The launch or the stop that is under way.
    act: Option<Task<Input>>,
    check: Option<Task<Input>>,
}

/// Keeps an instance until the listings end, or it is not in the inventory any
/// more and has ended.
pub(super) async fn keep(shared: Arc<Shared>, mut listings: watch::Receiver<Listing>) {
    let listing = listings.borrow_and_update().clone();
    let mut keeper = Keeper::new(shared, listing);
    loop {
        let input = tokio::select! {
            biased;
            changed = listings.changed() => {
                if changed.is_err() {
                    return;
                }
                let listing = listings.borrow_and_update().clone();
                keeper.take_listing(listing)
            }
            input = keeper.next() => input,
        };
        let intent = keeper.intent();
        if let Some(input) = input {
            let moment = keeper.moment(intent);
            for effect in keeper.core.step(input, &moment) {
                keeper.carry_out(effect);
            }
        }
        if keeper.core.is_over() {
            let id = keeper.core.instance().id.clone();
            keeper.events.send(ResidentEvent::Gone(id));
            return;
        }
        keeper.send_row(intent);
    }
}

impl Keeper {
    fn new(shared: Arc<Shared>, listing: Listing) -> Self {
        let Listing {
            instance,
            supervisor,
            needed,
            place,
            ..
        } = listing;
        let restarts = shared
            .folder(&instance.id)
            .and_then(|dir| history::read(&dir).ok().flatten());
        let events = EventSender::new(shared.events.clone(), Some(&instance.id));
        Self {
            hooks: HookQueue::new(events.clone(), Arc::clone(&shared.hooks)),
            events,
            view: RowView::new(place, supervisor.as_ref()),
            observations: Observations::of(&supervisor),
            folder_changes: shared.changes.subscribe(&instance.id),
            core: Core::new(instance, restarts.unwrap_or_default()),
            supervisor,
            needed,
            act: None,
            check: None,
            shared,
        }
    }

    /// Waits for the next input; `None` when only its row is to be made anew.
    ///
    /// # Cancel safety
    /// Safe: what was not returned is returned the next time.
    async fn next(&mut self) -> Option<Input> {
        let due = self.core.due_ms();
        let timer = async {
            match due {
                Some(at_ms) => tokio::time::sleep_until(self.shared.clock.instant(at_ms)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            observation = self.observations.next() => {
                self.view.looked_at(Instant::now());
                Some(Input::Observed(observation))
            }
            () = changed(&mut self.folder_changes) => Some(Input::IntentChanged),
            input = ended(&mut self.act) => Some(input),
            input = ended(&mut self.check) => Some(input),
            () = timer => Some(Input::TimePassed),
            () = self.view.activity_changed() => None,
        }
    }

    fn take_listing(&mut self, listing: Listing) -> Option<Input> {
        self.view.move_to(listing.place);
        if !Arc::ptr_eq(&listing.instance, self.core.instance()) {
            self.supervisor = listing.supervisor;
            self.needed = listing.needed;
            self.observations = Observations::of(&self.supervisor);
            self.view.follow(self.supervisor.as_ref());
            return Some(Input::Replaced(listing.instance));
        }
        (listing.listed != self.core.is_listed()).then_some(Input::Listed(listing.listed))
    }

    fn intent(&self) -> Option<CurrentIntent> {
        let intent = intent::peek(&self.shared.state, &self.core.instance().id);
        intent.ok().flatten().map(|intent| CurrentIntent {
            want: intent.want,
            is_of_this_boot: intent.is_of_this_boot(),
            at_ms: intent.at_ms,
        })
    }

    fn moment(&self, intent: Option<CurrentIntent>) -> Moment {
        let booted_ms = clock::wall_ms().saturating_sub(clock::boot_ms());
        Moment {
            now_ms: self.shared.clock.now_ms(),
            now: SystemTime::now(),
            booted: UNIX_EPOCH + Duration::from_millis(booted_ms),
            intent,
            chance: random::chance(),
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Log(level, text, kind) => self.events.enter(kind, level, text),
            Effect::Record => self.record(self.core.restarts()),
            Effect::Alert(alert) => self.hooks.add(self.core.instance(), *alert),
            Effect::Launch { restarts } => {
                let (supervisor, shared) = (Arc::clone(&self.supervisor), Arc::clone(&self.shared));
                let seen = self.core.seen();
                let ended_from_outside = matches!(seen, Some(Observation::Known(facts)) if facts.ended_from_outside);
                let (needed, events) = (Arc::clone(&self.needed), self.events.clone());
                let is_prepared = self.core.instance().before_start.is_some();
                self.act = Some(Box::pin(async move {
                    // The end of the host comes to this process as well, in a moment.
                    while ended_from_outside && host_is_shutting_down().await {
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                    needed::until_they_run(&needed, &events).await;
                    // No other launch waits for the verb that is at work on this one.
                    if !instancecmd::is_left_down(&supervisor, &shared.state).await {
                        return Input::LaunchEnded(Ok(false));
                    }
                    // Only the launch itself takes a permit: a game that takes
                    // minutes to become ready delays no other launch. A command before
                    // it may take an hour, and has turns of its own.
                    let _permit = match is_prepared {
                        true => None,
                        false => Some(shared.launches.acquire().await),
                    };
                    // On the heap: all others wait for theirs without it.
                    let launched = Box::pin(instancecmd::launch_if_down(&supervisor, &shared.state, restarts)).await;
                    if let Ok(Some(Outcome { note: Some(note), .. })) = &launched {
                        events.log(Level::Warning, note.as_str());
                    }
                    let launched = launched.map(|outcome| outcome.is_some());
                    Input::LaunchEnded(launched.map_err(|failure| failure.message))
                }));
            }
            Effect::StopHung { state, since } => {
                let (supervisor, shared) = (Arc::clone(&self.supervisor), Arc::clone(&self.shared));
                let events = self.events.clone();
                self.act = Some(Box::pin(async move {
                    let tell = |progress| match progress {
                        StopProgress::WaitsFor(holder) => {
                            events.log(Level::Info, format!("its stop waits for {holder}"));
                        }
                        StopProgress::Begun => events.log(Level::Info, "being stopped by its chain"),
                    };
                    let stopped = instancecmd::stop_if_unchanged(&supervisor, &shared.state, &state, since, tell).await;
                    Input::HungStopEnded(stopped.map_err(|failure| failure.message))
                }));
            }
            Effect::CheckHealth => {
                let supervisor = Arc::clone(&self.supervisor);
                self.check = Some(Box::pin(async move {
                    let check = async {
                        match supervisor.health() {
                            Some(health) => health.check().await,
                            None => Health::NotAsked,
                        }
                    };
                    Input::HealthChecked(match lateness::beside(check).await {
                        (Health::Silent(_), late) if late >= LATE => Answer::HostBusy(late),
                        (health, _) => Answer::Health(health),
                    })
                }));
            }
            Effect::ForgetCheck => self.check = None,
            Effect::LookAgain => self.observations = Observations::of(&self.supervisor),
        }
    }

    fn record(&self, restarts: &Restarts) {
        let id = &self.core.instance().id;
        let Some(dir) = self.shared.folder(id) else { return };
        if let Err(error) = history::write(&dir, restarts) {
            tracing::warn!(id, %error, "its crashes cannot be recorded");
        }
    }

    /// Sends the row where it has changed.
    fn send_row(&mut self, intent: Option<CurrentIntent>) {
        let Some(mut observation) = self.core.seen().cloned() else {
            return;
        };
        let moment = self.moment(intent);
        if let Observation::Known(facts) = &mut observation {
            let countdown = facts
                .state
                .is_alive()
                .then(|| countdown::peek(&self.shared.state, &self.core.instance().id));
            let countdown = countdown.flatten().map(|note| note.in_words());
            facts.note = join_notes([self.core.note(facts, &moment), countdown]);
            self.view.enter(&facts.state);
        }
        let awaits = match self.core.waits_for() {
            Wait::Turn => Some(Awaits::Turn),
            Wait::Restart { at_ms, restarts } => Some(Awaits::Retry {
                at: self.shared.clock.instant(at_ms).into_std(),
                count: restarts,
            }),
            Wait::Nothing => None,
        };
        // The core has put a note about the inventory among its own.
        let want = Ok::<_, Infallible>(intent.map(|intent| intent.want));
        let trouble = standing_trouble(self.core.instance(), self.core.restarts(), &moment);
        let row = report::row(self.supervisor.as_ref(), true, observation, want, trouble);
        let is_first = !self.view.is_sent();
        if let Some(row) = self.view.update(row, awaits) {
            self.events.send(ResidentEvent::Row(row));
            if is_first {
                self.shared.settle_one();
            }
        }
    }
}

/// The observations of one supervisor, which looks for as long as it is polled.
struct Observations {
    sender: watch::Sender<Option<Observation>>,
    seen: watch::Receiver<Option<Observation>>,
    watching: Task<()>,
}

impl Observations {
    fn of(supervisor: &Arc<dyn Supervisor>) -> Self {
        let (sender, seen) = watch::channel(None);
        let (supervisor, observed) = (Arc::clone(supervisor), sender.clone());
        let watching = Box::pin(async move {
            loop {
                Arc::clone(&supervisor).keep_watch(observed.clone()).await;
                // It was not to end: again, but not in a hurry.
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Self { sender, seen, watching }
    }

    /// Waits for the next observation.
    ///
    /// # Cancel safety
    /// Safe.
    async fn next(&mut self) -> Observation {
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.seen.changed() => {
                    let mut taken = None;
                    self.sender.send_if_modified(|seen| {
                        taken = seen.take();
                        false
                    });
                    if let Some(observation) = taken {
                        return observation;
                    }
                }
                () = &mut self.watching => pending().await,
            }
        }
    }
}

/// Waits for a task, and forgets it when it has ended.
async fn ended(task: &mut Option<Task<Input>>) -> Input {
    match task {
        Some(running) => {
            let input = running.await;
            *task = None;
            input
        }
        None => pending().await,
    }
}

async fn changed(folder_changes: &mut Changed) {
    if folder_changes.changed().await.is_err() {
        pending::<()>().await;
    }
}
