//! Timers for loops that wait for several things at once.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The interval at which a screen with running clocks is drawn again.
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// The shortest interval between two drawings of a screen.
pub(super) const FRAME: Duration = Duration::from_millis(50);

/// Returns a timer whose first tick comes after a whole interval; `None`
/// without an interval.
pub(super) fn ticks(every: Option<Duration>) -> Option<Interval> {
    every.map(|every| {
        let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    })
}

/// Waits for the next tick; forever without a timer.
///
/// # Cancel safety
/// Safe.
pub(super) async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

/// Waits until that time; forever without one.
///
/// # Cancel safety
/// Safe.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
