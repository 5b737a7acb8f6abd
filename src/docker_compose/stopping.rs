//! `stop`: every container of the project, whoever needs others first.

use std::time::Duration;

use super::aggregate::{Circumstances, aggregate};
use super::call::Call;
use super::container::{Container, Status};
use super::engine::refused;
use super::order::layers;
use super::supervisor::DockerComposeSupervisor;
use super::tool::Tool;
use crate::event::Want;
use crate::failure::Failure;
use crate::supervisor::{InstanceState, Outcome};

/// What `docker stop` may take beyond the grace period.
const BEYOND: Duration = Duration::from_secs(30);

impl DockerComposeSupervisor {
    pub(super) async fn carry_out_stop(&self) -> Result<Outcome, Failure> {
        let before = self.engine.of_project(&self.spec.project).await?;
        let alive: Vec<&Container> = before.iter().filter(|one| one.is_alive()).collect();
        if alive.is_empty() {
            self.see().await?;
            return Ok(Outcome {
                // A crash is acknowledged by a stop.
                changed: was_crashed(&before, &self.spec.services),
                state: InstanceState::Stopped,
                ended_by: None,
                note: None,
            });
        }
        self.let_go_on(&alive).await;
        if alive.iter().any(|one| !one.knows_order) {
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
            .map(|one| one.service.as_str())
            .collect();
        if !survivors.is_empty() {
            return Err(Failure::failed(format!("still alive: {}", survivors.join(", "))));
        }
        let stopped_here = |id: &str| alive.iter().any(|one| one.id == id);
        let killed = after
            .containers
            .iter()
            .find(|one| stopped_here(&one.id) && one.exit_code == 137 && !one.oom_killed);
        Ok(Outcome {
            changed: true,
            state: InstanceState::Stopped,
            ended_by: Some(if killed.is_some() { "kill" } else { "docker stop" }.to_owned()),
            note: killed.map(|one| {
                format!(
                    "{} was killed: its grace period of {} s was too short",
                    one.service, one.grace
                )
            }),
        })
    }

    /// What is paused hears no signal.
    async fn let_go_on(&self, alive: &[&Container]) {
        for one in alive.iter().filter(|one| one.status == Status::Paused) {
            // Whether it worked shows when it is stopped.
            let _ = self.engine.ask(["unpause", &one.id]).await;
        }
    }

    /// The old compose leaves no word of the order on its containers, but
    /// knows it where its file is as it was. What it leaves is stopped below.
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
        let names: Vec<&str> = layer.iter().map(|one| one.service.as_str()).collect();
        self.awaits(format!("docker stop: {}", names.join(", ")), Some(grace));
        let ids = layer.iter().map(|one| one.id.as_str());
        let call = Call {
            // Without -t: each has its own grace period.
            argv: self.engine.docker(std::iter::once("stop").chain(ids)),
            limit: grace + BEYOND,
            complaints: None,
            halt: None,
        };
        let called = call.make().await?;
        let is_gone = called.complaint.contains("No such container");
        if called.is_ok() || is_gone {
            return Ok(());
        }
        Err(refused(&called.complaint))
    }
}

/// Whether it had ended by itself.
fn was_crashed(containers: &[Container], required: &[String]) -> bool {
    let around = Circumstances {
        required,
        want: Some(Want::Running),
        ..Circumstances::default()
    };
    let polite = |one: &Container| matches!(one.exit_code, 0 | 130 | 137 | 143) && !one.oom_killed;
    let facts = aggregate(containers, &around).facts;
    matches!(facts.state, InstanceState::Crashed { .. }) && !containers.iter().all(polite)
}
