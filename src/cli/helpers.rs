//! The verbs that help to set gamectl up, and touch no instance.

use clap::Args;

use super::Listed;

/// `gamectl check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Where they are listed.
    #[command(flatten)]
    pub listed: Listed,
}

/// `gamectl init`.
#[derive(Debug, Args)]
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
pub struct Games {
    /// The game to print
    pub name: Option<String>,
}

/// `gamectl completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `gamectl schema`.
#[derive(Debug, Args)]
pub struct Schema {}
