//! The wait of a verb that is under way.

use std::time::Duration;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Activity {
    /// A short phrase such as `ready (log line)` or `stdin: quit`. Empty when
    /// idle.
    pub awaiting: String,
    /// The longest duration of this wait, if it has a limit.
    pub limit: Option<Duration>,
    /// The last line that the game printed, if that shows its progress.
    pub last_line: String,
    /// True if a person should know of it, however soon it is over.
    pub is_warning: bool,
}

impl Activity {
    pub fn awaiting(awaiting: impl Into<String>, limit: Option<Duration>) -> Self {
        Self {
            awaiting: awaiting.into(),
            limit,
            last_line: String::new(),
            is_warning: false,
        }
    }
}
