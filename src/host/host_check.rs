//! `host check`: the ways to the other hosts, and what is true there.

use super::Host;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::ssh;

impl Host {
    /// Checks the hosts of these names side by side, or all of them without names.
    /// Nothing is changed.
    ///
    /// # Errors
    /// When there is none of a name.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn check_hosts(&self, names: &[String]) -> Result<Vec<Finding>, Failure> {
        let hosts = self.named_hosts(names)?.into_iter();
        let asked: Vec<_> = hosts
            .map(|host| tokio::spawn(async move { ssh::check_host(&host).await }))
            .collect();
        let mut findings = Vec::new();
        for host in asked {
            findings.extend(host.await.expect("a check does not panic"));
        }
        Ok(findings)
    }
}
