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
