//! The link of a `run`, which an inventory that was read again may change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::Host;
use crate::event::{Gauges, ResidentEvent, VerbResult, WatchedRow};
use crate::inventory::NatsLink;
use crate::link::{Carrier, Link};
use crate::usages::{EVERY, UsageDemand, UsageReader};

/// The link of a `run`; there may be none. Clones are the same one.
#[derive(Clone)]
pub struct Linking(Arc<Place>);

struct Place {
    wanted: Mutex<Option<Arc<NatsLink>>>,
    link: Mutex<Option<Link>>,
    events: UnboundedSender<ResidentEvent>,
    carrier: Arc<dyn Carrier>,
    usage: UsageDemand,
}

impl Linking {
    pub(super) fn new(
        wanted: Option<Arc<NatsLink>>,
        events: UnboundedSender<ResidentEvent>,
        carrier: Arc<dyn Carrier>,
        usage: UsageDemand,
    ) -> Self {
        Self(Arc::new(Place {
            wanted: Mutex::new(wanted),
            link: Mutex::new(None),
            events,
            carrier,
            usage,
        }))
    }

    /// Takes in what an inventory says. It counts once [`Self::refresh`] is called.
    pub(super) fn want(&self, wanted: Option<Arc<NatsLink>>) {
        *lock(&self.0.wanted) = wanted;
    }

    /// Returns true if there is a link, or is to be one.
    pub(super) fn is_wanted(&self) -> bool {
        lock(&self.0.wanted).is_some()
    }

    /// Begins, changes or ends the link as the inventory says. `rows` returns those of the
    /// instances as they are now.
    pub fn refresh(&self, rows: impl FnOnce() -> Vec<(Arc<WatchedRow>, Gauges)>) {
        let wanted = lock(&self.0.wanted).clone();
        let mut link = lock(&self.0.link);
        match wanted {
            Some(settings) if link.as_ref().is_some_and(|link| link.is_of(&settings)) => {}
            Some(settings) => {
                *link = None;
                let (events, carrier) = (self.0.events.clone(), Arc::clone(&self.0.carrier));
                let listening = self.listening(settings.heartbeat);
                listening(false);
                *link = Some(Link::begin(settings, rows(), events, carrier, listening));
            }
            None => {
                if link.take().is_some() {
                    self.0.usage.set(UsageReader::Link, None);
                    // Whoever listened may have ended.
                    let _ = self.0.events.send(ResidentEvent::Link(None));
                }
            }
        }
    }

    /// Returns a function that takes in whether a server listens: what instances use is
    /// measured for the heartbeats then, and not more often than for a screen.
    fn listening(&self, heartbeat: Duration) -> impl Fn(bool) + Send + Sync + 'static {
        let (usage, events) = (self.0.usage.clone(), self.0.events.clone());
        let every = (!heartbeat.is_zero()).then(|| heartbeat.max(EVERY));
        move |listens| {
            usage.set(UsageReader::Link, every.filter(|_| listens));
            // Whoever listened may have ended.
            let _ = events.send(ResidentEvent::Link(Some(listens)));
        }
    }

    /// Takes an event in. Waits for nobody.
    pub fn take(&self, event: &ResidentEvent) {
        if let Some(link) = lock(&self.0.link).as_ref() {
            link.take(event);
        }
    }

    /// Takes in how verbs have ended that nobody kept watch over.
    pub fn take_results(&self, results: &[VerbResult]) {
        if let Some(link) = lock(&self.0.link).as_ref() {
            link.take_results(results);
        }
    }

    /// Says the last words, and ends the link.
    pub async fn end(&self) {
        let link = lock(&self.0.link).take();
        if let Some(link) = link {
            link.end().await;
        }
    }
}

/// Locks what no panic leaves half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// Returns the link of the inventory, if it has one.
    pub fn link(&self) -> Option<Arc<NatsLink>> {
        self.inventory.link.clone()
    }
}
