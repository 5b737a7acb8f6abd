//! The `run` for which instances on other hosts are kept there.

use std::io;

use tokio::sync::mpsc;

use super::wire::{KeepAsk, RowLine};
use crate::event::{Awaits, Level, LogEntry};
use crate::inventory::HostSpec;
use crate::sys::host;

/// A word about instances on other hosts, beside their rows.
#[derive(Debug, Clone, PartialEq)]
pub enum KeptWord {
    Happened(LogEntry),
    /// The next thing that the keeper of an instance waits for.
    Awaits(String, Option<Awaits>),
}

/// A `run` that has instances kept on other hosts.
#[derive(Debug)]
pub struct Keeping {
    /// A word that no other `run` has.
    run: String,
    /// Its name for a person.
    who: String,
    told: mpsc::UnboundedSender<KeptWord>,
}

impl Keeping {
    /// Makes one that passes on what is heard.
    ///
    /// # Errors
    /// When there is no random number for its word.
    pub fn new(told: mpsc::UnboundedSender<KeptWord>) -> io::Result<Self> {
        let user = host::user_name(host::effective_uid()).unwrap_or_else(|| host::effective_uid().to_string());
        let machine = host::name();
        Ok(Self {
            run: host::random_token()?,
            who: format!("{user}@{machine}"),
            told,
        })
    }

    /// Returns the request to keep these on a host.
    pub(super) fn ask(&self, ids: Vec<String>, host: &HostSpec) -> KeepAsk {
        KeepAsk {
            ids,
            // Two hosts may be one account, where one of them keeps.
            run: format!("{}-{:08x}", self.run, crc32fast::hash(host.name.as_bytes())),
            who: self.who.clone(),
            linger_ms: u64::try_from(host.linger.as_millis()).unwrap_or(u64::MAX),
            is_left: false,
        }
    }

    /// Says something about a host.
    pub(super) fn say(&self, host: &str, level: Level, text: impl Into<String>) {
        self.happened(LogEntry::now(level, None, text).on(host));
    }

    pub(super) fn happened(&self, entry: LogEntry) {
        // Without a receiver `run` is about to end.
        let _ = self.told.send(KeptWord::Happened(entry));
    }

    /// Passes on what the keeper of the instance of a row waits for.
    pub(super) fn awaits(&self, row: &RowLine) {
        let now = std::time::Instant::now();
        let awaits = row.awaits.as_ref().map(|awaits| awaits.awaits(now));
        let _ = self.told.send(KeptWord::Awaits(row.id.clone(), awaits));
    }
}
