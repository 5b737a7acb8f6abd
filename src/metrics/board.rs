//! The rows as they are now, and what was counted since the beginning.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use super::exposition::{self, Sample};
use crate::event::{Level, ResidentEvent};
use crate::report::Feed;

#[derive(Debug)]
pub(super) struct MetricsBoard {
    began: SystemTime,
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    feed: Feed,
    /// The log entries by level: infos, warnings, errors.
    entries: [u64; 3],
    is_linked: Option<bool>,
}

impl MetricsBoard {
    pub(super) fn new() -> Self {
        Self {
            began: SystemTime::now(),
            kept: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Takes an event in.
    pub(super) fn take(&self, event: &ResidentEvent) {
        let mut kept = self.kept();
        match event {
            ResidentEvent::Happened(entry) => {
                let at = match entry.level {
                    Level::Info => 0,
                    Level::Warning => 1,
                    Level::Error => 2,
                };
                kept.entries[at] += 1;
            }
            ResidentEvent::Link(is_linked) => kept.is_linked = *is_linked,
            event => drop(kept.feed.take(event.clone())),
        }
        drop(kept);
        self.changed.notify_one();
    }

    /// Waits until something was taken in since the last call.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Returns the metrics as they are now. The text is made on another thread.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn render(&self) -> String {
        let sample = self.sample();
        let rendered = spawn_blocking(move || exposition::text(&sample)).await;
        // It does not panic, and is not aborted.
        rendered.unwrap_or_default()
    }

    fn sample(&self) -> Sample {
        let kept = self.kept();
        Sample {
            rows: kept.feed.seen(),
            entries: kept.entries,
            is_linked: kept.is_linked,
            began: self.began,
            now: Instant::now(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
