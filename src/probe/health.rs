//! The health of a game that is ready: its probes are asked again.

use super::Readiness;
use crate::supervisor::{Health, SilentProbe};

/// Asks the probes of `healthy` once. Where some are silent, those of `ready` tell which of
/// them held before. `None` if `of_ready` has none.
///
/// # Cancel safety
/// Safe.
pub async fn check(mut healthy: Readiness, of_ready: impl AsyncFnOnce() -> Option<Readiness>) -> Option<Health> {
    if healthy.check().await {
        return Some(Health::Well);
    }
    let of_ready = of_ready().await?.awaited();
    let silent = healthy.awaited().into_iter().map(|silent| SilentProbe {
        held_before: of_ready.iter().any(|ready| ready.what == silent.what),
        what: silent.what,
        trouble: silent.trouble,
    });
    Some(Health::Silent(silent.collect()))
}
