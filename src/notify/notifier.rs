//! The targets of a `run`, each with its tray and its task.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify as Bell;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::delivery::Delivery;
use super::notice::{Notice, Notification};
use super::retry::{Fate, judge};
use super::tray::Tray;
use crate::event::{EventKind, Level, LogEntry, ResidentEvent};
use crate::inventory::{Instance, NotifyTarget};
use crate::sys::random;

/// All targets that an inventory names. What becomes of them is told as events.
pub struct Notifier {
    desks: Mutex<Vec<Desk>>,
    events: UnboundedSender<ResidentEvent>,
}

/// One target. Its task ends when this is dropped.
struct Desk {
    target: Arc<NotifyTarget>,
    /// The kinds that it is told of, by instance.
    wants: HashMap<String, Vec<EventKind>>,
    shared: Arc<SharedTray>,
    task: Option<JoinHandle<()>>,
}

/// The tray that a task empties.
#[derive(Default)]
struct SharedTray {
    state: Mutex<TrayState>,
    changed: Bell,
}

#[derive(Default)]
struct TrayState {
    tray: Tray,
    is_sending: bool,
    is_ending: bool,
}

impl SharedTray {
    fn lock(&self) -> MutexGuard<'_, TrayState> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notifier {
    /// Tells nobody yet.
    pub fn new(events: UnboundedSender<ResidentEvent>) -> Self {
        let desks = Mutex::default();
        Self { desks, events }
    }

    /// Follows what an inventory says. A target that stays keeps what it is still to be
    /// told.
    pub fn follow(&self, instances: &[Arc<Instance>]) {
        let mut desks = lock(&self.desks);
        let mut old = std::mem::take(&mut *desks);
        for (id, notify) in instances
            .iter()
            .flat_map(|one| one.notify.iter().map(|to| (&one.id, to)))
        {
            let known = desks.iter().position(|desk| desk.target == notify.target);
            let at = known.unwrap_or_else(|| {
                let kept = old.iter().position(|desk| desk.target == notify.target);
                let desk = kept.map(|kept| old.swap_remove(kept));
                desks.push(match desk {
                    Some(desk) => Desk {
                        target: Arc::clone(&desk.target),
                        wants: HashMap::new(),
                        shared: Arc::clone(&desk.shared),
                        task: desk.into_task(),
                    },
                    None => Desk::new(Arc::clone(&notify.target), self.events.clone()),
                });
                desks.len() - 1
            });
            if let Some(desk) = desks.get_mut(at) {
                let wanted = desk.wants.entry(id.clone()).or_default();
                let more = notify.on.iter().filter(|kind| !wanted.contains(kind));
                let more: Vec<EventKind> = more.copied().collect();
                wanted.extend(more);
            }
        }
    }

    /// Takes an event in. Waits for nobody.
    pub fn take(&self, event: &ResidentEvent) {
        let ResidentEvent::Happened(entry) = event else { return };
        let Some(notice) = Notice::of(entry) else { return };
        for desk in lock(&self.desks).iter() {
            let wants = desk.wants.get(&notice.id);
            if wants.is_some_and(|kinds| kinds.contains(&notice.kind)) {
                desk.shared.lock().tray.add(notice.clone(), Instant::now());
                desk.shared.changed.notify_one();
            }
        }
    }

    /// Sends what waits, within this time.
    ///
    /// # Cancel safety
    /// Dropped, the rest is sent on for as long as this lives.
    pub async fn end(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let mut tasks = Vec::new();
        for desk in lock(&self.desks).iter_mut() {
            let mut state = desk.shared.lock();
            state.is_ending = true;
            state.tray.end();
            drop(state);
            desk.shared.changed.notify_one();
            tasks.extend(desk.task.take());
        }
        for mut task in tasks {
            if timeout_at(until, &mut task).await.is_err() {
                task.abort();
            }
        }
    }

    /// Returns how many messages wait, or are being sent.
    pub fn unsent(&self) -> usize {
        let count = |desk: &Desk| {
            let state = desk.shared.lock();
            state.tray.len() + usize::from(state.is_sending)
        };
        lock(&self.desks).iter().map(count).sum()
    }
}

impl Desk {
    fn new(target: Arc<NotifyTarget>, events: UnboundedSender<ResidentEvent>) -> Self {
        let shared = Arc::<SharedTray>::default();
        let work = Work {
            delivery: Delivery::new(Arc::clone(&target)),
            name: target.as_str(),
            shared: Arc::clone(&shared),
            events,
        };
        Self {
            target,
            wants: HashMap::new(),
            shared,
            task: Some(tokio::spawn(work.empty_the_tray())),
        }
    }

    fn into_task(mut self) -> Option<JoinHandle<()>> {
        self.task.take()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The task of a target.
struct Work {
    delivery: Delivery,
    name: &'static str,
    shared: Arc<SharedTray>,
    events: UnboundedSender<ResidentEvent>,
}

impl Work {
    async fn empty_the_tray(mut self) {
        loop {
            let (next, due, is_over) = {
                let mut state = self.shared.lock();
                let next = state.tray.next(Instant::now());
                state.is_sending = next.is_some();
                (next, state.tray.due(), state.is_ending && state.tray.len() == 0)
            };
            if let Some(notification) = next {
                self.deliver(&notification).await;
                continue;
            }
            if is_over {
                return;
            }
            let minute = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.shared.changed.notified() => {}
                () = minute => {}
            }
        }
    }

    /// Sends one message, again and again if need be.
    async fn deliver(&mut self, notification: &Notification) {
        for attempt in 1.. {
            let answer = self.delivery.attempt(notification).await;
            match judge(answer, attempt, random::chance()) {
                Fate::Again(pause) => sleep(pause).await,
                Fate::Taken => {
                    let lost = self.shared.lock().tray.delivered();
                    if lost > 0 {
                        let text = format!("notify: {} takes messages again; {lost} were lost", self.name);
                        self.say(Level::Info, text);
                    }
                    return;
                }
                Fate::GivenUp(failure) => {
                    if self.shared.lock().tray.gave_up() {
                        let (name, why) = (self.name, failure.in_one());
                        let text = format!(
                            "notify: {name} could not be told: {why}; this is not said again until it takes a message"
                        );
                        self.say(Level::Warning, text);
                    }
                    return;
                }
            }
        }
    }

    fn say(&self, level: Level, text: String) {
        // Whoever listened may have ended.
        let _ = self
            .events
            .send(ResidentEvent::Happened(LogEntry::now(level, None, text)));
    }
}
