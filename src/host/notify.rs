//! `notify`: a test of whom an instance tells.

use super::Host;
use crate::failure::{Failure, FailureKind};
use crate::finding::Finding;
use crate::invocation::command;
use crate::notify;

impl Host {
    /// Sends a test message to each target of `notify` of one instance. Returns what became of
    /// each.
    ///
    /// # Errors
    /// When the selector does not mean one instance of the inventory, or that one tells
    /// nobody.
    ///
    /// # Cancel safety
    /// Some targets may have been told.
    pub async fn try_notify(&self, selector: &str) -> Result<Vec<Finding>, Failure> {
        let id = self.the_one(selector, "a test is of one")?.id().to_owned();
        let instance = self.inventory.get(&id).ok_or_else(|| {
            let failure = Failure::new(FailureKind::Unknown, format!("{id} is not in the inventory"));
            failure.hint(format!("{} shows what is", command("status")))
        })?;
        if instance.notify.is_empty() {
            let failure = Failure::failed(format!("{id} tells nobody: it has no `notify`"));
            return Err(failure
                .hint("add it to the instance, or to `defaults`, such as `notify: [{ ntfy: { topic: my-games } }]`"));
        }
        Ok(notify::try_out(instance).await)
    }
}
