//! The words that a target is told.

use std::collections::BTreeMap;

use crate::event::{EventKind, Level, LogEntry};

/// Something that happened to an instance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notice {
    pub(super) id: String,
    pub(super) host: Option<String>,
    pub(super) kind: EventKind,
    pub(super) level: Level,
    pub(super) text: String,
    /// The time, as RFC 3339 in UTC.
    pub(super) at: String,
}

impl Notice {
    /// Returns what an entry tells; `None` where it is of no kind, or of no instance.
    pub(super) fn of(entry: &LogEntry) -> Option<Self> {
        Some(Self {
            id: entry.id.clone()?,
            host: entry.host.clone(),
            kind: entry.kind?,
            level: entry.level,
            text: entry.text.clone(),
            at: entry.at.clone(),
        })
    }
}

/// A notice as it is sent, with what was held back before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notification {
    pub(super) notice: Notice,
    /// The notices of this instance that were held back, by their kinds.
    pub(super) held_back: BTreeMap<EventKind, u64>,
    /// The messages to this target that it did not take since it last took one.
    pub(super) lost: u64,
}

impl Notification {
    /// Returns it in words.
    pub(super) fn in_words(&self) -> String {
        let Notice { id, host, text, .. } = &self.notice;
        let host = host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
        let mut words = format!("{id}{host}: {text}");
        if !self.held_back.is_empty() {
            let held = self.held_back.iter();
            let held: Vec<String> = held
                .map(|(kind, count)| format!("{} {}", kind.as_str().replace('_', " "), times(*count)))
                .collect();
            words.push_str(&format!("\nand before it, not told then: {}", held.join(", ")));
        }
        if self.lost > 0 {
            let messages = if self.lost == 1 { "message" } else { "messages" };
            words.push_str(&format!("\n{} {messages} before this one could not be sent", self.lost));
        }
        words
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn notice(id: &str, kind: EventKind, text: &str) -> Notice {
        let entry = LogEntry::now(Level::Error, Some(id), text).of(kind);
        Notice::of(&entry).unwrap()
    }

    #[test]
    fn only_what_is_of_an_instance_and_of_a_kind_is_a_notice() {
        let entry = |id| LogEntry::now(Level::Info, id, "text");
        assert_eq!(Notice::of(&entry(Some("a"))), None);
        assert_eq!(Notice::of(&entry(None).of(EventKind::Reload)), None);
        assert!(Notice::of(&entry(Some("a")).of(EventKind::Crashed)).is_some());
    }

    #[test]
    fn words_are_plain_and_count_what_was_held_back() {
        let mut one = Notification {
            notice: notice("rust-main", EventKind::GaveUp, "given up after 5 in 10m"),
            held_back: BTreeMap::new(),
            lost: 0,
        };
        assert_eq!(one.in_words(), "rust-main: given up after 5 in 10m");
        one.notice.host = Some("box2".to_owned());
        one.held_back = BTreeMap::from([(EventKind::Crashed, 4), (EventKind::StartFailed, 1)]);
        one.lost = 2;
        assert_eq!(
            one.in_words(),
            "rust-main on box2: given up after 5 in 10m\n\
             and before it, not told then: crashed 4 times, start failed once\n\
             2 messages before this one could not be sent"
        );
    }
}
