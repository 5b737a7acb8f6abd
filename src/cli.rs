//! The command line as types only; completions and man pages are made from them.

pub mod completion;
mod console;
mod help;
mod helpers;
mod selection;
mod time;
mod watch;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

pub use console::{ConsoleArgs, SendArgs};
pub use helpers::{CheckArgs, CompletionsArgs, GamesArgs, InitArgs, SchemaArgs, Shell};
pub use selection::{Listed, Selection};
use time::{duration, when};
pub use watch::{Awaited, WatchArgs};

/// One set of verbs over game servers, however they are run.
///
/// gamectl reads a YAML inventory of game-server instances and starts, stops,
/// restarts and shows them. There is no daemon: a server outlives the command
/// that started it, the session and the terminal, and its log, console and
/// exit code are still there afterwards.
#[derive(Debug, Parser)]
#[command(
    name = "gamectl",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = help::AFTER_HELP,
    after_long_help = help::AFTER_LONG_HELP
)]
pub struct Cli {
    /// The inventory; - is standard input
    ///
    /// Without it: $GAMECTL_INVENTORY, else ./instances.yaml, else
    /// $XDG_CONFIG_HOME/gamectl/instances.yaml, else /etc/gamectl/instances.yaml.
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub inventory: Option<OsString>,

    #[command(flatten)]
    pub common: Common,

    #[command(subcommand)]
    pub verb: VerbArgs,
}

/// Options that stand before or after the verb.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The directory of records, consoles and logs
    ///
    /// Without it: $GAMECTL_STATE_DIR, else /var/lib/gamectl for root, else
    /// $XDG_STATE_HOME/gamectl, else ~/.local/state/gamectl.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,

    /// Answer with JSON
    #[arg(long)]
    pub json: bool,

    /// Print failures only
    #[arg(short, long)]
    pub quiet: bool,

    /// Report more on the way; twice: everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Use colour; without it: auto
    #[arg(long, value_name = "WHEN")]
    pub color: Option<When>,

    /// The longest wait for another gamectl that holds an instance
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub lock_wait: Option<Duration>,
}

impl Common {
    /// Returns these options, with those that were given later.
    #[must_use]
    pub fn and(&self, later: &Self) -> Self {
        Self {
            state_dir: later.state_dir.clone().or_else(|| self.state_dir.clone()),
            json: self.json || later.json,
            quiet: self.quiet || later.quiet,
            verbose: self.verbose.saturating_add(later.verbose),
            color: later.color.or(self.color),
            lock_wait: later.lock_wait.or(self.lock_wait),
        }
    }
}

/// A choice that may depend on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The verb and its arguments.
#[derive(Debug, Subcommand)]
pub enum VerbArgs {
    /// Start instances and wait until they are ready
    Start(Deferred<StartArgs>),
    /// Stop instances and wait until nothing of them is left
    Stop(Deferred<StopArgs>),
    /// Stop instances, then start them
    Restart(Deferred<RestartArgs>),
    /// Show the state of instances
    Status(Deferred<StatusArgs>),
    /// Watch the state of instances
    ///
    /// On a terminal it is a live table. Arrows, j and k move it by a row, space and b by a page, g and G to
    /// its ends; q or Ctrl-C leaves. Off a terminal there is a line for each change.
    Watch(Deferred<WatchArgs>),
    /// Show what instances printed
    Logs(Deferred<LogsArgs>),
    /// Watch instances, start them, and start them again after a crash
    ///
    /// On a terminal it is a live table, with the last events below it; off one there is a line for
    /// each event. Ctrl-C ends the watching, and the servers go on, unless --on-exit says
    /// otherwise. A changed inventory is read at once; one that is not valid changes nothing.
    Run(Deferred<RunArgs>),
    /// Send a line to a game and print what it replies
    Send(Deferred<SendArgs>),
    /// Attach to the console of a game; Ctrl-D or Ctrl-] detaches
    Console(Deferred<ConsoleArgs>),
    /// List the known games, or print one to paste into an inventory
    Games(Deferred<GamesArgs>),
    /// Check the inventory and what its servers need, without starting anything
    Check(Deferred<CheckArgs>),
    /// Write an inventory to begin with, where there is none
    Init(Deferred<InitArgs>),
    /// Print the JSON Schema of the inventory, for editors
    Schema(Deferred<SchemaArgs>),
    /// Print the completions for a shell
    Completions(Deferred<CompletionsArgs>),
}

/// The arguments of a verb, defined only when that verb is typed: to define those
/// of all verbs takes longer than most verbs do.
#[derive(Debug)]
pub struct Deferred<T> {
    pub own: T,
    /// The common options, defined at each place by itself, because clap's global ones are copied to every verb.
    pub common: Common,
}

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            // The texts about a verb are those of its place in the list of verbs.
            let about = Resettable::from(command.get_about().cloned());
            let long_about = Resettable::from(command.get_long_about().cloned());
            Common::augment_args(T::augment_args(command))
                .about(about)
                .long_about(long_about)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            own: T::from_arg_matches_mut(matches)?,
            common: Common::from_arg_matches_mut(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::START)]
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
#[command(after_help = help::STOP)]
pub struct StopArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// The longest wait for the end; the stop itself goes on
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Skip the chain: send TERM, and kill after 5 seconds
    #[arg(long)]
    pub now: bool,

    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::RESTART)]
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

    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::STATUS)]
pub struct StatusArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Exit with 0 when at least one runs, else with 3
    #[arg(long)]
    pub any: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::LOGS)]
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
#[command(after_help = help::RUN)]
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
}

fn lines(text: &str) -> Result<LineCount, String> {
    if text == "all" {
        return Ok(LineCount::All);
    }
    text.parse()
        .map(LineCount::Last)
        .map_err(|_| "not a number of lines, nor `all`".to_owned())
}

impl Cli {
    /// Returns the options that may stand before and after the verb, from both places.
    pub fn common(&self) -> Common {
        let later = match &self.verb {
            VerbArgs::Start(verb) => &verb.common,
            VerbArgs::Stop(verb) => &verb.common,
            VerbArgs::Restart(verb) => &verb.common,
            VerbArgs::Status(verb) => &verb.common,
            VerbArgs::Watch(verb) => &verb.common,
            VerbArgs::Logs(verb) => &verb.common,
            VerbArgs::Run(verb) => &verb.common,
            VerbArgs::Send(verb) => &verb.common,
            VerbArgs::Console(verb) => &verb.common,
            VerbArgs::Games(verb) => &verb.common,
            VerbArgs::Check(verb) => &verb.common,
            VerbArgs::Init(verb) => &verb.common,
            VerbArgs::Schema(verb) => &verb.common,
            VerbArgs::Completions(verb) => &verb.common,
        };
        self.common.and(later)
    }
}

impl VerbArgs {
    /// Returns the inventory that was given after the verb.
    pub fn inventory(&self) -> Option<&OsString> {
        let selection = match self {
            Self::Start(verb) => &verb.own.selection,
            Self::Stop(verb) => &verb.own.selection,
            Self::Restart(verb) => &verb.own.selection,
            Self::Status(verb) => &verb.own.selection,
            Self::Watch(verb) => &verb.own.selection,
            Self::Logs(verb) => &verb.own.selection,
            Self::Run(verb) => &verb.own.selection,
            Self::Send(verb) => return verb.own.listed.inventory.as_ref(),
            Self::Console(verb) => return verb.own.listed.inventory.as_ref(),
            Self::Check(verb) => return verb.own.listed.inventory.as_ref(),
            Self::Init(verb) => return verb.own.listed.inventory.as_ref(),
            Self::Schema(_) | Self::Completions(_) | Self::Games(_) => return None,
        };
        selection.listed.inventory.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_ends_its_help_with_examples() {
        let mut root = Cli::command();
        root.build();
        for verb in root.get_subcommands_mut() {
            for help in [verb.render_help(), verb.render_long_help()] {
                let help = help.to_string();
                let examples = help.split_once("Examples:\n").map(|(_, examples)| examples);
                let name = verb.get_name();
                assert!(
                    examples.is_some_and(
                        |text| text.contains(&format!("gamectl {name}")) || text.contains(&format!(" {name} "))
                    ),
                    "{help}"
                );
            }
        }
    }

    #[test]
    fn options_before_and_after_the_verb() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' ')).unwrap();
        let cli = parse("gamectl -f a.yaml --json status -q x");
        assert_eq!(cli.inventory.as_deref(), Some("a.yaml".as_ref()));
        assert!(cli.common().json && cli.common().quiet);
        let cli = parse("gamectl -v --color never --state-dir x status -vv --color always");
        let common = cli.common();
        assert_eq!((common.verbose, common.color), (3, Some(When::Always)));
        assert_eq!(common.state_dir.as_deref(), Some("x".as_ref()));
        let cli = parse("gamectl stop --inventory b.yaml --all --lock-wait 0s");
        assert_eq!(cli.verb.inventory().map(OsString::as_os_str), Some("b.yaml".as_ref()));
        assert_eq!(cli.common().lock_wait, Some(Duration::ZERO));
        let cli = parse("gamectl logs -f -n all a b");
        let VerbArgs::Logs(logs) = cli.verb else { panic!() };
        assert!(logs.own.follow);
        assert_eq!(logs.own.lines, LineCount::All);
    }
}
