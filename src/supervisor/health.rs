//! Optional part of a supervisor: health checks of a running game.

/// The outcome of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The game answers.
    Well,
    /// The game does not answer the probe that this short phrase names, such as
    /// `tcp 127.0.0.1:28015`. It may still run.
    Silent(String),
    /// No probe is configured, or none could be asked.
    NotAsked,
}

#[async_trait::async_trait]
pub trait HealthCheck: Send + Sync {
    /// Asks a running game, by its `healthy` probes, whether it still answers.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed.
    async fn check(&self) -> Health;
}
