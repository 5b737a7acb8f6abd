//! The resources that a stack uses, as its engine tells them.

use std::time::Duration;

use tokio::time::timeout;

use super::stack::ComposeStack;
use crate::containers::usage_of_stats;
use crate::supervisor::{Usage, UsageMeter};

#[async_trait::async_trait]
impl UsageMeter for ComposeStack {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        let measured = async {
            let containers = self.engine().of_group(&self.spec().project).await.ok()?;
            let running: Vec<&str> = containers
                .iter()
                .filter(|one| one.pid != 0)
                .map(|one| one.id.as_str())
                .collect();
            // Of none it would tell of all.
            if running.is_empty() {
                return None;
            }
            let said = self.engine().stats(&running).await.ok()?;
            usage_of_stats(&said.output, running.len())
        };
        timeout(limit, measured).await.ok()?
    }
}
