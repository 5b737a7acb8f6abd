//! Watches over instances of one host, which go out together.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use super::wire::RowLine;
use crate::failure::Failure;

type Watched = Result<RowLine, Failure>;

/// The watches that are still to be begun.
#[derive(Debug, Default)]
pub(super) struct WatchQueue {
    pending: Mutex<Vec<Follower>>,
}

#[derive(Debug)]
struct Follower {
    id: String,
    rows: mpsc::UnboundedSender<Watched>,
}

/// Those who follow instances through one request.
pub(super) struct Followers(Vec<Follower>);

impl WatchQueue {
    /// Adds a watch. Returns true with it for the first, whose asker has to take them all
    /// and ask for them.
    pub(super) fn add(&self, id: &str) -> (bool, mpsc::UnboundedReceiver<Watched>) {
        let (rows, receiver) = mpsc::unbounded_channel();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let id = id.to_owned();
        pending.push(Follower { id, rows });
        (pending.len() == 1, receiver)
    }

    /// Returns true when none waits to be taken.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes all that were added.
    pub(super) fn take(&self) -> Followers {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        Followers(std::mem::take(&mut *pending))
    }
}

impl Followers {
    /// Adds others, and forgets those who have gone.
    pub(super) fn add(&mut self, others: Self) {
        self.0.retain(|one| !one.rows.is_closed());
        self.0.extend(others.0);
    }

    /// Returns the ids of those who still follow, each once.
    pub(super) fn ids(&self) -> Vec<String> {
        let still = self.0.iter().filter(|one| !one.rows.is_closed());
        let mut ids: Vec<String> = still.map(|one| one.id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Returns true if an instance is followed.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|one| one.id == id)
    }

    /// Passes a row on. Who has gone needs none.
    pub(super) fn tell(&self, row: &RowLine) {
        for one in self.0.iter().filter(|one| one.id == row.id) {
            let _ = one.rows.send(Ok(row.clone()));
        }
    }

    pub(super) fn tell_all(&self, failure: &Failure) {
        for one in &self.0 {
            let _ = one.rows.send(Err(failure.clone()));
        }
    }

    /// Waits until nobody follows any more.
    pub(super) async fn gone(&self) {
        for one in &self.0 {
            one.rows.closed().await;
        }
    }
}
