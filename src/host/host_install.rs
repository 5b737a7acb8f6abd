//! `host install`: this program on the other hosts.

use tokio::sync::mpsc::UnboundedSender;

use super::Host;
use crate::event::CopyEvent;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::ssh;

impl Host {
    /// Installs this program on the hosts of these names side by side, or on all of them
    /// without names, and tells how far the copies are; or tells what would be done.
    ///
    /// # Errors
    /// When there is none of a name; nothing was done then.
    ///
    /// # Cancel safety
    /// What was begun may be carried through there; a host has the old program or the new
    /// one.
    pub async fn install_on_hosts(
        &self,
        names: &[String],
        is_dry: bool,
        copies: UnboundedSender<CopyEvent>,
    ) -> Result<Vec<Finding>, Failure> {
        let hosts = self.named_hosts(names)?.into_iter();
        let begun: Vec<_> = hosts
            .map(|host| {
                let copies = copies.clone();
                tokio::spawn(async move { ssh::install_on(&host, is_dry, copies).await })
            })
            .collect();
        // Who listens hears of the end.
        drop(copies);
        let mut findings = Vec::new();
        for host in begun {
            findings.push(host.await.expect("an installation does not panic"));
        }
        Ok(findings)
    }
}
