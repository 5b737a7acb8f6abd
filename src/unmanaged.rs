//! What is listed and managed by nobody: shown with the reason, and left
//! alone.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;

use crate::failure::{Failure, FailureKind};
use crate::supervisor::{Facts, InstanceState, Published, Sight, Supervisor};

/// Stands for an instance that nothing here manages.
#[derive(Debug)]
pub struct Unmanaged {
    id: String,
    plane: &'static str,
    reason: String,
    state: Published<InstanceState>,
}

impl Unmanaged {
    /// An instance that is unmanaged for this reason.
    pub fn new(id: &str, plane: &'static str, reason: &str) -> Self {
        Self {
            id: id.to_owned(),
            plane,
            reason: reason.to_owned(),
            state: Published::new(InstanceState::Unmanaged),
        }
    }

    fn sight(&self) -> Sight {
        let facts = Facts::bare(InstanceState::Unmanaged, Some(self.reason.clone()));
        Sight::Known(Box::new(facts))
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

    async fn start(self: Arc<Self>) -> Result<()> {
        Err(self.refusal())
    }

    async fn stop(self: Arc<Self>) -> Result<()> {
        Err(self.refusal())
    }

    async fn restart(self: Arc<Self>) -> Result<()> {
        Err(self.refusal())
    }

    async fn send(&self, _line: &str, _limit: std::time::Duration) -> Result<Option<String>> {
        Err(self.refusal())
    }

    fn plane(&self) -> &'static str {
        self.plane
    }

    fn glance(&self) -> Option<Sight> {
        Some(self.sight())
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Sight>>) {
        seen.send_replace(Some(self.sight()));
        // It stays what it is.
        seen.closed().await;
    }

    async fn look(&self) -> Sight {
        self.sight()
    }
}
