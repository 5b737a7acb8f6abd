//! The other hosts of the inventory, by their names.

use std::sync::Arc;

use super::Host;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{HostSpec, nearest};

impl Host {
    /// Returns the hosts of these names, in the order of the inventory; all of them
    /// without names.
    ///
    /// # Errors
    /// When there is none of a name, or none at all.
    pub(super) fn named_hosts(&self, names: &[String]) -> Result<Vec<Arc<HostSpec>>, Failure> {
        let hosts = &self.inventory.hosts;
        if hosts.is_empty() {
            let message = format!("{} lists no other host", self.source);
            return Err(Failure::new(FailureKind::Unknown, message)
                .hint("add one, such as `hosts: { box2: { ssh: games@box2 } }`"));
        }
        let listed = || hosts.iter().map(|host| host.name.as_str());
        if let Some(unknown) = names.iter().find(|name| listed().all(|host| host != name.as_str())) {
            let failure = Failure::new(FailureKind::Unknown, format!("there is no host `{unknown}`"));
            let hint = match nearest(unknown, listed()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the hosts are {}", listed().collect::<Vec<_>>().join(", ")),
            };
            return Err(failure.hint(hint));
        }
        let is_named = |host: &Arc<HostSpec>| names.is_empty() || names.contains(&host.name);
        Ok(hosts.iter().filter(|host| is_named(host)).cloned().collect())
    }
}
