//! The arguments of the verbs that help to set gamectl up, and touch no instance.

use clap::Args;

use super::help;
use super::selection::Listed;

#[derive(Debug, Args)]
#[command(after_help = help::CHECK)]
pub struct CheckArgs {
    #[command(flatten)]
    pub listed: Listed,
}

#[derive(Debug, Args)]
#[command(after_help = help::INIT)]
pub struct InitArgs {
    #[command(flatten)]
    pub listed: Listed,

    /// The games to write; without any: the example, with demo servers
    #[arg(value_name = "GAME")]
    pub games: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = help::GAMES)]
pub struct GamesArgs {
    /// The game to print
    pub name: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = help::COMPLETIONS)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = help::SCHEMA)]
pub struct SchemaArgs {}

/// A shell for which there is a script; each script was tried in its shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    #[value(help = None)]
    Bash,
    #[value(help = None)]
    Elvish,
    #[value(help = None)]
    Fish,
    #[value(help = None)]
    Zsh,
}
