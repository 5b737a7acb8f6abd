//! Optional part of a supervisor: a running game can be asked how many play.

use std::time::Duration;

use serde::Serialize;

/// The number of players on a server, and its capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Players {
    /// Includes bots where the game counts them.
    pub online: u32,
    /// The capacity; `None` where it is not known.
    pub max: Option<u32>,
}

/// The time that a game may take to answer.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(1);

#[async_trait::async_trait]
pub trait PlayerQuery: Send + Sync {
    /// Returns the time that an answer may take.
    fn limit(&self) -> Duration {
        ANSWER_LIMIT
    }

    /// Asks the running game how many play. Returns `None` if it did not
    /// answer within `limit`; nothing follows from that.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed.
    async fn count(&self, limit: Duration) -> Option<Players>;
}
