//! The arguments of each verb.

use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};

use super::selection::{Listed, Selection};
use super::time::{duration, when};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl start rust-main
  gamectl start tag:pvp --timeout 20m
  gamectl start --all --dry-run")]
pub struct StartArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Return at the launch, without waiting for ready
    #[arg(long)]
    pub no_wait: bool,

    /// The longest wait for ready, in place of the instance's own `ready.timeout`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl stop rust-main
  gamectl stop 'rust-*' --now
  gamectl stop --all --timeout 2m")]
pub struct StopArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// The longest wait for the end; the stop itself goes on
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Skip the chain: send TERM, and kill after 5 seconds
    #[arg(long)]
    pub now: bool,

    /// Stop also what another inventory has started
    #[arg(long)]
    pub force: bool,

    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl restart rust-main
  gamectl restart tag:eu --dry-run")]
pub struct RestartArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Return at the launch, without waiting for ready
    #[arg(long)]
    pub no_wait: bool,

    /// The longest wait for the new start to be ready, the stop included
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Skip the chain of the stop: send TERM, and kill after 5 seconds
    #[arg(long)]
    pub now: bool,

    /// Restart also what another inventory has started
    #[arg(long)]
    pub force: bool,

    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
status asks running games with an a2s or a minecraft probe, in ready or healthy,
how many play, for a second at most.

Examples:
  gamectl status
  gamectl status --json rust-main
  gamectl status --any tag:pvp && echo players can join")]
pub struct StatusArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Exit with 0 when at least one runs, else with 3
    #[arg(long)]
    pub any: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl watch
  gamectl watch --until running --timeout 10m tag:pvp && announce
  gamectl watch --json | jq -r 'select(.event == \"status\") | .id'

With --json, {\"event\":\"lost\",\"count\":N,\"at\":TIME} stands where objects were dropped
because nobody read them in time; a new snapshot follows.")]
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

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl logs -n 20 rust-main
  gamectl logs --since 10m rust-main
  gamectl logs -f rust-main conan

With --json each line is an object: {\"event\":\"line\",\"id\":ID,\"text\":TEXT}")]
pub struct LogsArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// The number of last lines to show first, or `all`
    #[arg(short = 'n', long, value_name = "N", default_value = "100", value_parser = lines)]
    pub lines: LineCount,

    /// Begin at a time instead: 10m (ago), or 2026-01-31T20:00:00Z; may begin ten
    /// seconds early
    #[arg(long, value_name = "WHEN", conflicts_with = "lines", value_parser = when)]
    pub since: Option<SystemTime>,

    /// Go on with new output
    #[arg(short, long)]
    pub follow: bool,

    /// Print the bytes as they are, including those that could harm a terminal
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineCount {
    All,
    Last(u64),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl run
  gamectl -f /etc/gamectl/instances.yaml run --on-exit stop-at-shutdown
  gamectl run --json tag:pvp

With --json, {\"event\":\"lost\",\"count\":N,\"at\":TIME} stands where objects were dropped
because nobody read them in time; a new snapshot follows.")]
pub struct RunArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// What to do with the instances at the end
    #[arg(long, value_name = "WHAT", default_value = "leave")]
    pub on_exit: OnExit,

    /// The most that may be launched at the same time; without it: four per core
    #[arg(long, value_name = "N")]
    pub at_once: Option<NonZeroUsize>,

    /// With --json: how often to report each instance
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub heartbeat_interval: Duration,
}

/// The fate of the instances when the watching ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnExit {
    /// They go on
    Leave,
    /// They are stopped
    Stop,
    /// They are stopped when systemd shuts the host down, and go on otherwise
    StopAtShutdown,
}

fn lines(text: &str) -> Result<LineCount, String> {
    if text == "all" {
        return Ok(LineCount::All);
    }
    text.parse()
        .map(LineCount::Last)
        .map_err(|_| "not a number of lines, nor `all`".to_owned())
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl console minecraft
  gamectl console -n 100 rust-main")]
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
#[command(after_help = "\
Examples:
  gamectl send rust-main say the server restarts in ten minutes")]
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

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl check
  gamectl check --json | jq '.findings[] | select(.level != \"ok\")'")]
pub struct CheckArgs {
    #[command(flatten)]
    pub listed: Listed,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl init
  gamectl init rust minecraft
  gamectl -f /etc/gamectl/instances.yaml init conan")]
pub struct InitArgs {
    #[command(flatten)]
    pub listed: Listed,

    /// The games to write; without any: the example, with demo servers
    #[arg(value_name = "GAME")]
    pub games: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl games
  gamectl games rust")]
pub struct GamesArgs {
    /// The game to print
    pub name: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl completions bash > ~/.local/share/bash-completion/completions/gamectl
  gamectl completions zsh > \"${fpath[1]}/_gamectl\"
  gamectl completions fish > ~/.config/fish/completions/gamectl.fish")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl schema > instances.schema.json
  Then, as the first line of the inventory:
    # yaml-language-server: $schema=instances.schema.json")]
pub struct SchemaArgs {}

/// A shell for which there is a script; each script was tried in its shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
