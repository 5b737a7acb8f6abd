//! `gamectl check`.

use super::context::{Context, Ended};
use super::interrupt::Interrupt;
use crate::check;
use crate::failure::FailureKind;
use crate::finding::{Finding, Level};
use crate::fleet::Ground;
use crate::store::StateDir;

pub(super) async fn run(context: &Context<'_>) -> Result<u8, Ended> {
    let source = context.source()?;
    let inventory = context.inventory()?;
    let path = context.state_path()?;
    // One that cannot be used is a finding, and not the end.
    let state = StateDir::open(&path).ok().flatten().map(std::sync::Arc::new);
    let members = Ground::for_a_look(state).members(&inventory);
    let mut interrupt = Interrupt::new()?;
    let findings = tokio::select! {
        findings = check::survey(&source, &inventory, &members, &path) => findings,
        signal = interrupt.signalled() => return Ok(signal.exit_code()),
    };
    context.screen.findings(&findings);
    Ok(exit_code(&findings))
}

/// Warnings are no failure. A compose file that compose does not take is as
/// wrong as an inventory.
fn exit_code(findings: &[Finding]) -> u8 {
    let mut errors = findings.iter().filter(|finding| finding.level == Level::Error);
    if errors.clone().any(|finding| finding.about == Finding::COMPOSE_FILE) {
        return FailureKind::Inventory.exit_code();
    }
    u8::from(errors.next().is_some())
}
