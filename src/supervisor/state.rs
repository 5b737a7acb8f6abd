//! The lifecycle states.

use std::fmt;

use serde::Serialize;

/// The observable lifecycle state of one instance: one vocabulary for every
/// management plane.
///
/// It is serialized verbatim into heartbeats and status events, flattened:
/// `{"state":"running"}`, `{"state":"crashed","exit_code":1}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum InstanceState {
    /// Listed, but nothing here manages its lifecycle (a process instance
    /// without an executable, for example).
    Unmanaged,
    /// Nothing of it runs: it was stopped on request, or never started.
    Stopped,
    /// Launched, not yet ready for players.
    Starting,
    /// Ready for players.
    Running,
    /// On its way through its stop chain, or what its crash has left behind is
    /// being cleared away.
    Stopping,
    /// Exited or died without a stop request.
    Crashed {
        /// `None` if a signal ended it or the exit was not observed.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
    },
}

impl InstanceState {
    /// Returns the state as one lower-case word, the same as in JSON.
    pub fn as_label(&self) -> &'static str {
        match self {
            Self::Unmanaged => "unmanaged",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Crashed { .. } => "crashed",
        }
    }

    /// Returns the state of a word; `None` for one that is not known. The exit code is that
    /// of a crash.
    pub fn of_label(label: &str, exit_code: Option<i32>) -> Option<Self> {
        let all = [
            Self::Unmanaged,
            Self::Stopped,
            Self::Starting,
            Self::Running,
            Self::Stopping,
            Self::Crashed { exit_code },
        ];
        all.into_iter().find(|state| state.as_label() == label)
    }

    /// Returns true if something of the instance is alive in this state.
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_serializes_to_its_label() {
        let all = [
            (InstanceState::Unmanaged, r#"{"state":"unmanaged"}"#),
            (InstanceState::Stopped, r#"{"state":"stopped"}"#),
            (InstanceState::Starting, r#"{"state":"starting"}"#),
            (InstanceState::Running, r#"{"state":"running"}"#),
            (InstanceState::Stopping, r#"{"state":"stopping"}"#),
            (InstanceState::Crashed { exit_code: None }, r#"{"state":"crashed"}"#),
            (
                InstanceState::Crashed { exit_code: Some(3) },
                r#"{"state":"crashed","exit_code":3}"#,
            ),
        ];
        for (state, json) in all {
            assert_eq!(serde_json::to_string(&state).unwrap(), json);
            assert!(json.contains(&format!("\"{}\"", state.as_label())));
        }
    }
}
