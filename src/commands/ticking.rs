//! What comes with time, for loops that wait for several things at once.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior};

/// How often what counts up or down on a screen is drawn again.
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A screen is not drawn more often than this.
pub(super) const FRAME: Duration = Duration::from_millis(50);

/// Ticks, the first one after a whole span; `None` without a span.
pub(super) fn ticks(every: Option<Duration>) -> Option<Interval> {
    every.map(|every| {
        let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    })
}

/// Returns at the next tick; never without any.
///
/// # Cancel safety
/// Safe.
pub(super) async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

/// Returns at that time; never without one.
///
/// # Cancel safety
/// Safe.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
