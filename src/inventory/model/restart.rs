//! Restarts of an instance that ended by itself.

use std::time::Duration;

/// The restarts that `run` makes when an instance ends by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct RestartPolicy {
    pub policy: RestartWhen,
    /// The delay before the first restart; it doubles per crash.
    pub delay: Duration,
    pub max_delay: Duration,
    /// The time of running after which the delay falls back.
    pub reset_after: Duration,
    /// Exit codes that count as a deliberate stop under `on-failure` and
    /// `never`.
    pub success_exit_codes: Vec<i32>,
    /// The limit of crashes; none by default.
    pub give_up: Option<GiveUp>,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            policy: RestartWhen::Always,
            delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            reset_after: Duration::from_secs(60),
            success_exit_codes: vec![0],
            give_up: None,
        }
    }
}

/// The cases in which an instance is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartWhen {
    /// Every end that no verb asked for.
    Always,
    /// Every such end, unless the exit code says that it was on purpose.
    OnFailure,
    Never,
}

impl RestartWhen {
    /// Returns true when an unrequested exit with this code is a stop on
    /// purpose rather than a crash.
    pub fn is_deliberate(self, code: Option<i32>, success: &[i32]) -> bool {
        match self {
            Self::Always => false,
            Self::OnFailure | Self::Never => code.is_some_and(|code| success.contains(&code)),
        }
    }
}

/// A limit of crashes: the last one is the `times`-th within `within`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiveUp {
    pub times: u32,
    /// The time from the first of them to the last.
    pub within: Duration,
}
