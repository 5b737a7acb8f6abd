//! The turns of the commands of one gamectl: updates share a disk and a line.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The most commands that run at once.
pub(super) const AT_ONCE: usize = 4;

/// The turns, which clones share.
#[derive(Debug, Clone)]
pub struct PreparationSlots(Arc<Semaphore>);

impl Default for PreparationSlots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl PreparationSlots {
    /// Waits for a turn, which lasts until it is dropped.
    ///
    /// # Cancel safety
    /// Dropped, the place in the queue is lost.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.0.acquire().await.ok()
    }
}
