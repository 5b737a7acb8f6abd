//! `stop`: every container of the project, those that need others first.

use std::time::Duration;

use super::order::layers;
use super::supervisor::DockerComposeSupervisor;
use super::tool::Tool;
use crate::containers::{Circumstances, Container, ContainerStatus, aggregate, too_short_grace};
use crate::event::Want;
use crate::failure::Failure;
use crate::store::origin;
use crate::supervisor::{InstanceState, Outcome};

/// The time that `docker-compose stop` may take beyond the grace periods.
const BEYOND: Duration = Duration::from_secs(30);

impl DockerComposeSupervisor {
    pub(super) async fn carry_out_stop(&self) -> Result<Outcome, Failure> {
        let before = self.engine.of_group(&self.spec.project).await?;
        let alive: Vec<&Container> = before.iter().filter(|one| one.is_alive()).collect();
        if alive.is_empty() {
            self.see().await?;
            self.record_stopped();
            return Ok(Outcome {
                // A crash is acknowledged by a stop.
                changed: was_crashed(&before, &self.spec.services),
                state: InstanceState::Stopped,
                ended_by: None,
                note: None,
            });
        }
        self.unpause(&alive).await;
        if alive.iter().any(|one| one.member.depends_on.is_none()) {
            self.stop_by_old_compose(&alive).await;
        }
        for layer in layers(&alive) {
            self.stop_layer(&layer).await?;
        }
        let after = self.see().await?;
        let survivors: Vec<&str> = after
            .containers
            .iter()
            .filter(|one| one.is_alive())
            .map(Container::service)
            .collect();
        if !survivors.is_empty() {
            return Err(Failure::failed(format!("still alive: {}", survivors.join(", "))));
        }
        self.record_stopped();
        let stopped_here = |id: &str| alive.iter().any(|one| one.id == id);
        let killed = after
            .containers
            .iter()
            .find(|one| stopped_here(&one.id) && one.was_killed());
        Ok(Outcome {
            changed: true,
            state: InstanceState::Stopped,
            ended_by: Some(if killed.is_some() { "kill" } else { "docker stop" }.to_owned()),
            note: killed.map(too_short_grace),
        })
    }

    /// Notes that nothing runs, so that no later look need ask the engine once
    /// the stack has left the inventory.
    fn record_stopped(&self) {
        if let Ok(Some(dir)) = self.dir() {
            // Without the note the engine is asked.
            let _ = origin::record_stopped(&dir);
        }
    }

    /// Unpauses what is paused, as it would receive no signal.
    async fn unpause(&self, alive: &[&Container]) {
        for one in alive.iter().filter(|one| one.status == ContainerStatus::Paused) {
            // A failure shows when the container is stopped.
            let _ = self.engine.ask(["unpause", &one.id]).await;
        }
    }

    /// Lets the old compose stop the stack: it puts no order on its containers,
    /// but knows it if its file is unchanged. What it leaves is stopped by layers.
    async fn stop_by_old_compose(&self, alive: &[&Container]) {
        let Ok(tool) = Tool::find(&self.engine).await else {
            return;
        };
        if tool.is_old && tool.validate(&self.spec).await.is_ok() {
            let grace = alive.iter().map(|one| Duration::from_secs(one.grace)).sum::<Duration>();
            self.awaits("docker-compose stop", Some(grace));
            let _ = tool.stop(&self.spec, grace + BEYOND).await;
        }
    }

    async fn stop_layer(&self, layer: &[&Container]) -> Result<(), Failure> {
        let grace = layer.iter().map(|one| one.grace).max().unwrap_or_default();
        let grace = Duration::from_secs(grace);
        let names: Vec<&str> = layer.iter().map(|one| one.service()).collect();
        self.awaits(format!("docker stop: {}", names.join(", ")), Some(grace));
        self.engine.stop(layer, grace).await
    }
}

/// Returns true if the stack had ended by itself.
fn was_crashed(containers: &[Container], required: &[String]) -> bool {
    let around = Circumstances {
        required,
        want: Some(Want::Running),
        ..Circumstances::default()
    };
    let facts = aggregate(containers, &around).facts;
    matches!(facts.state, InstanceState::Crashed { .. }) && !containers.iter().all(Container::ended_politely)
}
