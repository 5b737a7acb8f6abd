//! Optional part of a supervisor: output of a game that is kept elsewhere than
//! in the instance's console log.

use std::time::SystemTime;

use anyhow::Result;

/// The place in a game's output at which reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFrom {
    /// The oldest output that is still there.
    Start,
    /// The last `n` lines.
    LastLines(u64),
    /// The output since a time. May begin somewhat earlier.
    Time(SystemTime),
}

/// The output of a game, byte for byte.
pub type ConsoleOutput = Box<dyn tokio::io::AsyncRead + Send + Unpin>;

#[async_trait::async_trait]
pub trait OutputSource: Send + Sync {
    /// Opens the output; with `follow` it goes on with what the game prints
    /// from now on, until the reader is dropped.
    ///
    /// # Errors
    /// When the output cannot be read.
    async fn open(&self, from: OutputFrom, follow: bool) -> Result<ConsoleOutput>;
}
