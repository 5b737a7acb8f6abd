//! The keeping of instances there, for a `run` here.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::event::{Awaits, EventKind, Level, LogEntry};
use crate::text::clean_line;

/// The wish that instances are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepAsk {
    pub ids: Vec<String>,
    /// The word of the `run` that asks, which no other one has: it takes over from a keeper
    /// that keeps for the same one.
    pub run: String,
    /// A name of that `run`, for a person.
    pub who: String,
    /// The time for which they are kept when the connection is lost.
    #[serde(default)]
    pub linger_ms: u64,
    /// True where there is no connection that could be lost: that time has begun.
    #[serde(default)]
    pub is_left: bool,
}

impl KeepAsk {
    pub fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }
}

/// Something that happened to an instance, or to the keeping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLine {
    /// `info`, `warning` or `error`.
    pub level: String,
    #[serde(default)]
    pub id: Option<String>,
    /// Its kind; absent from an older program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub text: String,
}

/// The most characters of an entry that are shown.
const TEXT_MAX: usize = 4096;

const LEVELS: [Level; 3] = [Level::Info, Level::Warning, Level::Error];

impl From<&LogEntry> for EntryLine {
    fn from(entry: &LogEntry) -> Self {
        Self {
            level: entry.level.as_str().to_owned(),
            id: entry.id.clone(),
            kind: entry.kind.map(|kind| kind.as_str().to_owned()),
            text: entry.text.clone(),
        }
    }
}

impl EntryLine {
    /// Returns the entry, as of now: the clock there may be another one. One of no instance
    /// of that host begins with its name. A level that is not known is a warning.
    pub fn on(&self, host: &str, has: impl Fn(&str) -> bool) -> LogEntry {
        let level = LEVELS.into_iter().find(|level| level.as_str() == self.level);
        let text = clean_line(&self.text);
        let text: String = text.chars().take(TEXT_MAX).collect();
        let id = self.id.as_deref().filter(|id| has(id));
        let text = match id {
            Some(_) => text,
            None => format!("{host}: {text}"),
        };
        let kind = self.kind.as_deref().and_then(EventKind::of_word);
        LogEntry {
            kind,
            ..LogEntry::now(level.unwrap_or(Level::Warning), id, text).on(host)
        }
    }
}

/// The next thing that an instance waits for, with its time from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwaitsLine {
    Retry { in_ms: u64, count: u32 },
    Turn {},
    Open { what: String, since_ms: u64 },
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl AwaitsLine {
    pub fn new(awaits: &Awaits, now: Instant) -> Self {
        match awaits {
            Awaits::Retry { at, count } => Self::Retry {
                in_ms: ms(at.saturating_duration_since(now)),
                count: *count,
            },
            Awaits::Turn => Self::Turn {},
            Awaits::Open { what, since } => Self::Open {
                what: what.clone(),
                since_ms: ms(now.saturating_duration_since(*since)),
            },
        }
    }

    pub fn awaits(&self, now: Instant) -> Awaits {
        match self {
            Self::Retry { in_ms, count } => Awaits::Retry {
                at: now.checked_add(Duration::from_millis(*in_ms)).unwrap_or(now),
                count: *count,
            },
            Self::Turn {} => Awaits::Turn,
            Self::Open { what, since_ms } => Awaits::Open {
                what: clean_line(what).into_owned(),
                since: now.checked_sub(Duration::from_millis(*since_ms)).unwrap_or(now),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_awaited_comes_back_as_it_was() {
        let now = Instant::now() + Duration::from_secs(100);
        for awaits in [
            Awaits::Turn,
            Awaits::Retry {
                at: now + Duration::from_secs(8),
                count: 3,
            },
            Awaits::Open {
                what: "ready (log line)".to_owned(),
                since: now.checked_sub(Duration::from_secs(5)).unwrap(),
            },
        ] {
            assert_eq!(AwaitsLine::new(&awaits, now).awaits(now), awaits);
        }
        // What was due is due now, and no time is too far away to be read.
        let due = Awaits::Retry { at: now, count: 1 };
        let later = now + Duration::from_secs(1);
        assert_eq!(AwaitsLine::new(&due, later), AwaitsLine::Retry { in_ms: 0, count: 1 });
        let far = AwaitsLine::Open {
            what: "a\u{1b}[2Jb".to_owned(),
            since_ms: u64::MAX,
        };
        let Awaits::Open { what, since } = far.awaits(now) else {
            panic!()
        };
        assert!(!what.contains('\u{1b}') && since <= now);
    }

    #[test]
    fn an_entry_says_which_host_it_is_of() {
        let entry = |id: Option<&str>, level: &str| {
            let line = EntryLine {
                level: level.to_owned(),
                id: id.map(str::to_owned),
                kind: Some(level.replace("error", "crashed")),
                text: "it\u{1b}[2J crashed".to_owned(),
            };
            line.on("box2", |id| id == "a")
        };
        let of_one = entry(Some("a"), "error");
        assert_eq!((of_one.level, of_one.id.as_deref()), (Level::Error, Some("a")));
        assert!(!of_one.text.contains('\u{1b}') && of_one.text.starts_with("it"));
        assert_eq!(
            (of_one.host.as_deref(), of_one.kind),
            (Some("box2"), Some(EventKind::Crashed))
        );
        let of_all = entry(None, "sigh");
        assert!(of_all.level == Level::Warning && of_all.kind.is_none() && of_all.text.starts_with("box2: it"));
        let again = EntryLine::from(&of_one).on("box2", |_| true);
        assert_eq!((&again.text, again.kind), (&of_one.text, of_one.kind));
        // It has nothing to say about the instances of others.
        let of_others = entry(Some("b"), "info");
        assert!(of_others.id.is_none() && of_others.text.starts_with("box2: it"));
        let endless = EntryLine {
            text: "x".repeat(1 << 20),
            ..EntryLine::from(&of_one)
        };
        assert_eq!(endless.on("box2", |_| true).text.len(), TEXT_MAX);
    }
}
