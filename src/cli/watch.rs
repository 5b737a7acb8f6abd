//! The arguments of `gamectl watch`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::help;
use super::selection::Selection;
use super::time::duration;

#[derive(Debug, Args)]
#[command(after_help = help::WATCH)]
pub struct WatchArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// End with 0 when all managed instances are in this state
    #[arg(long, value_name = "STATE")]
    pub until: Option<Awaited>,

    /// The longest wait for that; it then ends with 124
    #[arg(long, value_name = "DURATION", requires = "until", value_parser = duration)]
    pub timeout: Option<Duration>,
}

/// A state that is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Awaited {
    /// Ready for players
    Running,
    /// Nothing of it runs, as requested
    Stopped,
    /// Launched, not yet ready
    Starting,
    /// Ending, with some of its processes still there
    Stopping,
    /// Ended without having been asked to
    Crashed,
    /// No plane manages it
    Unmanaged,
}

impl Awaited {
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Crashed => "crashed",
            Self::Unmanaged => "unmanaged",
        }
    }
}
