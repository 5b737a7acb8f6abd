//! The players of a game, as AMP counts them.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::game::AmpGame;
use crate::supervisor::{LOOK_EVERY, PlayerQuery, Players};

#[async_trait::async_trait]
impl PlayerQuery for AmpGame {
    async fn count(&self, limit: Duration) -> Option<Players> {
        let until = Instant::now() + limit;
        // The list of the last look counts them as well.
        let recent = Instant::now().checked_sub(2 * LOOK_EVERY);
        let not_before = self.seen_from().or(recent).unwrap_or_else(Instant::now);
        let (_, seen) = timeout_at(until, self.desk().listing(not_before)).await.ok()?;
        let counted = seen.ok()?.find(&self.spec().instance).ok()?.players;
        if counted.is_some() {
            return counted;
        }
        let query = self.players_rule()?;
        query.count(until.saturating_duration_since(Instant::now())).await
    }
}
