//! Optional part of a supervisor: the console of a running game.

use anyhow::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleKind {
    /// A pipe that takes lines and echoes nothing.
    Lines,
    /// A terminal: every byte counts, and it has a size.
    Terminal,
}

/// Input for the console of a game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleInput {
    /// A line, without a line end.
    Line(String),
    /// Keys of a terminal; at most 1 KiB at once.
    Bytes(Vec<u8>),
    /// A new size of the terminal, in character cells.
    Size { columns: u16, rows: u16 },
}

#[async_trait::async_trait]
pub trait ConsoleAccess: Send + Sync {
    /// Returns the kind of console that the running game has.
    ///
    /// # Errors
    /// When the game does not run.
    async fn kind(&self) -> Result<ConsoleKind>;

    /// Passes input on to the console, past all admin channels.
    ///
    /// # Errors
    /// When the game does not run, or takes nothing now.
    ///
    /// # Cancel safety
    /// The input may have been passed on.
    async fn type_in(&self, input: &ConsoleInput) -> Result<()>;
}
