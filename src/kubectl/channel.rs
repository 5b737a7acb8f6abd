//! The admin channel, the console, and the checks of health.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::managed::ManagedObject;
use super::{input, probing};
use crate::channel::say;
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::probe::{Readiness, health};
use crate::supervisor::{AdminChannel, ConsoleAccess, ConsoleInput, ConsoleKind, Health, HealthCheck, InstanceState};

/// The time within which a line of the console is taken.
const TAKEN: Duration = Duration::from_secs(10);

#[async_trait::async_trait]
impl AdminChannel for ManagedObject {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        Ok(send(self, line, limit).await?)
    }
}

async fn send(object: &ManagedObject, line: &str, limit: Duration) -> Result<Option<String>, Failure> {
    let look = object.see_anew().await?;
    let program = &object.spec().send;
    if !program.is_empty() {
        let entrance = object.entrance(&look.found.pods)?;
        return input::send_by(&entrance, program, line, limit).await.map(Some);
    }
    let channels = &object.plan().channels;
    let Some(remote) = channels.get(channels.admin) else {
        let entrance = object.entrance(&look.found.pods)?;
        input::write_line(&entrance, line, limit).await?;
        return Ok(None);
    };
    if !look.judged.facts.state.is_alive() {
        let failure = Failure::new(FailureKind::NotRunning, "it does not run");
        let start = command(format_args!("start {}", object.records().id()));
        return Err(failure.hint(format!("{start} starts it")));
    }
    // Kubernetes starts again what has quit.
    let run = look.judged.facts.run;
    let goes_on = async || {
        let now = object.see_anew().await;
        now.map_or(true, |now| {
            now.judged.facts.state.is_alive() && now.judged.facts.run == run
        })
    };
    let reply = say::line(remote, line, Instant::now() + limit, goes_on).await?;
    Ok(Some(reply))
}

#[async_trait::async_trait]
impl ConsoleAccess for ManagedObject {
    async fn kind(&self) -> Result<ConsoleKind> {
        let look = self.see_anew().await?;
        self.entrance(&look.found.pods)?.attach()?;
        Ok(ConsoleKind::Lines)
    }

    async fn type_in(&self, input: &ConsoleInput) -> Result<()> {
        let ConsoleInput::Line(line) = input else {
            let message = "the console of a pod takes whole lines";
            return Err(Failure::new(FailureKind::Unsupported, message).into());
        };
        let look = self.see_anew().await?;
        let entrance = self.entrance(&look.found.pods)?;
        Ok(input::write_line(&entrance, line, TAKEN).await?)
    }
}

#[async_trait::async_trait]
impl HealthCheck for ManagedObject {
    async fn check(&self) -> Health {
        answers(self).await.unwrap_or(Health::NotAsked)
    }
}

async fn answers(object: &ManagedObject) -> Option<Health> {
    let healthy = object.plan().healthy.as_ref()?;
    let look = object.see().await.ok()?;
    if look.judged.facts.state != InstanceState::Running {
        return None;
    }
    let entrance = object.entrance(&look.found.pods).ok();
    let asked = probing::probes_in(&healthy.as_ready(), entrance.as_ref());
    let context = probing::context();
    let of_ready = async || {
        let ready = probing::probes_in(&object.plan().ready, entrance.as_ref());
        Readiness::new(&ready, &context).ok()
    };
    health::check(Readiness::new(&asked, &context).ok()?, of_ready).await
}
