//! Optional part of a supervisor: the admin channel of a running game.

use std::time::Duration;

use anyhow::Result;

#[async_trait::async_trait]
pub trait AdminChannel: Send + Sync {
    /// Sends one line and returns the reply; `None` if the channel has no
    /// replies.
    ///
    /// # Errors
    /// When the game does not run or does not answer.
    ///
    /// # Cancel safety
    /// The line may have been sent.
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>>;
}
