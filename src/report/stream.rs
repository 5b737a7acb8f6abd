//! A stream of objects for programs: the snapshot first, then the news.

use serde_json::Value;

use super::feed::News;
use super::json;
use crate::event::LogEntry;

/// Turns reports into the objects of a stream, in their order.
#[derive(Debug)]
pub struct Stream {
    settled: bool,
    /// Log entries from before the snapshot, which they have to follow; `None`
    /// where the stream has no log entries.
    early: Option<Vec<LogEntry>>,
}

impl Stream {
    /// Makes a stream of states, with log entries or without.
    pub fn new(with_log: bool) -> Self {
        Self {
            settled: false,
            early: with_log.then(Vec::new),
        }
    }

    /// Returns the objects that follow with this report; `at` is its time, as
    /// RFC 3339.
    pub fn take(&mut self, report: &News, at: &str) -> Vec<Value> {
        match report {
            News::Snapshot(rows) => {
                self.settled = true;
                let early = self.early.as_mut().map(std::mem::take).unwrap_or_default();
                let early = early.iter().map(json::log_entry);
                std::iter::once(json::snapshot(rows)).chain(early).collect()
            }
            News::Transition { row, .. } if self.settled => vec![json::transition(row, at)],
            News::Transition { .. } => Vec::new(),
            News::Log(entry) => match &mut self.early {
                None => Vec::new(),
                Some(_) if self.settled => vec![json::log_entry(entry)],
                Some(early) => {
                    early.push(entry.clone());
                    Vec::new()
                }
            },
        }
    }
}
