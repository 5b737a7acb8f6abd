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

/// The wish to read the output of a game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputAsk {
    pub from: OutputFrom,
    /// True if it goes on with what the game prints from now on.
    pub follow: bool,
    /// True if each line has its time in it, where it is kept: as one of the first words.
    pub times: bool,
    /// True for the output of the launch before the last.
    pub previous: bool,
}

impl OutputAsk {
    /// Returns the wish for the output as it is.
    pub fn plain(from: OutputFrom, follow: bool) -> Self {
        Self {
            from,
            follow,
            times: false,
            previous: false,
        }
    }
}

/// The output of a game, byte for byte.
pub type ConsoleOutput = Box<dyn tokio::io::AsyncRead + Send + Unpin>;

#[async_trait::async_trait]
pub trait OutputSource: Send + Sync {
    /// Opens the output; one that is followed goes on until the reader is dropped.
    ///
    /// # Errors
    /// When the output cannot be read.
    async fn open(&self, ask: OutputAsk) -> Result<ConsoleOutput>;

    /// Returns whether the output of the launch before the last can be told from that of
    /// the last.
    fn keeps_launches(&self) -> bool {
        false
    }
}
