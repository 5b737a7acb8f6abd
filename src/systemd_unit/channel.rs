//! The admin channel of a unit, and the checks of its health.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::managed::ManagedUnit;
use crate::channel::say;
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::probe::{Readiness, health};
use crate::supervisor::{AdminChannel, Health, HealthCheck, InstanceState};

#[async_trait::async_trait]
impl AdminChannel for ManagedUnit {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        let channels = &self.plan().channels;
        let Some(remote) = channels.get(channels.admin) else {
            let message =
                "a unit has no console here, and the inventory has no `rcon` or other channel over the network for it";
            return Err(Failure::new(FailureKind::Unsupported, message).into());
        };
        if !self.see().await?.facts.state.is_alive() {
            let failure = Failure::new(FailureKind::NotRunning, "it does not run");
            let start = command(format_args!("start {}", self.records().id()));
            return Err(failure.hint(format!("{start} starts it")).into());
        }
        let goes_on = async || self.see().await.map_or(true, |look| look.facts.state.is_alive());
        let reply = say::line(remote, line, Instant::now() + limit, goes_on).await?;
        Ok(Some(reply))
    }
}

#[async_trait::async_trait]
impl HealthCheck for ManagedUnit {
    async fn check(&self) -> Health {
        answers(self).await.unwrap_or(Health::NotAsked)
    }
}

async fn answers(unit: &ManagedUnit) -> Option<Health> {
    let healthy = unit.plan().healthy.as_ref()?;
    let look = unit.see().await.ok()?;
    if look.facts.state != InstanceState::Running {
        return None;
    }
    let asked = healthy.as_ready();
    let context = unit.probe_context(&look.unit);
    let of_ready = async || Readiness::new(&unit.plan().ready, &context).ok();
    health::check(Readiness::new(&asked, &context).ok()?, of_ready).await
}
