//! Looks at instances of one host, which go out together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::wire::RowLine;
use crate::failure::Failure;

type Looked = Result<RowLine, Failure>;

/// The looks that are still to be asked for.
#[derive(Debug, Default)]
pub(super) struct LookQueue {
    pending: Mutex<Vec<(String, oneshot::Sender<Looked>)>>,
}

/// Looks that were taken to be asked for.
pub(super) struct Batch(Vec<(String, oneshot::Sender<Looked>)>);

impl LookQueue {
    /// Adds a look. Returns true with it for the first, whose asker has to take them all
    /// and ask for them.
    pub(super) fn add(&self, id: &str) -> (bool, oneshot::Receiver<Looked>) {
        let (sender, receiver) = oneshot::channel();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push((id.to_owned(), sender));
        (pending.len() == 1, receiver)
    }

    /// Takes all that were added.
    pub(super) fn take(&self) -> Batch {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        Batch(std::mem::take(&mut *pending))
    }
}

impl Batch {
    /// Returns each id once.
    pub(super) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.0.iter().map(|(id, _)| id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Gives everyone the answer.
    pub(super) fn answer(self, rows: Result<Vec<RowLine>, Failure>) {
        let rows = rows.map(|rows| {
            rows.into_iter()
                .map(|row| (row.id.clone(), row))
                .collect::<HashMap<_, _>>()
        });
        for (id, asker) in self.0 {
            let looked = match &rows {
                Ok(rows) => rows
                    .get(&id)
                    .cloned()
                    .ok_or_else(|| Failure::unknown("its host says nothing of it")),
                Err(failure) => Err(failure.clone()),
            };
            // Who has given up needs none.
            let _ = asker.send(looked);
        }
    }
}
