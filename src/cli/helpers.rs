//! The verbs that help to set gamectl up, and touch no instance.

use clap::Args;

use super::{Listed, completion, help};

/// `gamectl check`.
#[derive(Debug, Args)]
#[command(after_help = help::CHECK)]
pub struct Check {
    /// The inventory that lists them.
    #[command(flatten)]
    pub listed: Listed,
}

/// `gamectl init`.
#[derive(Debug, Args)]
#[command(after_help = help::INIT)]
pub struct Init {
    /// Where to write it.
    #[command(flatten)]
    pub listed: Listed,

    /// The games to begin with; without any: the example, with demo servers
    #[arg(value_name = "GAME")]
    pub games: Vec<String>,
}

/// `gamectl games`.
#[derive(Debug, Args)]
#[command(after_help = help::GAMES)]
pub struct Games {
    /// The game to print
    pub name: Option<String>,
}

/// `gamectl completions`.
#[derive(Debug, Args)]
#[command(after_help = help::COMPLETIONS)]
pub struct Completions {
    /// The shell
    pub shell: completion::Shell,
}

/// `gamectl schema`.
#[derive(Debug, Args)]
#[command(after_help = help::SCHEMA)]
pub struct Schema {}
