//! The ears of the link: the rows as they are now, and what is to be published.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;

use super::body;
use super::outbox::{Letter, Outbox};
use crate::event::{Gauges, ResidentEvent, Row, VerbResult, WatchedRow};
use crate::report::{self, Feed, News};
use crate::supervisor::{Facts, Observation};

pub(super) struct Told {
    node: String,
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Default)]
struct Kept {
    feed: Feed,
    outbox: Outbox,
}

/// The rows of one heartbeat, which is made of them while it is sent.
pub(super) type Beats = std::vec::IntoIter<(Arc<WatchedRow>, Gauges)>;

impl Told {
    /// Begins with these rows.
    pub(super) fn new(node: &str, rows: Vec<(Arc<WatchedRow>, Gauges)>) -> Self {
        let told = Self {
            node: node.to_owned(),
            kept: Mutex::default(),
            changed: Notify::new(),
        };
        told.kept().outbox.event(body::of_run(node, "began", &body::now()));
        let is_begun = !rows.is_empty();
        for (row, gauges) in rows {
            let id = row.row.id.clone();
            told.take(&ResidentEvent::Row(row));
            told.take(&ResidentEvent::Players(id.clone(), gauges.players));
            told.take(&ResidentEvent::Usage(id, gauges.usage));
        }
        if is_begun {
            told.take(&ResidentEvent::Settled);
        }
        told
    }

    /// Returns the name of this node.
    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// Returns the row of an instance as `status` tells it; `None` for one that there is
    /// not.
    pub(super) fn status(&self, id: &str) -> Option<Value> {
        let seen = self.kept().feed.seen();
        let (watched, gauges) = seen.into_iter().find(|(watched, _)| watched.row.id == id)?;
        let row = Row {
            player_count: gauges.players,
            ..watched.row.clone()
        };
        let mut status = report::json::status(&[row]);
        status["instances"][0]["uptime_seconds"] = report::uptime(&watched, Instant::now()).into();
        Some(status)
    }

    /// Takes an event in.
    pub(super) fn take(&self, event: &ResidentEvent) {
        let mut kept = self.kept();
        let at = body::now();
        if let ResidentEvent::Gone(id) = event {
            kept.outbox.status(id, body::gone(&self.node, id, &at));
        }
        for news in kept.feed.take(event.clone()) {
            match news {
                // Each of its rows was a transition before.
                News::Snapshot(_) => {}
                News::Transition { row, .. } => {
                    let body = body::status(&self.node, &row, &at);
                    kept.outbox.status(&row.id, body);
                }
                News::Log(entry) => kept.outbox.event(body::event(&self.node, &entry)),
            }
        }
        drop(kept);
        self.changed.notify_one();
    }

    /// Takes in the states in which verbs have left instances.
    pub(super) fn take_results(&self, results: &[VerbResult]) {
        for result in results {
            let Some(state) = &result.state else { continue };
            let last = self.row(&result.id);
            if let Some(watched) = last.filter(|last| last.row.label() != state.as_label()) {
                let facts = Facts::bare(state.clone(), result.note.clone());
                let row = Row {
                    observation: Observation::Known(Box::new(facts)),
                    ..watched.row.clone()
                };
                let now = WatchedRow {
                    row,
                    seen: Instant::now(),
                    awaits: None,
                    ..WatchedRow::clone(&watched)
                };
                self.take(&ResidentEvent::Row(Arc::new(now)));
            }
        }
    }

    /// Adds the last word.
    pub(super) fn end(&self) {
        let body = body::of_run(&self.node, "ended", &body::now());
        self.kept().outbox.event(body);
        self.changed.notify_one();
    }

    /// Waits until something was taken in since the last call.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes in whether a server listens.
    pub(super) fn set_heard(&self, is_heard: bool) {
        self.kept().outbox.set_heard(is_heard);
    }

    /// Takes out so many messages at most.
    pub(super) fn letters(&self, most: usize) -> Vec<Letter> {
        self.kept().outbox.take(most)
    }

    /// Puts back what may not have been delivered.
    pub(super) fn give_back(&self, letters: Vec<Letter>) {
        self.kept().outbox.give_back(letters);
    }

    pub(super) fn is_sent(&self) -> bool {
        self.kept().outbox.is_empty()
    }

    /// Returns the rows for a heartbeat; none before all were seen.
    pub(super) fn beats(&self) -> Beats {
        let kept = self.kept();
        match kept.feed.is_settled() {
            true => kept.feed.seen().into_iter(),
            false => Vec::new().into_iter(),
        }
    }

    /// Returns one heartbeat as it is sent.
    pub(super) fn heartbeat(&self, watched: &WatchedRow, gauges: Gauges, every: Duration) -> Value {
        let uptime = report::uptime(watched, Instant::now());
        // What it has used belongs to a run that may have ended since.
        let usage = gauges.usage.filter(|_| watched.row.label() == "running");
        let gauges = Gauges { usage, ..gauges };
        body::heartbeat(&self.node, &watched.row, uptime, gauges, every, &body::now())
    }

    fn row(&self, id: &str) -> Option<Arc<WatchedRow>> {
        let rows = self.kept().feed.seen();
        rows.into_iter().find(|(row, _)| row.row.id == id).map(|(row, _)| row)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
