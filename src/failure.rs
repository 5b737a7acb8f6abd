//! The one shape of every error here: a kind (which fixes the exit code), a
//! sentence, and a hint what to do next.

use std::fmt;

use serde::Serialize;

/// The kind of a failure. It fixes the exit code and the `kind` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The wanted state was not reached.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// The instance does not run.
    NotRunning,
    /// There is no such instance, or its state could not be found out.
    Unknown,
    /// A program that gamectl itself needs is missing, or the plane cannot do
    /// this.
    Unsupported,
    /// The inventory is missing or invalid.
    Inventory,
    /// Another gamectl holds the instance.
    Busy,
    /// The wait ran out; it may still get there.
    Timeout,
    /// Somebody asked for something else meanwhile, and that goes first.
    Overruled,
    /// SIGINT ended the wait.
    Interrupted,
    /// SIGTERM ended the wait.
    Terminated,
}

impl FailureKind {
    /// Returns the exit code of this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed | Self::Overruled => 1,
            Self::Usage => 2,
            Self::NotRunning => 3,
            Self::Unknown => 4,
            Self::Unsupported => 5,
            Self::Inventory => 6,
            Self::Busy => 75,
            Self::Timeout => 124,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// Returns the worst of several exit codes. Failures that do not come from an
/// instance (usage, inventory, a signal) outrank those of the instances.
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    const ORDER: [u8; 11] = [143, 130, 2, 6, 1, 4, 5, 124, 75, 3, 0];
    codes
        .into_iter()
        .min_by_key(|code| ORDER.iter().position(|known| known == code).unwrap_or(4))
        .unwrap_or(0)
}

/// A failure, with all that a person needs to go on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// The failure and its reason, as a sentence fragment without a full stop.
    pub message: String,
    /// Advice what to do next.
    pub hint: Option<String>,
}

impl Failure {
    #[cold]
    #[inline(never)]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    #[cold]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, message)
    }

    #[cold]
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unknown, message)
    }

    #[cold]
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Begins the message with the id of the instance.
    #[cold]
    #[must_use]
    pub fn of(self, id: &str) -> Self {
        Self {
            message: format!("{id}: {}", self.message),
            ..self
        }
    }

    /// Returns the message with the hint, for where only one line is shown.
    pub fn in_one(self) -> String {
        match self.hint {
            Some(hint) => format!("{}; {hint}", self.message),
            None => self.message,
        }
    }

    /// Returns the failure in an error chain, or else a plain failure with the
    /// messages of the whole chain.
    pub fn from_error(error: &anyhow::Error) -> Self {
        match error.chain().find_map(|cause| cause.downcast_ref::<Self>()) {
            Some(failure) => failure.clone(),
            None => Self::failed(format!("{error:#}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Returns lines that a program printed, as they stand below a message.
pub fn quoted_lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| ["\n  | ", line]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worst_follows_the_documented_order() {
        let order = [1, 4, 5, 124, 75, 3, 0];
        for (i, a) in order.iter().enumerate() {
            for b in &order[i..] {
                assert_eq!(worst([*b, *a]), *a, "{a} outranks {b}");
            }
        }
        assert_eq!(worst([]), 0);
        assert_eq!(worst([1, 6]), 6);
        assert_eq!(worst([1, 130]), 130);
    }

    #[test]
    fn a_failure_is_found_under_its_context() {
        let error = anyhow::Error::new(Failure::new(FailureKind::Busy, "held").hint("wait")).context("starting a");
        let failure = Failure::from_error(&error);
        assert_eq!(failure.kind, FailureKind::Busy);
        assert_eq!(failure.hint.as_deref(), Some("wait"));
        let plain = Failure::from_error(&anyhow::anyhow!("inner").context("outer"));
        assert_eq!(plain.message, "outer: inner");
    }
}
