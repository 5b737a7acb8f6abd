//! The countdowns of one command, which end together when it is interrupted.

use tokio::sync::watch;

/// The countdowns of a verb over many instances.
#[derive(Debug)]
pub struct Countdowns {
    cancelled: watch::Sender<bool>,
    crowd: watch::Sender<CountdownCrowd>,
}

/// The numbers of instances of a verb.
#[derive(Debug, Clone, Copy, Default)]
struct CountdownCrowd {
    /// Those whose players are warned or awaited.
    counting: usize,
    /// Those that are past that.
    at_work: usize,
}

impl Default for Countdowns {
    fn default() -> Self {
        Self {
            cancelled: watch::Sender::new(false),
            crowd: watch::Sender::default(),
        }
    }
}

/// The place of one instance among them, until it is dropped.
#[derive(Debug)]
pub(super) struct CountdownSeat<'a> {
    all: &'a Countdowns,
    is_at_work: bool,
}

impl Countdowns {
    /// Cancels those that are under way, and any that is still to come. Returns true if
    /// one is under way: its players are told next.
    pub fn cancel(&self) -> bool {
        self.cancelled.send_replace(true);
        self.crowd.borrow().counting > 0
    }

    /// Waits until none is under way and something else still is: the verb itself.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn over(&self) {
        let mut crowd = self.crowd.subscribe();
        // The sender is this one's, and so lives.
        let _ = crowd.wait_for(|crowd| crowd.counting == 0 && crowd.at_work > 0).await;
    }

    pub(super) fn begin(&self) -> CountdownSeat<'_> {
        self.crowd.send_modify(|crowd| crowd.counting += 1);
        CountdownSeat {
            all: self,
            is_at_work: false,
        }
    }

    /// Waits until all are cancelled.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn cancelled(&self) {
        let mut cancelled = self.cancelled.subscribe();
        let _ = cancelled.wait_for(|cancelled| *cancelled).await;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }
}

impl CountdownSeat<'_> {
    /// Moves on to the verb itself.
    pub(super) fn go_on(&mut self) {
        if !self.is_at_work {
            self.is_at_work = true;
            self.all.crowd.send_modify(|crowd| {
                crowd.counting = crowd.counting.saturating_sub(1);
                crowd.at_work += 1;
            });
        }
    }
}

impl Drop for CountdownSeat<'_> {
    fn drop(&mut self) {
        let is_at_work = self.is_at_work;
        self.all.crowd.send_modify(|crowd| {
            let place = if is_at_work {
                &mut crowd.at_work
            } else {
                &mut crowd.counting
            };
            *place = place.saturating_sub(1);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn is_ready(future: impl Future) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(future).poll(&mut context).is_ready()
    }

    #[test]
    fn an_interrupt_waits_for_countdowns_and_not_for_verbs() {
        let all = Countdowns::default();
        assert!(!all.cancel(), "none is under way");
        let all = Countdowns::default();
        let counting = all.begin();
        let mut working = all.begin();
        working.go_on();
        working.go_on();
        assert!(!all.is_cancelled() && !is_ready(all.cancelled()));
        assert!(all.cancel() && all.is_cancelled() && is_ready(all.cancelled()));
        assert!(!is_ready(all.over()), "its players are told");
        drop(counting);
        assert!(is_ready(all.over()));
        drop(working);
        assert!(!is_ready(all.over()), "all results are there in a moment");
    }
}
