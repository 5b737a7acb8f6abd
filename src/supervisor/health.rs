//! Optional part of a supervisor: health checks of a running game.

/// The outcome of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The game answers.
    Well,
    /// The game does not answer these probes. It may still run.
    Silent(Vec<SilentProbe>),
    /// No probe is configured, or none could be asked.
    NotAsked,
}

/// A probe that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentProbe {
    /// A short phrase, such as `tcp 127.0.0.1:28015`.
    pub what: String,
    /// The fault of its answer; empty where there is none.
    pub trouble: String,
    /// True if it is one of those that found the game ready.
    pub held_before: bool,
}

#[async_trait::async_trait]
pub trait HealthCheck: Send + Sync {
    /// Asks a running game, by its `healthy` probes, whether it still answers.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed.
    async fn check(&self) -> Health;
}
