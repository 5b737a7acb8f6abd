//! Optional part of a supervisor: checks of what an instance needs on its host.

use crate::finding::Finding;

#[async_trait::async_trait]
pub trait Survey: Send + Sync {
    /// Checks what only the plane can know, without starting anything. The
    /// findings are reported for this instance, so they need not name it.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed.
    async fn findings(&self) -> Vec<Finding>;
}
