//! The arguments of `start`, `stop` and `restart`.

use std::time::Duration;

use clap::Args;

use super::courtesy::CourtesyArgs;
use super::selection::Selection;
use super::time::duration;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl start rust-main
  gamectl start tag:pvp --timeout 20m
  gamectl start --all --dry-run")]
pub struct StartArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Returns once the game is launched, and does not wait until it is ready
    #[arg(long)]
    pub no_wait: bool,

    /// Waits this long at most until it is ready, in place of the instance's `ready.timeout`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Starts nothing else, and waits for nothing that it needs
    #[arg(long)]
    pub no_needs: bool,

    /// Shows what would be done, and does nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Asks the instances of all nodes over the link of the inventory; they are named NODE/ID
    #[arg(long, conflicts_with_all = ["dry_run", "all", "no_needs"])]
    pub nats: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl stop rust-main
  gamectl stop 'rust-*' --now
  gamectl stop rust-main --warn 5m,1m,10s --message 'Maintenance in {time}'
  gamectl stop --all --timeout 2m")]
pub struct StopArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Waits this long at most for the end; the stop itself goes on. It counts from after
    /// the warnings, and the wait for nobody to play
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Skips the stop chain: sends TERM, and kills what is left after 5 seconds
    #[arg(long)]
    pub now: bool,

    #[command(flatten)]
    pub courtesy: CourtesyArgs,

    /// Stops also what another inventory has started
    #[arg(long)]
    pub force: bool,

    /// Stops first also what needs it and runs
    #[arg(long, conflicts_with = "no_needs")]
    pub with_dependents: bool,

    /// Stops it although others need it, and waits for none of them
    #[arg(long)]
    pub no_needs: bool,

    /// Shows what would be done, and does nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Asks the instances of all nodes over the link of the inventory; they are named NODE/ID
    #[arg(long, conflicts_with_all = ["dry_run", "all", "no_needs", "with_dependents", "warn", "when_empty"])]
    pub nats: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl restart rust-main
  gamectl restart tag:pvp --warn
  gamectl restart rust-main --when-empty --max-wait 2h --or-skip
  gamectl restart tag:eu --dry-run")]
pub struct RestartArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Returns once the game is launched, and does not wait until it is ready
    #[arg(long)]
    pub no_wait: bool,

    /// Waits this long at most for the stop, and until the game is ready again. It counts
    /// from after the warnings, and the wait for nobody to play
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Skips the stop chain: sends TERM, and kills what is left after 5 seconds
    #[arg(long)]
    pub now: bool,

    #[command(flatten)]
    pub courtesy: CourtesyArgs,

    /// Restarts also what another inventory has started
    #[arg(long)]
    pub force: bool,

    /// Restarts also what needs it and runs
    #[arg(long, conflicts_with = "no_needs")]
    pub with_dependents: bool,

    /// Restarts it although others need it, and waits for nothing that it needs
    #[arg(long)]
    pub no_needs: bool,

    /// Shows what would be done, and does nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Asks the instances of all nodes over the link of the inventory; they are named NODE/ID
    #[arg(long, conflicts_with_all = ["dry_run", "all", "no_needs", "with_dependents", "warn", "when_empty"])]
    pub nats: bool,
}
