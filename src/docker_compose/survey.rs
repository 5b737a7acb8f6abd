//! Checks of what a stack needs: its engine, compose, and its file.

use super::compose_file::FileServices;
use super::stack::ComposeStack;
use super::tool::{Tool, files};
use crate::finding::Finding;
use crate::inventory::ComposeEngine;
use crate::supervisor::Survey;
use crate::systemd;

#[async_trait::async_trait]
impl Survey for ComposeStack {
    async fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![match self.engine().version().await {
            Ok(version) => Finding::ok("engine", format!("it answers, and is version {version}")),
            Err(failure) => Finding::of_failure("engine", failure),
        }];
        let tool = match Tool::find(self.engine(), self.spec()).await {
            Ok(tool) => tool,
            Err(failure) => {
                findings.push(Finding::of_failure("compose", failure));
                return findings;
            }
        };
        findings.push(match tool.is_of_podman() {
            false => Finding::ok("compose", tool.to_string()),
            true => {
                let message = format!("{tool}: it applies no change to containers that are there, and may not wait until what they need is healthy");
                let hint = "for that, install the compose plugin of Docker, and enable podman.socket: with `systemctl enable --now podman.socket`, and `--user` for a user's own";
                Finding::warning("compose", message).hint(hint)
            }
        });
        if let Err(failure) = tool.validate().await {
            let hint = "correct it, or `docker_compose.file`; a stack that runs can be stopped all the same";
            findings.push(Finding::error(Finding::COMPOSE_FILE, failure.message).hint(hint));
            return findings;
        }
        findings.push(Finding::ok(Finding::COMPOSE_FILE, files(self.spec())));
        findings.extend(self.without_timers().await);
        let rivals = tool.restarting().await;
        if !rivals.is_empty() {
            let message = format!(
                "{} itself restarts {}, as `restart:` in the compose file has it: it wins, and `run` leaves that to it",
                match self.spec().engine {
                    ComposeEngine::Docker => "Docker",
                    ComposeEngine::Podman => "podman",
                },
                rivals.join(", ")
            );
            let hint = "take `restart:` out of the compose file to have one who decides";
            findings.push(Finding::warning("restart", message).hint(hint));
        }
        findings
    }
}

impl ComposeStack {
    /// Returns what is to be said of health checks that nobody carries out.
    async fn without_timers(&self) -> Option<Finding> {
        if self.spec().engine == ComposeEngine::Docker || systemd::has_booted() {
            return None;
        }
        let files = FileServices::read(self.spec()).await.ok()?;
        let checked = files.with_health().join(", ");
        let message = format!(
            "podman has systemd call its health checks, and that does not run here: never healthy will be {checked}"
        );
        let finding = Finding::warning("healthcheck", message);
        (!checked.is_empty()).then(|| {
            finding.hint("take the `healthcheck` out of the compose file, and give the instance a `ready` probe")
        })
    }
}
