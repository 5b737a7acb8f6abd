//! Questions how many play at instances of one host, which go out together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::wire::CountLine;
use crate::supervisor::Players;

/// The questions that are still to be asked.
#[derive(Debug, Default)]
pub(super) struct CountQueue {
    pending: Mutex<Vec<(String, oneshot::Sender<Players>)>>,
}

/// Questions that were taken to be asked. Whoever has no answer when this is dropped gets
/// none.
#[derive(Debug, Default)]
pub(super) struct Askers(HashMap<String, Vec<oneshot::Sender<Players>>>);

impl CountQueue {
    /// Adds a question. Returns true with it for the first, whose asker has to take them
    /// all and ask.
    pub(super) fn add(&self, id: &str) -> (bool, oneshot::Receiver<Players>) {
        let (sender, receiver) = oneshot::channel();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push((id.to_owned(), sender));
        (pending.len() == 1, receiver)
    }

    /// Takes all that were added.
    pub(super) fn take(&self) -> Askers {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut askers = Askers::default();
        for (id, asker) in pending.drain(..) {
            askers.0.entry(id).or_default().push(asker);
        }
        askers
    }
}

impl Askers {
    /// Returns each id once.
    pub(super) fn ids(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Passes an answer on; one that nobody has asked for is passed over.
    pub(super) fn answer(&mut self, count: &CountLine) {
        for asker in self.0.remove(&count.id).unwrap_or_default() {
            // Who has given up needs none.
            let _ = asker.send(count.players());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_reaches_who_has_asked_and_nobody_waits_for_others() {
        let queue = CountQueue::default();
        let (is_first, mut one) = queue.add("a");
        let (is_second_first, mut again) = queue.add("a");
        let (_, mut silent) = queue.add("b");
        assert_eq!((is_first, is_second_first), (true, false));
        let mut askers = queue.take();
        let mut ids = askers.ids();
        ids.sort_unstable();
        assert_eq!(ids, ["a", "b"]);
        let count = |id: &str| CountLine {
            id: id.to_owned(),
            online: 3,
            max: Some(20),
        };
        askers.answer(&count("never asked"));
        askers.answer(&count("a"));
        let players = Players {
            online: 3,
            max: Some(20),
        };
        assert_eq!((one.try_recv(), again.try_recv()), (Ok(players), Ok(players)));
        assert_eq!(silent.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        drop(askers);
        assert_eq!(silent.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert!(queue.add("b").0, "the next one asks again");
    }
}
