//! `gamectl console` and `gamectl send`, which talk to one game.

use std::time::Duration;

use clap::Args;

use super::{Listed, duration, help};

/// `gamectl console`.
#[derive(Debug, Args)]
#[command(after_help = help::CONSOLE)]
pub struct Console {
    /// How many of the last lines to show first
    #[arg(short = 'n', long, value_name = "N", default_value = "20")]
    pub lines: u64,

    /// The inventory that lists it.
    #[command(flatten)]
    pub listed: Listed,

    /// The instance
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `gamectl send`.
#[derive(Debug, Args)]
#[command(after_help = help::SEND)]
pub struct Send {
    /// How long all of it may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,

    /// The inventory that lists it.
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
