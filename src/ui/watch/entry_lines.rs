//! Events as lines: of a stream, and of the journal.

use std::time::SystemTime;

use crate::event::{Level, LogEntry};
use crate::report;
use crate::supervisor::rfc3339;
use crate::text::clean_line;
use crate::ui::json;

pub(super) fn plain(entry: &LogEntry) -> String {
    let id = entry.id.as_deref().unwrap_or("gamectl");
    let text = clean_line(&entry.text).into_owned();
    format!("{} {:7} {id}: {text}\n", entry.at, entry.level.as_str())
}

/// Returns a line for the journal, which keeps the time and the program itself, and
/// reads the priority from the beginning: sd-daemon(3).
pub(super) fn for_journal(entry: &LogEntry) -> String {
    let priority = match entry.level {
        Level::Error => 3,
        Level::Warning => 4,
        Level::Info => 6,
    };
    let text = clean_line(&entry.text);
    match &entry.id {
        Some(id) => format!("<{priority}>{id}: {text}\n"),
        None => format!("<{priority}>{text}\n"),
    }
}

pub(in crate::ui) fn lines(count: usize) -> String {
    match count {
        1 => "1 line".to_owned(),
        _ => format!("{count} lines"),
    }
}

/// Says in a stream of objects that so many are missing there.
pub(in crate::ui) fn loss_in_json(lost: usize) -> String {
    json::line(&report::json::lost(lost, &rfc3339(SystemTime::now())))
}

/// Says between the lines that so many are missing there.
pub(in crate::ui) fn loss_in_words(lost: usize) -> String {
    let are = if lost == 1 { "is" } else { "are" };
    let text = format!("{} {are} missing here: nobody read them in time", lines(lost));
    plain(&LogEntry::now(Level::Warning, None, text))
}
