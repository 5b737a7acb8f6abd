//! Instances that gamectl cannot manage: they are shown with the reason, and left
//! alone.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use crate::failure::{Failure, FailureKind};
use crate::supervisor::{
    AdminChannel, Facts, InstanceState, Observation, Outcome, StartOptions, StateCell, StopOptions, Supervisor,
};

/// The supervisor of an instance that no plane can manage: every look has the
/// same outcome, and every verb fails.
#[derive(Debug)]
pub struct Unmanaged {
    id: String,
    plane: &'static str,
    host: Option<String>,
    observation: Observation,
    refusal: Failure,
    state: StateCell<InstanceState>,
}

impl Unmanaged {
    /// Creates the supervisor of an instance whose definition lacks something.
    pub fn new(id: &str, plane: &'static str, reason: &str) -> Self {
        let message = format!("it is unmanaged: {reason}");
        Self {
            id: id.to_owned(),
            plane,
            host: None,
            observation: Facts::bare(InstanceState::Unmanaged, Some(reason.to_owned())).into(),
            refusal: Failure::new(FailureKind::Unsupported, message)
                .hint("add that to the inventory; until then it is only shown"),
            state: StateCell::new(InstanceState::Unmanaged),
        }
    }

    /// Names the host on which it would be managed.
    #[must_use]
    pub fn on_host(mut self, host: Option<&str>) -> Self {
        self.host = host.map(str::to_owned);
        self
    }

    /// Creates the supervisor of an instance whose record does not say how to
    /// find what it was started by.
    pub fn unknown(id: &str, plane: &'static str, reason: String) -> Self {
        Self {
            id: id.to_owned(),
            plane,
            host: None,
            refusal: Failure::unknown(reason.clone()),
            observation: Observation::Unknown { reason },
            state: StateCell::new(InstanceState::Stopped),
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for Unmanaged {
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

    async fn start_with(self: Arc<Self>, _options: StartOptions) -> Result<Outcome> {
        Err(self.refusal.clone().into())
    }

    async fn stop_with(self: Arc<Self>, _options: StopOptions) -> Result<Outcome> {
        Err(self.refusal.clone().into())
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(self)
    }

    fn plane(&self) -> &'static str {
        self.plane
    }

    fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    fn snapshot(&self) -> Option<Observation> {
        Some(self.observation.clone())
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        seen.send_replace(Some(self.observation.clone()));
        // It never changes.
        seen.closed().await;
    }

    async fn look(&self) -> Observation {
        self.observation.clone()
    }
}

#[async_trait::async_trait]
impl AdminChannel for Unmanaged {
    async fn send(&self, _line: &str, _limit: Duration) -> Result<Option<String>> {
        Err(self.refusal.clone().into())
    }
}
