//! Sending what happened to the screen.

use tokio::sync::mpsc;

use crate::event::{EventKind, Level, LogEntry, ResidentEvent};

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
        self.enter(None, level, text);
    }

    /// Logs something, of a kind that programs may want to act on.
    pub(super) fn enter(&self, kind: Option<EventKind>, level: Level, text: impl Into<String>) {
        let entry = LogEntry::now(level, self.id.as_deref(), text);
        self.send(ResidentEvent::Happened(LogEntry { kind, ..entry }));
    }

    pub(super) fn send(&self, event: ResidentEvent) {
        // Without a receiver the resident supervisor is about to end.
        let _ = self.events.send(event);
    }
}
