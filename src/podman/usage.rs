//! The resources that a container or a pod uses, as podman tells them.

use std::time::Duration;

use tokio::time::timeout;

use super::game::PodmanGame;
use crate::containers::{SeenGroup, usage_of_stats};
use crate::supervisor::{Usage, UsageMeter};

#[async_trait::async_trait]
impl UsageMeter for PodmanGame {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        let measured = async {
            let look = self.see().await.ok()?;
            let running = look.containers.iter().filter(|one| one.pid != 0);
            let running: Vec<&str> = running.map(|one| one.id.as_str()).collect();
            // Of none it would tell of all.
            if running.is_empty() {
                return None;
            }
            let words = ["stats", "--no-stream", "--format", "json"]
                .into_iter()
                .chain(running.iter().copied());
            let said = self.engine().ask(words).await.ok()?;
            usage_of_stats(&said.output, running.len())
        };
        timeout(limit, measured).await.ok()?
    }
}
