//! Commands that are run when something happens to an instance.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, PartialEq)]
pub struct Hook {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<OsString>,
    pub events: Vec<Alarm>,
    pub timeout: Duration,
    /// Its working directory: the inventory's folder.
    pub cwd: PathBuf,
}

impl fmt::Debug for Hook {
    // The arguments may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("program", &self.command.first())
            .field("events", &self.events)
            .field("timeout", &self.timeout)
            .finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// The instance ended although no verb asked it to.
    Crashed,
    /// The instance was started again after that.
    Restarted,
    /// The instance is not started again: it crashed too often, or its
    /// configuration is wrong.
    GaveUp,
    /// After a crash, the instance has been ready for long enough to be called healthy.
    Recovered,
    /// The instance has become ready.
    Started,
    /// The instance was stopped on purpose.
    Stopped,
    /// The instance is not ready after the time that `ready.timeout` gives it.
    NotReady,
}

impl Alarm {
    pub const ALL: [Self; 7] = [
        Self::Crashed,
        Self::Restarted,
        Self::GaveUp,
        Self::Recovered,
        Self::Started,
        Self::Stopped,
        Self::NotReady,
    ];

    /// Returns its name in the inventory.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::Restarted => "restarted",
            Self::GaveUp => "gave_up",
            Self::Recovered => "recovered",
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::NotReady => "not_ready",
        }
    }
}
