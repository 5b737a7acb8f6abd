//! The kinds of what happens, which programs tell apart by a word.

use serde::{Deserialize, Serialize};

/// The kind of a log entry, where programs may want to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An instance ended although no verb asked it to.
    Crashed,
    /// An instance could not be started by itself.
    StartFailed,
    /// The health checks of an instance failed, and it is to be stopped for that.
    Hung,
    /// An instance is not started again.
    GaveUp,
    /// An instance was started again after a crash.
    Restarted,
    /// An instance has been ready for long enough after a crash.
    Recovered,
    /// An instance has become ready.
    Started,
    /// An instance was stopped on purpose.
    Stopped,
    /// An instance is not ready in time.
    NotReady,
    /// The inventory was read again, or could not be.
    Reload,
    /// A schedule has fired, or was skipped.
    Schedule,
    /// Nothing: a message to try out whether it arrives.
    Test,
}

impl EventKind {
    pub const ALL: [Self; 12] = [
        Self::Crashed,
        Self::StartFailed,
        Self::Hung,
        Self::GaveUp,
        Self::Restarted,
        Self::Recovered,
        Self::Started,
        Self::Stopped,
        Self::NotReady,
        Self::Reload,
        Self::Schedule,
        Self::Test,
    ];

    /// Returns its word in JSON and in the inventory.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::StartFailed => "start_failed",
            Self::Hung => "hung",
            Self::GaveUp => "gave_up",
            Self::Restarted => "restarted",
            Self::Recovered => "recovered",
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::NotReady => "not_ready",
            Self::Reload => "reload",
            Self::Schedule => "schedule",
            Self::Test => "test",
        }
    }

    /// Returns the kind of that word; `None` where it is not known, as of a newer program.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::json!(kind), kind.as_str());
            assert_eq!(EventKind::of_word(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::of_word("exploded"), None);
    }
}
