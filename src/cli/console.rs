//! `gamectl console` and `gamectl send`, which talk to one game.

use std::time::Duration;

use clap::Args;

use super::help;
use super::selection::Listed;
use super::time::duration;

#[derive(Debug, Args)]
#[command(after_help = help::CONSOLE)]
pub struct ConsoleArgs {
    /// The number of last lines to show first
    #[arg(short = 'n', long, value_name = "N", default_value = "20")]
    pub lines: u64,

    #[command(flatten)]
    pub listed: Listed,

    /// The instance
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Debug, Args)]
#[command(after_help = help::SEND)]
pub struct SendArgs {
    /// The limit for connecting, sending and the reply
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,

    #[command(flatten)]
    pub listed: Listed,

    /// The instance
    #[arg(value_name = "ID")]
    pub id: String,

    /// The line; several words are joined by spaces
    #[arg(
        value_name = "TEXT",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub text: Vec<String>,
}
