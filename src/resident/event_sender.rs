//! Sending what happened to the screen.

use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::event::{Level, LogEntry, ResidentEvent};
use crate::sys::clock;

/// Sends the events of one instance, or of the resident supervisor itself.
#[derive(Debug, Clone)]
pub(super) struct EventSender {
    events: mpsc::UnboundedSender<ResidentEvent>,
    id: Option<String>,
}

impl EventSender {
    pub(super) fn new(events: mpsc::UnboundedSender<ResidentEvent>, id: Option<&str>) -> Self {
        Self {
            events,
            id: id.map(str::to_owned),
        }
    }

    pub(super) fn log(&self, level: Level, text: impl Into<String>) {
        self.send(ResidentEvent::Happened(LogEntry {
            at: now(),
            level,
            id: self.id.clone(),
            text: text.into(),
        }));
    }

    pub(super) fn send(&self, event: ResidentEvent) {
        // Without a receiver the resident supervisor is about to end.
        let _ = self.events.send(event);
    }
}

/// Returns the present time as RFC 3339 in UTC.
pub(super) fn now() -> String {
    let at = UNIX_EPOCH + Duration::from_millis(clock::wall_ms());
    humantime::format_rfc3339_seconds(at).to_string()
}
