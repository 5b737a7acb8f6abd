//! Notices that this process does not run when it is due: on a machine that is
//! overloaded, paused or asleep a game does not answer in time either, and is
//! not hung for that.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The interval of the timers whose lateness is measured.
const PERIOD: Duration = Duration::from_millis(100);

/// Does some work. Returns its outcome, and the delay of the latest of the
/// timers that run beside it.
///
/// # Cancel safety
/// That of the work.
pub(super) async fn beside<T>(work: impl Future<Output = T>) -> (T, Duration) {
    tokio::pin!(work);
    let mut latest = Duration::ZERO;
    let mut due = Instant::now() + PERIOD;
    loop {
        tokio::select! {
            done = &mut work => {
                let late = Instant::now().saturating_duration_since(due);
                return (done, latest.max(late));
            }
            () = sleep_until(due) => {
                let now = Instant::now();
                latest = latest.max(now.saturating_duration_since(due));
                due = now + PERIOD;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_only_takes_long_is_not_late() {
        let (done, late) = beside(async {
            sleep(Duration::from_secs(100)).await;
            7
        })
        .await;
        assert_eq!(done, 7);
        assert!(late < Duration::from_millis(10), "{late:?}");
        assert!(beside(async {}).await.1.is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_is_seen_before_and_with_the_end_of_the_work() {
        for more in [0, 5] {
            let (_, late) = beside(async {
                sleep(Duration::from_secs(1)).await;
                advance(Duration::from_secs(30)).await;
                sleep(Duration::from_secs(more)).await;
            })
            .await;
            assert!((29..=30).contains(&late.as_secs()), "{late:?}");
        }
    }
}
