//! What was found when something was looked over: a judgement, what it means,
//! and what to do about it.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and may not for long, or not for everybody.
    Warning,
    /// It does not work.
    Error,
}

impl Level {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The instance it is about; `None` where it is about all of them.
    pub id: Option<String>,
    /// What was looked at, as one word: `executable`, `ports`.
    pub about: &'static str,
    /// How it is.
    pub level: Level,
    /// What was found and what it means, without a full stop.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Finding {
    /// What a finding about a compose file is about: it is part of what the
    /// inventory says.
    pub const COMPOSE_FILE: &'static str = "compose file";

    fn new(about: &'static str, level: Level, message: impl Into<String>) -> Self {
        Self {
            id: None,
            about,
            level,
            message: message.into(),
            hint: None,
        }
    }

    /// All is well.
    pub fn ok(about: &'static str, message: impl Into<String>) -> Self {
        Self::new(about, Level::Ok, message)
    }

    /// It works, but.
    pub fn warning(about: &'static str, message: impl Into<String>) -> Self {
        Self::new(about, Level::Warning, message)
    }

    /// It does not work.
    pub fn error(about: &'static str, message: impl Into<String>) -> Self {
        Self::new(about, Level::Error, message)
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which instance it is about.
    #[must_use]
    pub fn of(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }
}
