//! Turns of the calls of engines: each of them is work for the processors, so that on a
//! small machine fifty at once get no answer in time.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::program::{CallError, Finished, ProgramCall};

/// The most calls of this process that work at once.
const AT_ONCE: usize = 8;

/// The time after which a call gives its turn back: by then it waits, as a `stop` does
/// for its game, or hangs.
const WORKS: Duration = Duration::from_secs(1);

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Makes a call when it is its turn, and returns what the program prints. The limit does
/// not count the time before.
///
/// # Errors
/// Those of [`ProgramCall::output`].
///
/// # Cancel safety
/// That of [`ProgramCall::output`]; before its turn nothing is called.
pub async fn output_in_turn(call: ProgramCall, limit: Duration) -> Result<Finished, CallError> {
    take_turn(&TURNS, call.output(limit)).await
}

async fn take_turn<T>(turns: &Semaphore, call: impl Future<Output = T>) -> T {
    // It is never closed.
    let turn = turns.acquire().await;
    let mut call = pin!(call);
    if let Ok(done) = timeout(WORKS, &mut call).await {
        return done;
    }
    drop(turn);
    call.await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::JoinSet;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// Makes calls that take this long each; returns the most at once and the whole time.
    async fn make(calls: usize, each: Duration) -> (usize, Duration) {
        let (turns, begun) = (Arc::new(Semaphore::new(2)), Instant::now());
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut all = JoinSet::new();
        for _ in 0..calls {
            let (turns, now, most) = (Arc::clone(&turns), Arc::clone(&now), Arc::clone(&most));
            all.spawn(async move {
                let call = async {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(each).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                };
                take_turn(&turns, call).await;
            });
        }
        all.join_all().await;
        (most.load(Ordering::SeqCst), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_work_take_turns_and_those_that_wait_hold_up_nobody() {
        let work = Duration::from_millis(500);
        assert_eq!(make(10, work).await, (2, 5 * work));
        let (most, time) = make(10, Duration::from_secs(60)).await;
        assert_eq!((most, time.as_secs()), (10, 64));
    }
}
