//! `check`: what the inventory needs of this host.

use std::sync::Arc;

use super::Host;
use crate::check;
use crate::finding::Finding;
use crate::fleet::Fleet;
use crate::store::StateDir;

/// Returns what is to be said of the instances on another host.
fn unchecked(host: &str, ids: &[String]) -> Finding {
    Finding::warning("host", format!("{} on `{host}`: not checked from here", ids.join(", ")))
        .hint("what they need there can only be seen there")
}

impl Host {
    /// Examines the host and every instance, and changes nothing.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn check(&self) -> Vec<Finding> {
        // A state directory that cannot be used is a finding, and not the end.
        let state = StateDir::open(&self.state_path).ok().flatten().map(Arc::new);
        let (here, elsewhere) = self.inventory.clone().split_by_host();
        let members = Fleet::for_a_look(state).members(&here);
        let mut findings = check::survey(&self.source, &here, &members, &self.state_path).await;
        findings.extend(elsewhere.iter().map(|(host, ids)| unchecked(host, ids)));
        findings
    }
}
