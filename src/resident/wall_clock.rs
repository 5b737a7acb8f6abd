//! The wall clock, by which schedules go.

use std::time::Duration;

use crate::sys::clock;
use crate::sys::wall_timer::WallTimer;

/// The pause between two looks at the clock where there is no timer for it.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// A clock that shows the time of day, and may be set.
pub trait WallClock: Send + Sync {
    /// Returns the time in seconds since 1970.
    fn now(&self) -> i64;

    /// Waits until it shows this time, or something is worth a look.
    ///
    /// # Cancel safety
    /// Safe.
    fn until(&self, at: i64) -> impl Future<Output = ()> + Send;
}

/// The clock of this machine.
pub struct MachineClock(Option<WallTimer>);

impl MachineClock {
    /// To be called in a runtime.
    pub fn open() -> Self {
        // Without a timer it is looked at now and then.
        Self(WallTimer::new().ok())
    }
}

impl WallClock for MachineClock {
    fn now(&self) -> i64 {
        clock::wall_seconds()
    }

    async fn until(&self, at: i64) {
        if let Some(timer) = &self.0
            && timer.until(at).await.is_ok()
        {
            return;
        }
        let left = u64::try_from(at.saturating_sub(self.now())).unwrap_or(0);
        tokio::time::sleep(Duration::from_secs(left).min(LOOK_EVERY)).await;
    }
}
