//! `check`: what the inventory needs of this host.

use std::sync::Arc;

use super::Host;
use crate::check;
use crate::finding::Finding;
use crate::fleet::Fleet;
use crate::link;
use crate::store::StateDir;

impl Host {
    /// Examines this host and every instance, and has the other hosts examine theirs.
    /// Nothing is changed.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn check(&self) -> Vec<Finding> {
        // A state directory that cannot be used is a finding, and not the end.
        let state = StateDir::open(&self.state_path).ok().flatten().map(Arc::new);
        let here = self.inventory.clone().of_this_host();
        let fleet = Fleet::for_a_look(state);
        let elsewhere = fleet.hosts(&self.inventory);
        let asked: Vec<_> = elsewhere
            .into_iter()
            .map(|host| tokio::spawn(async move { host.check().await }))
            .collect();
        let members = fleet.members(&here);
        let hosted = self.inventory.instances.len() - members.len();
        let mut findings = check::survey(&self.source, &here, &members, hosted, &self.state_path).await;
        findings.extend(check::notify(&self.inventory.instances));
        if let Some(link) = &self.inventory.link {
            findings.extend(link::survey(link).await);
        }
        for host in asked {
            findings.extend(host.await.unwrap_or_default());
        }
        findings
    }
}
