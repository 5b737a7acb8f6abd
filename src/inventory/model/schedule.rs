//! The deeds of `run` at given times.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::calendar::Calendar;
use super::warn::WhenEmpty;

/// The lateness at which a schedule that names none is still carried out: that of a `run`
/// which is started anew.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(60);

/// One entry of `schedule`.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub calendar: Calendar,
    pub deed: Deed,
    /// The warnings before the end of the game, where its players are warned.
    pub warn: Option<ScheduleWarning>,
    pub when_empty: Option<WhenEmpty>,
    /// The longest delay, by which those of many instances are spread.
    pub jitter: Duration,
    /// The lateness at which it is still carried out.
    pub grace: Duration,
}

/// The deed of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Restart,
    Stop,
    Start,
    /// Sends a line to the game, over its admin channel.
    Send(String),
    /// Executes a program on the host of `run`.
    Exec {
        command: Vec<OsString>,
        /// The folder in which it is executed.
        cwd: PathBuf,
        /// The time after which it is killed.
        timeout: Duration,
    },
}

/// The warnings of a schedule: what is `None` is as the instance has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScheduleWarning {
    pub at: Option<Vec<Duration>>,
    pub say: Option<String>,
}

impl Deed {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Send(_) => "send",
            Self::Exec { .. } => "exec",
        }
    }

    /// Returns it in words: `restart`, or `send: save-all`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Restart | Self::Stop | Self::Start => self.as_str().to_owned(),
            Self::Send(line) => format!("send: {line}"),
            Self::Exec { command, .. } => {
                let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
                format!("exec: {}", words.join(" "))
            }
        }
    }
}

impl Schedule {
    /// Returns the longest delay in seconds.
    pub fn jitter_seconds(&self) -> i64 {
        i64::try_from(self.jitter.as_secs()).unwrap_or(i64::MAX)
    }

    /// Returns what tells it from the others of its instance, and stays when an inventory is
    /// read again. A line that is sent may hold a secret, and is in it as a checksum only.
    pub fn key(&self) -> String {
        let (calendar, deed) = (&self.calendar, self.deed.as_str());
        let what = match &self.deed {
            Deed::Restart | Deed::Stop | Deed::Start => String::new(),
            Deed::Send(_) | Deed::Exec { .. } => {
                format!(" {:08x}", crc32fast::hash(self.deed.in_words().as_bytes()))
            }
        };
        format!("{} {} {deed}{what}", calendar.text(), calendar.zone().name())
    }
}
