//! The checks of the health of a game that AMP calls ready.

use super::game::AmpGame;
use crate::probe::{Readiness, health};
use crate::supervisor::{Health, HealthCheck, InstanceState};

#[async_trait::async_trait]
impl HealthCheck for AmpGame {
    async fn check(&self) -> Health {
        answers(self).await.unwrap_or(Health::NotAsked)
    }
}

async fn answers(game: &AmpGame) -> Option<Health> {
    let asked = game.healthy()?.as_ready();
    if game.see().await.ok()?.facts.state != InstanceState::Running {
        return None;
    }
    let context = game.probe_context();
    let of_ready = async || Readiness::new(game.ready(), &context).ok();
    health::check(Readiness::new(&asked, &context).ok()?, of_ready).await
}
