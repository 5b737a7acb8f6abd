//! Metrics of `run`, for programs that watch over many things: as a file for the
//! textfile collector of node_exporter, or over HTTP on this machine alone.
//!
//! # Theory of operation
//!
//! [`Metrics::take`] is told of every event, as the screen is, and keeps the rows as they
//! are now. It waits for nobody. What is asked for is rendered from these rows on a
//! thread of its own, so that neither many instances nor a slow disk or reader delays
//! the keepers.
//!
//! ```text
//! ResidentEvent ─▶ board ─▶ exposition ─▶ file, replaced as a whole
//!                                      └▶ server ─▶ whoever connects
//! ```

mod board;
mod exposition;
mod file;
mod listen_at;
mod request;
mod server;
mod word;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

pub use listen_at::ListenAt;

use crate::event::{Level, ResidentEvent};
use crate::failure::Failure;
use board::MetricsBoard;
use file::MetricsFile;
use server::MetricsServer;
use word::tell;

/// The metrics of a `run`, which end when this is dropped.
pub struct Metrics {
    board: Arc<MetricsBoard>,
    _tasks: JoinSet<()>,
}

impl Metrics {
    /// Begins to write a file and to listen, where that is wanted; `None` where neither
    /// is. What goes wrong later is told as an event.
    ///
    /// # Errors
    /// When the file cannot be written, or the address cannot be listened at.
    pub async fn begin(
        file: Option<PathBuf>,
        listen_at: Option<ListenAt>,
        events: &UnboundedSender<ResidentEvent>,
    ) -> Result<Option<Self>, Failure> {
        if file.is_none() && listen_at.is_none() {
            return Ok(None);
        }
        let board = Arc::new(MetricsBoard::new());
        let mut tasks = JoinSet::new();
        if let Some(at) = listen_at {
            let server = MetricsServer::bind(&at).await?;
            let text = format!("metrics are served at {}", server.address());
            tell(events, Level::Info, text);
            tasks.spawn(server.serve(Arc::clone(&board)));
        }
        if let Some(path) = file {
            let file = MetricsFile::begin(path, Arc::clone(&board)).await?;
            tasks.spawn(file.keep_current(events.clone()));
        }
        Ok(Some(Self { board, _tasks: tasks }))
    }

    /// Takes an event in. Waits for nobody.
    pub fn take(&self, event: &ResidentEvent) {
        self.board.take(event);
    }
}
