//! Checks of what a stack needs: its engine, compose, and its file.

use super::stack::ComposeStack;
use super::tool::{Tool, files};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::supervisor::Survey;

#[async_trait::async_trait]
impl Survey for ComposeStack {
    async fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![match self.engine().version().await {
            Ok(version) => Finding::ok("engine", format!("it answers, and is version {version}")),
            Err(failure) => bad("engine", failure),
        }];
        let tool = match Tool::find(self.engine(), self.spec()).await {
            Ok(tool) => tool,
            Err(failure) => {
                findings.push(bad("compose", failure));
                return findings;
            }
        };
        findings.push(Finding::ok("compose", tool.to_string()));
        if let Err(failure) = tool.validate().await {
            let hint = "correct it, or `docker_compose.file`; a stack that runs can be stopped all the same";
            findings.push(Finding::error(Finding::COMPOSE_FILE, failure.message).hint(hint));
            return findings;
        }
        findings.push(Finding::ok(Finding::COMPOSE_FILE, files(self.spec())));
        let rivals = tool.restarting().await;
        if !rivals.is_empty() {
            let message = format!(
                "Docker itself restarts {}, as `restart:` in the compose file has it: it wins, and `run` leaves that to it",
                rivals.join(", ")
            );
            let hint = "take `restart:` out of the compose file to have one who decides";
            findings.push(Finding::warning("restart", message).hint(hint));
        }
        findings
    }
}

fn bad(about: &'static str, failure: Failure) -> Finding {
    let finding = Finding::error(about, failure.message);
    match failure.hint {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}
