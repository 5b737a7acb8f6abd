//! Checks of the limits of a game, before it is started.

use crate::finding::Finding;
use crate::inventory::Limits;
use crate::sys::resources;
use crate::systemd;

const ABOUT: &str = "limits";

/// Tells which limits would not hold.
pub(super) fn judge(limits: &Limits) -> Vec<Finding> {
    let names: Vec<&str> = limits.given().map(|(name, _)| name).collect();
    let unheld = systemd::unavailable_limits(limits);
    let mut findings: Vec<Finding> = unheld
        .iter()
        .map(|one| Finding::warning(ABOUT, one.to_string()))
        .collect();
    let wanted = limits.nofile.map(u64::from);
    if let (Some(wanted), Some(most)) = (wanted, resources::most_files())
        && wanted > most
    {
        findings.push(Finding::warning(ABOUT, fewer_files(most)));
    }
    if limits.nice.is_some_and(|nice| !resources::may_renice(nice)) {
        findings.push(Finding::warning(ABOUT, NOT_NICE));
    }
    if findings.is_empty() && !names.is_empty() {
        findings.push(Finding::ok(ABOUT, names.join(", ")));
    }
    findings
}

/// Returns the sentence that a game may open fewer files than it should.
pub(super) fn fewer_files(most: u64) -> String {
    format!("its limit of nofile is {most}: more is not allowed here")
}

/// The sentence that a game has not the priority that it should.
pub(super) const NOT_NICE: &str = "its limit of nice does not hold: only root may give it so much priority";
