//! An instance whose record does not say how to find what it was started by.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::supervisor::{InstanceState, Observation, Outcome, StartOptions, StateCell, StopOptions, Supervisor};

/// Reports an instance as unknown, and fails every verb on it.
pub(super) struct UnknownPlane {
    id: String,
    plane: &'static str,
    reason: String,
    state: StateCell<InstanceState>,
}

impl UnknownPlane {
    pub(super) fn new(id: &str, plane: &'static str, reason: String) -> Self {
        Self {
            id: id.to_owned(),
            plane,
            reason,
            state: StateCell::new(InstanceState::Stopped),
        }
    }

    fn refusal(&self) -> anyhow::Error {
        Failure::unknown(self.reason.clone()).into()
    }
}

#[async_trait::async_trait]
impl Supervisor for UnknownPlane {
    fn instance_id(&self) -> &str {
        &self.id
    }

    fn state(&self) -> InstanceState {
        self.state.get()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    async fn uptime_seconds(&self) -> u64 {
        0
    }

    fn plane(&self) -> &'static str {
        self.plane
    }

    async fn look(&self) -> Observation {
        Observation::Unknown {
            reason: self.reason.clone(),
        }
    }

    fn snapshot(&self) -> Option<Observation> {
        Some(Observation::Unknown {
            reason: self.reason.clone(),
        })
    }

    async fn start_with(self: Arc<Self>, _options: StartOptions) -> Result<Outcome> {
        Err(self.refusal())
    }

    async fn stop_with(self: Arc<Self>, _options: StopOptions) -> Result<Outcome> {
        Err(self.refusal())
    }
}
