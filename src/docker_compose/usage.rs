//! The resources that a stack uses, as its engine tells them.

use std::time::Duration;

use tokio::time::timeout;

use super::stack::ComposeStack;
use crate::containers::{stats_words, usage_of_running};
use crate::supervisor::{Usage, UsageMeter};

#[async_trait::async_trait]
impl UsageMeter for ComposeStack {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        let measured = async {
            let containers = self.engine().of_group(&self.spec().project).await.ok()?;
            let words = stats_words(self.engine().kind(), &containers)?;
            let said = self.engine().ask(words).await.ok()?;
            usage_of_running(&said.output, &containers)
        };
        timeout(limit, measured).await.ok()?
    }
}
