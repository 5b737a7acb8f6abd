//! A request that waits for answers.

use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;

use super::calls::HeardAnswer;
use super::connection::Connection;
use super::wire::{Ask, Say, ServeRequest, line};
use crate::failure::Failure;

/// A request under way. Dropped, it is cancelled.
pub(super) struct Call {
    id: u64,
    /// The connection, which lasts as long as the call.
    connection: Arc<Connection>,
    answers: mpsc::Receiver<HeardAnswer>,
}

impl Call {
    /// Sends a request.
    ///
    /// # Errors
    /// When the connection was lost before.
    pub(super) async fn begin(connection: &Arc<Connection>, ask: Ask) -> Result<Self, Failure> {
        let calls = connection.calls();
        let (id, answers) = calls.add();
        let call = Self {
            id,
            connection: Arc::clone(connection),
            answers,
        };
        // What was lost meanwhile has not cleared this one.
        if let Some(why) = calls.lost() {
            return Err(why.clone());
        }
        match connection.requests().send(line(&ServeRequest { id, ask })).await {
            Ok(()) => Ok(call),
            Err(_) => Err(call.lost()),
        }
    }

    /// Says something more under the number of the request, if there is room for it.
    pub(super) fn tell(&self, ask: Ask) {
        let _ = self.connection.requests().try_send(line(&self.more(ask)));
    }

    /// Says something more under the number of the request.
    pub(super) async fn say(&self, ask: Ask) {
        // A connection that is lost is noticed at the next answer.
        let _ = self.connection.requests().send(line(&self.more(ask))).await;
    }

    fn more(&self, ask: Ask) -> ServeRequest {
        ServeRequest { id: self.id, ask }
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    /// When the connection is lost, or the request failed there.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> Result<HeardAnswer, Failure> {
        match self.answers.recv().await {
            Some((Say::Failed(trouble), _)) => Err(trouble.into()),
            Some(heard) => Ok(heard),
            None => Err(self.lost()),
        }
    }

    /// Polls for the next answer, as [`Self::next`] does.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<HeardAnswer, Failure>> {
        self.answers.poll_recv(context).map(|heard| match heard {
            Some((Say::Failed(trouble), _)) => Err(trouble.into()),
            Some(heard) => Ok(heard),
            None => Err(self.lost()),
        })
    }

    /// Returns true when no answer can come, because the connection was lost.
    pub(super) fn is_lost(&self) -> bool {
        self.connection.calls().lost().is_some()
    }

    fn lost(&self) -> Failure {
        let known = self.connection.calls().lost().cloned();
        known.unwrap_or_else(|| Failure::unknown("the connection was closed"))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.connection.calls().remove(self.id) {
            let cancel = ServeRequest {
                id: self.id,
                ask: Ask::Cancel {},
            };
            // Where there is no room for it, the answers are dropped as they come.
            let _ = self.connection.requests().try_send(line(&cancel));
        }
    }
}
