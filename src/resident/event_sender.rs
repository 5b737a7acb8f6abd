//! Sending what happened to the screen.

use tokio::sync::mpsc;

use crate::event::{Level, LogEntry, ResidentEvent};

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
        let entry = LogEntry::now(level, self.id.as_deref(), text);
        self.send(ResidentEvent::Happened(entry));
    }

    pub(super) fn send(&self, event: ResidentEvent) {
        // Without a receiver the resident supervisor is about to end.
        let _ = self.events.send(event);
    }
}
