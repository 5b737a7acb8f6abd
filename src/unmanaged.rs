//! Instances that are listed but not managed: they are shown with the reason,
//! and left alone.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use crate::failure::{Failure, FailureKind};
use crate::supervisor::{
    AdminChannel, Facts, InstanceState, Observation, Outcome, StartOptions, StateCell, StopOptions, Supervisor,
};

/// The supervisor of an instance that no plane can manage.
#[derive(Debug)]
pub struct Unmanaged {
    id: String,
    plane: &'static str,
    reason: String,
    state: StateCell<InstanceState>,
}

impl Unmanaged {
    pub fn new(id: &str, plane: &'static str, reason: &str) -> Self {
        Self {
            id: id.to_owned(),
            plane,
            reason: reason.to_owned(),
            state: StateCell::new(InstanceState::Unmanaged),
        }
    }

    fn observation(&self) -> Observation {
        Facts::bare(InstanceState::Unmanaged, Some(self.reason.clone())).into()
    }

    fn refusal(&self) -> anyhow::Error {
        let message = format!("it is unmanaged: {}", self.reason);
        Failure::new(FailureKind::Unsupported, message)
            .hint("add that to the inventory; until then it is only shown")
            .into()
    }
}

#[async_trait::async_trait]
impl Supervisor for Unmanaged {
    fn instance_id(&self) -> &str {
        &self.id
    }

    fn state(&self) -> InstanceState {
        InstanceState::Unmanaged
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    async fn uptime_seconds(&self) -> u64 {
        0
    }

    async fn start_with(self: Arc<Self>, _options: StartOptions) -> Result<Outcome> {
        Err(self.refusal())
    }

    async fn stop_with(self: Arc<Self>, _options: StopOptions) -> Result<Outcome> {
        Err(self.refusal())
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(self)
    }

    fn plane(&self) -> &'static str {
        self.plane
    }

    fn snapshot(&self) -> Option<Observation> {
        Some(self.observation())
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        seen.send_replace(Some(self.observation()));
        // It never changes.
        seen.closed().await;
    }

    async fn look(&self) -> Observation {
        self.observation()
    }
}

#[async_trait::async_trait]
impl AdminChannel for Unmanaged {
    async fn send(&self, _line: &str, _limit: Duration) -> Result<Option<String>> {
        Err(self.refusal())
    }
}
