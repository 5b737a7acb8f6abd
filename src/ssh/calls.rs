//! The requests of one connection that wait for answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::mpsc;

use super::wire::{Say, ServeAnswer};
use crate::failure::Failure;

/// The most answers to one request that wait to be taken. While there are more, nothing
/// else is read from the connection.
const UNTAKEN: usize = 16;

/// An answer, with the output that it announces.
pub(super) type HeardAnswer = (Say, Vec<u8>);

/// All calls of a connection.
#[derive(Debug, Default)]
pub(super) struct Calls {
    waiting: Mutex<HashMap<u64, mpsc::Sender<HeardAnswer>>>,
    last: AtomicU64,
    lost: OnceLock<Failure>,
}

impl Calls {
    /// Adds a call. Returns its number and what will be answered.
    pub(super) fn add(&self) -> (u64, mpsc::Receiver<HeardAnswer>) {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, answers) = mpsc::channel(UNTAKEN);
        self.locked().insert(id, sender);
        (id, answers)
    }

    /// Takes a call out. Returns false when all were ended.
    pub(super) fn remove(&self, id: u64) -> bool {
        self.locked().remove(&id).is_some()
    }

    /// Passes an answer on to whoever waits for it. An answer for nobody is dropped: the
    /// call was given up meanwhile.
    pub(super) async fn answer(&self, answer: ServeAnswer, output: Vec<u8>) {
        let waiting = self.locked().get(&answer.id).cloned();
        if let Some(waiting) = waiting {
            let _ = waiting.send((answer.say, output)).await;
        }
    }

    /// Ends all calls: there will be no more answers.
    pub(super) fn lose(&self, why: Failure) {
        let _ = self.lost.set(why);
        self.locked().clear();
    }

    /// Returns why the connection was lost, if it was.
    pub(super) fn lost(&self) -> Option<&Failure> {
        self.lost.get()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<u64, mpsc::Sender<HeardAnswer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
