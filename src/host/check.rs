//! `check`: what the inventory needs of this host.

use std::sync::Arc;

use super::Host;
use crate::check;
use crate::finding::Finding;
use crate::fleet::Fleet;
use crate::store::StateDir;

impl Host {
    /// Examines the host and every instance, and changes nothing.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn check(&self) -> Vec<Finding> {
        // A state directory that cannot be used is a finding, and not the end.
        let state = StateDir::open(&self.state_path).ok().flatten().map(Arc::new);
        let members = Fleet::for_a_look(state).members(&self.inventory);
        check::survey(&self.source, &self.inventory, &members, &self.state_path).await
    }
}
