//! The findings of a check: a judgement, its meaning, and advice.

use std::borrow::Cow;

use serde::Serialize;

use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Ok,
    /// Usable, with a caveat.
    Warning,
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The instance; `None` if the finding is about all of them.
    pub id: Option<String>,
    /// The host; `None` for this one.
    pub host: Option<String>,
    /// The subject, as one word: `executable`, `ports`.
    pub about: Cow<'static, str>,
    pub level: Severity,
    /// The finding and its meaning, without a full stop.
    pub message: String,
    /// Advice what to do.
    pub hint: Option<String>,
}

impl Finding {
    /// The subject of a finding about a compose file, which counts as a part of
    /// the inventory.
    pub const COMPOSE_FILE: &'static str = "compose file";

    fn new(about: &'static str, level: Severity, message: impl Into<String>) -> Self {
        Self {
            id: None,
            host: None,
            about: about.into(),
            level,
            message: message.into(),
            hint: None,
        }
    }

    pub fn ok(about: &'static str, message: impl Into<String>) -> Self {
        Self::new(about, Severity::Ok, message)
    }

    /// Creates a warning: usable, with a caveat.
    pub fn warning(about: &'static str, message: impl Into<String>) -> Self {
        Self::new(about, Severity::Warning, message)
    }

    pub fn error(about: &'static str, message: impl Into<String>) -> Self {
        Self::new(about, Severity::Error, message)
    }

    /// Makes a failure an error, with its hint.
    pub fn of_failure(about: &'static str, failure: Failure) -> Self {
        Self {
            hint: failure.hint,
            ..Self::error(about, failure.message)
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Makes it one of another host.
    #[must_use]
    pub fn on(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    #[must_use]
    pub fn of(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }
}
