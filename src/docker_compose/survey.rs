//! Checks of what a stack needs: its engine, compose, and its file.

use super::tool::Tool;
use crate::containers::Engine;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::ComposeSpec;

/// Checks a stack. Nothing is created or started.
pub(super) async fn of_spec(spec: &ComposeSpec, engine: &Engine) -> Vec<Finding> {
    let mut findings = vec![match engine.version().await {
        Ok(version) => Finding::ok("engine", format!("it answers, and is version {version}")),
        Err(failure) => bad("engine", failure),
    }];
    let tool = match Tool::find(engine).await {
        Ok(tool) => tool,
        Err(failure) => {
            findings.push(bad("compose", failure));
            return findings;
        }
    };
    findings.push(Finding::ok("compose", tool.to_string()));
    if let Err(failure) = tool.validate(spec).await {
        let finding = Finding::error(Finding::COMPOSE_FILE, failure.message);
        findings
            .push(finding.hint("correct it, or `docker_compose.file`; a stack that runs can be stopped all the same"));
        return findings;
    }
    let files: Vec<String> = spec.files.iter().map(|file| file.display().to_string()).collect();
    findings.push(Finding::ok(Finding::COMPOSE_FILE, files.join(", ")));
    let rivals = tool.restarting(spec).await;
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

fn bad(about: &'static str, failure: Failure) -> Finding {
    let finding = Finding::error(about, failure.message);
    match failure.hint {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}
