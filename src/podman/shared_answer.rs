//! One answer for all who ask the same thing at the same time.

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The last answer to a question, for those who asked before it was sought.
#[derive(Debug)]
pub(super) struct SharedAnswer<T> {
    last: Mutex<Option<Answer<T>>>,
}

#[derive(Debug)]
struct Answer<T> {
    /// The time at which the question was put: it tells nothing of what was later.
    asked: Instant,
    answer: T,
}

impl<T> Default for SharedAnswer<T> {
    fn default() -> Self {
        Self { last: Mutex::default() }
    }
}

impl<T: Clone> SharedAnswer<T> {
    /// Returns an answer to a question that was put after this was called. Only one caller
    /// asks at a time, and those who come meanwhile share the next answer.
    ///
    /// # Cancel safety
    /// The question is dropped, and the next one who waits asks.
    pub(super) async fn get(&self, ask: impl AsyncFnOnce() -> T) -> T {
        let called = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(last) = &*last
            && last.asked > called
        {
            return last.answer.clone();
        }
        let asked = Instant::now();
        let answer = ask().await;
        *last = Some(Answer {
            asked,
            answer: answer.clone(),
        });
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    const TAKES: Duration = Duration::from_secs(1);

    /// Counts the questions; each answer is its number.
    #[derive(Default)]
    struct Counted {
        shared: SharedAnswer<usize>,
        asked: AtomicUsize,
    }

    impl Counted {
        async fn get(&self) -> usize {
            let ask = async || {
                let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
                sleep(TAKES).await;
                number
            };
            self.shared.get(ask).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_who_ask_at_once_need_two_questions() {
        let counted = Arc::new(Counted::default());
        let ask = |_| {
            let counted = Arc::clone(&counted);
            // Those who wait came before the second question, at another instant.
            tokio::spawn(async move { counted.get().await })
        };
        let first = ask(0);
        sleep(TAKES / 2).await;
        let rest: Vec<_> = (1..50).map(ask).collect();
        assert_eq!(first.await.unwrap(), 1);
        for one in rest {
            assert_eq!(one.await.unwrap(), 2);
        }
        assert_eq!(counted.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_is_older_than_its_question() {
        let counted = Counted::default();
        assert_eq!(counted.get().await, 1);
        assert_eq!(counted.get().await, 2, "the first one was over before");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_the_question_to_the_next() {
        let counted = Arc::new(Counted::default());
        let hasty = {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move { timeout(TAKES / 2, counted.get()).await })
        };
        tokio::task::yield_now().await;
        assert_eq!(counted.get().await, 2);
        assert!(hasty.await.unwrap().is_err());
    }
}
