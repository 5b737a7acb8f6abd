//! The resources that a container or a pod uses, as podman tells them.

use std::time::Duration;

use tokio::time::timeout;

use super::game::PodmanGame;
use crate::containers::{PODMAN, SeenGroup, stats_words, usage_of_running};
use crate::supervisor::{Usage, UsageMeter};

#[async_trait::async_trait]
impl UsageMeter for PodmanGame {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        let measured = async {
            let look = self.see().await.ok()?;
            let words = stats_words(&PODMAN, &look.containers)?;
            let said = self.engine().ask(words).await.ok()?;
            usage_of_running(&said.output, &look.containers)
        };
        timeout(limit, measured).await.ok()?
    }
}
