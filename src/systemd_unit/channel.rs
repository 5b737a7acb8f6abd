//! The admin channel of a unit, and the checks of its health.

use std::time::Duration;

use anyhow::Result;

use super::managed::ManagedUnit;
use crate::channel::{self, AskError, Question};
use crate::failure::{Failure, FailureKind};
use crate::inventory::Ready;
use crate::invocation::command;
use crate::probe::Readiness;
use crate::supervisor::{AdminChannel, Health, HealthCheck, InstanceState, SilentProbe};

#[async_trait::async_trait]
impl AdminChannel for ManagedUnit {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        let channels = &self.plan().channels;
        let Some(remote) = channels.get(channels.admin) else {
            let message = "a unit has no console here, and the inventory has no `rcon`, `webrcon` or `telnet` for it";
            return Err(Failure::new(FailureKind::Unsupported, message).into());
        };
        if !self.see().await?.facts.state.is_alive() {
            let failure = Failure::new(FailureKind::NotRunning, "it does not run");
            let start = command(format_args!("start {}", self.records().id()));
            return Err(failure.hint(format!("{start} starts it")).into());
        }
        let question = Question {
            line: line.to_owned(),
            expect: None,
            limit,
        };
        let reply = channel::ask(remote, &question).await.map_err(AskError::failure)?;
        let mut text = reply.text;
        if reply.cut {
            text.push_str("\n[the reply was longer, and is cut here]");
        }
        Ok(Some(text))
    }
}

#[async_trait::async_trait]
impl HealthCheck for ManagedUnit {
    async fn check(&self) -> Health {
        health(self).await.unwrap_or(Health::NotAsked)
    }
}

async fn health(unit: &ManagedUnit) -> Option<Health> {
    let healthy = unit.plan().healthy.as_ref()?;
    let look = unit.see().await.ok()?;
    if look.facts.state != InstanceState::Running {
        return None;
    }
    let asked = Ready {
        probes: healthy.probes.clone(),
        attempt_timeout: Some(healthy.attempt_timeout),
        ..Ready::default()
    };
    let context = unit.probe_context(&look.unit);
    let mut probes = Readiness::new(&asked, &context).ok()?;
    if probes.check().await {
        return Some(Health::Well);
    }
    let of_ready = Readiness::new(&unit.plan().ready, &context).ok()?.awaited();
    let silent = probes.awaited().into_iter().map(|silent| SilentProbe {
        held_before: of_ready.iter().any(|ready| ready.what == silent.what),
        what: silent.what,
        trouble: silent.trouble,
    });
    Some(Health::Silent(silent.collect()))
}
