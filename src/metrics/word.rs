//! A word of the metrics to whoever watches this `run`.

use tokio::sync::mpsc::UnboundedSender;

use crate::event::{Level, LogEntry, ResidentEvent};

/// Sends a log entry about `run` itself.
pub(super) fn tell(events: &UnboundedSender<ResidentEvent>, level: Level, text: String) {
    // Whoever listened may have ended.
    let _ = events.send(ResidentEvent::Happened(LogEntry::now(level, None, text)));
}
