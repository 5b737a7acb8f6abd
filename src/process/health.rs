//! Health checks of a running game.

use std::sync::Arc;

use super::supervisor::ProcessSupervisor;
use crate::inventory::Ready;
use crate::probe::Readiness;
use crate::store::launch;
use crate::supervisor::{Health, HealthCheck};

#[async_trait::async_trait]
impl HealthCheck for ProcessSupervisor {
    async fn check(&self) -> Health {
        self.ask_probes().await.unwrap_or(Health::NotAsked)
    }
}

impl ProcessSupervisor {
    /// Asks every probe of `healthy` once.
    async fn ask_probes(&self) -> Option<Health> {
        let healthy = self.healthy.as_ref()?;
        let state = self.state_dir.as_ref()?;
        let dir = Arc::new(state.instance(&self.id).ok()??);
        let launch = launch::read(&dir).ok()??;
        let asked = Ready {
            probes: healthy.probes.clone(),
            attempt_timeout: Some(healthy.attempt_timeout),
            ..Ready::default()
        };
        let mut probes = Readiness::new(&asked, &self.scene(&dir, &launch)).ok()?;
        Some(if probes.check().await {
            Health::Well
        } else {
            Health::Silent(probes.awaits())
        })
    }
}
