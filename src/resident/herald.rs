//! Who tells what happened.

use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::event::{Level, LogEntry, ResidentEvent};
use crate::sys::clock;

/// Tells what happens to one instance, or to the supervisor itself.
#[derive(Debug, Clone)]
pub(super) struct Herald {
    told: mpsc::UnboundedSender<ResidentEvent>,
    id: Option<String>,
}

impl Herald {
    pub(super) fn new(told: mpsc::UnboundedSender<ResidentEvent>, id: Option<&str>) -> Self {
        Self {
            told,
            id: id.map(str::to_owned),
        }
    }

    /// Tells it of an instance.
    pub(super) fn say(&self, id: Option<&str>, level: Level, text: impl Into<String>) {
        let happening = LogEntry {
            at: now(),
            level,
            id: id.map(str::to_owned),
            text: text.into(),
        };
        self.tell(ResidentEvent::Happened(happening));
    }

    pub(super) fn info(&self, text: impl Into<String>) {
        self.say(self.id.as_deref(), Level::Info, text);
    }

    pub(super) fn warn(&self, text: impl Into<String>) {
        self.say(self.id.as_deref(), Level::Warning, text);
    }

    pub(super) fn error(&self, text: impl Into<String>) {
        self.say(self.id.as_deref(), Level::Error, text);
    }

    pub(super) fn tell(&self, told: ResidentEvent) {
        // Nobody listens any more: the keeping ends.
        let _ = self.told.send(told);
    }
}

/// Now, as RFC 3339 in UTC.
pub(super) fn now() -> String {
    let at = UNIX_EPOCH + Duration::from_millis(clock::wall_ms());
    humantime::format_rfc3339_seconds(at).to_string()
}
