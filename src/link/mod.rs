//! The link: what `run` tells others over NATS, and what they may ask of it.
//!
//! # Theory of operation
//!
//! [`Link::take`] is told of every event, as the screen is. It puts what is to be published
//! into an outbox and waits for nobody: nothing of the keeping ever waits for a server. A
//! task of its own connects, empties the outbox, and connects again, for ever and with
//! growing pauses.
//!
//! ```text
//! ResidentEvent ─▶ feed ─▶ outbox ─▶ session ─▶ server
//!                    └──── heartbeats ──┘
//! ```
//!
//! While a server listens, each transition of an instance is sent, in order. While none
//! does, only the newest of each instance is kept, and how many were left out is told in
//! the next message. What was sent is kept until the server has proved, by an answer to a
//! ping behind it, that it has read it; if the connection is lost before, it is sent again.
//! Heartbeats are made when they are sent, and never kept: an old one would lie.
//!
//! A request comes in on `PREFIX.NODE.ID.cmd` and goes through a gate: it has to be small,
//! known, accepted by the inventory, in time, and new. One that its sender has given up may
//! still be delivered when a server comes back, so each says when it expires. It is carried
//! out as if it were typed on this host, with the same lock and intent. Which requests were
//! let in is on record, so that a `run` that begins anew carries none of them out again.

mod access;
mod asking;
mod audit;
mod body;
mod commands;
mod dial;
mod gate;
mod last_states;
mod link_task;
mod lookout;
mod outbox;
mod panel;
mod pause;
mod remote_result;
mod remote_row;
mod request;
mod session;
mod subjects;
mod survey;
mod told;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::event::{Gauges, ResidentEvent, VerbResult, WatchedRow};
pub use crate::inventory::NatsLink;
pub use asking::{NodeInstance, ask};
use commands::Commands;
pub use commands::{AskedVerb, Carrier, NotCarriedOut};
use link_task::LinkTask;
pub use lookout::Lookout;
use subjects::{Subjects, node_of_host};
pub use survey::survey;
use told::Told;

/// The time that is given to what is still to be said, at the end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A link, which ends when this is dropped.
pub struct Link {
    settings: Arc<NatsLink>,
    told: Arc<Told>,
    ending: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Link {
    /// Begins to connect; `carrier` carries out what is asked for. `rows` are those of the instances as they are now. What happens
    /// to the link is told as an event, and `listening` whether a server listens.
    pub fn begin(
        settings: Arc<NatsLink>,
        rows: Vec<(Arc<WatchedRow>, Gauges)>,
        events: UnboundedSender<ResidentEvent>,
        carrier: Arc<dyn Carrier>,
        listening: impl Fn(bool) + Send + Sync + 'static,
    ) -> Self {
        let node = settings.node.clone().unwrap_or_else(node_of_host);
        let subjects = Subjects::new(&settings.prefix, &node);
        let told = Arc::new(Told::new(&node, rows));
        let (ending, ended) = watch::channel(false);
        let commands = Commands::new(
            subjects.clone(),
            &settings.accept,
            carrier,
            Arc::clone(&told),
            events.clone(),
        );
        let task = LinkTask::new(
            Arc::clone(&settings),
            subjects,
            Arc::clone(&told),
            events,
            ended,
            commands,
            Box::new(listening),
        );
        Self {
            settings,
            told,
            ending,
            task: tokio::spawn(task.run()),
        }
    }

    /// Returns true if it is as these settings say.
    pub fn is_of(&self, settings: &NatsLink) -> bool {
        *self.settings == *settings
    }

    /// Takes an event in. Waits for nobody.
    pub fn take(&self, event: &ResidentEvent) {
        self.told.take(event);
    }

    /// Takes in how verbs have ended that nobody kept watch over.
    pub fn take_results(&self, results: &[VerbResult]) {
        self.told.take_results(results);
    }

    /// Says the last words, where a server listens, and ends. Takes some seconds at most.
    ///
    /// # Cancel safety
    /// Dropped, it ends without its last words.
    pub async fn end(mut self) {
        self.told.end();
        let _ = self.ending.send(true);
        let _ = tokio::time::timeout(LAST_WORDS, &mut self.task).await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}
