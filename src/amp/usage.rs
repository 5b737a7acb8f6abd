//! The resources that a game uses, as AMP counts them.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::game::AmpGame;
use crate::supervisor::{LOOK_EVERY, Usage, UsageMeter};

#[async_trait::async_trait]
impl UsageMeter for AmpGame {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        let recent = Instant::now().checked_sub(2 * LOOK_EVERY);
        let not_before = self.seen_from().or(recent).unwrap_or_else(Instant::now);
        let (_, seen) = timeout(limit, self.desk().listing(not_before)).await.ok()?;
        seen.ok()?.find(&self.spec().instance).ok()?.usage
    }
}
