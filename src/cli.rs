//! The command line: types only, from which completions and man pages are made
//! too.

pub mod completion;
mod console;
mod help;
mod helpers;
mod since;
mod watch;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

pub use console::{Console, Send};
pub use helpers::{Check, Completions, Games, Init, Schema};
pub use watch::{Awaited, Watch};

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

    /// Options that stand before or after the verb.
    #[command(flatten)]
    pub common: Common,

    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options that stand before or after the verb.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Where records, consoles and logs are kept
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

    /// Say more on the way; twice, say everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// When to use colour; without it: auto
    #[arg(long, value_name = "WHEN")]
    pub color: Option<When>,

    /// How long to wait for another gamectl that holds an instance
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub lock_wait: Option<Duration>,
}

impl Common {
    /// These options, with those that were given later.
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

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start instances and wait until they are ready
    Start(Deferred<Start>),
    /// Stop instances and wait until nothing of them is left
    Stop(Deferred<Stop>),
    /// Stop instances, then start them
    Restart(Deferred<Restart>),
    /// Show the state of instances
    Status(Deferred<Status>),
    /// Watch the state of instances
    ///
    /// On a terminal it is a live table. Arrows, j and k move it by a row, space and b by a page, g and G to
    /// its ends; q or Ctrl-C leaves. Off a terminal there is a line for each change.
    Watch(Deferred<Watch>),
    /// Show what instances printed
    Logs(Deferred<Logs>),
    /// Watch instances, start them, and start them again after a crash
    ///
    /// On a terminal it is a live table, with what happened last below it; off one there is a line for
    /// everything that happens. Ctrl-C ends the watching, and the servers go on, unless --on-exit says
    /// otherwise. A changed inventory is read at once; one that is not valid changes nothing.
    Run(Deferred<Run>),
    /// Send a line to a game and print what it replies
    Send(Deferred<Send>),
    /// Attach to the console of a game; Ctrl-D or Ctrl-] detaches
    Console(Deferred<Console>),
    /// List the games that are known, or print one to paste into an inventory
    Games(Deferred<Games>),
    /// Look over the inventory and the ground it stands on, without starting anything
    Check(Deferred<Check>),
    /// Write an inventory to begin with, where there is none
    Init(Deferred<Init>),
    /// Print the JSON Schema of the inventory, for editors
    Schema(Deferred<Schema>),
    /// Print the completions for a shell
    Completions(Deferred<Completions>),
}

/// The arguments of a verb, defined when that verb is typed: to define what
/// may follow any of them takes longer than most verbs do.
#[derive(Debug)]
pub struct Deferred<T> {
    /// The arguments of the verb itself.
    pub own: T,
    /// Options that stand before or after the verb. They are defined for each
    /// place by itself, because clap's global ones are copied to every verb.
    pub common: Common,
}

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            // What a verb does is said where the verbs are listed.
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

/// Which instances, and where they are listed.
#[derive(Debug, Args)]
pub struct Selection {
    /// An id, a glob ('rust-*') or tag:NAME
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,

    /// Every instance of the inventory
    #[arg(short = 'a', long, conflicts_with = "selectors")]
    pub all: bool,

    /// The inventory that lists them.
    #[command(flatten)]
    pub listed: Listed,
}

/// The inventory, given after the verb.
#[derive(Debug, Args)]
pub struct Listed {
    /// The inventory; - is standard input
    #[arg(long = "inventory", id = "inventory_after_verb", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub inventory: Option<OsString>,
}

/// `gamectl start`.
#[derive(Debug, Args)]
#[command(after_help = help::START)]
pub struct Start {
    /// Which instances.
    #[command(flatten)]
    pub selection: Selection,

    /// Return at the launch, without waiting for ready
    #[arg(long)]
    pub no_wait: bool,

    /// How long to wait for ready, in place of the instance's own `ready.timeout`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// `gamectl stop`.
#[derive(Debug, Args)]
#[command(after_help = help::STOP)]
pub struct Stop {
    /// Which instances.
    #[command(flatten)]
    pub selection: Selection,

    /// How long to wait for the end; the stop itself goes on
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Skip the polite steps and begin with the signals
    #[arg(long)]
    pub now: bool,

    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// `gamectl restart`.
#[derive(Debug, Args)]
#[command(after_help = help::RESTART)]
pub struct Restart {
    /// Which instances.
    #[command(flatten)]
    pub selection: Selection,

    /// Return at the launch, without waiting for ready
    #[arg(long)]
    pub no_wait: bool,

    /// How long the new start may take to be ready, the stop included
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Skip the polite steps of the stop
    #[arg(long)]
    pub now: bool,

    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// `gamectl status`.
#[derive(Debug, Args)]
#[command(after_help = help::STATUS)]
pub struct Status {
    /// Which instances.
    #[command(flatten)]
    pub selection: Selection,

    /// Exit with 0 when at least one runs, else with 3
    #[arg(long)]
    pub any: bool,
}

/// `gamectl logs`.
#[derive(Debug, Args)]
#[command(after_help = help::LOGS)]
pub struct Logs {
    /// Which instances.
    #[command(flatten)]
    pub selection: Selection,

    /// How many of the last lines to show first, or `all`
    #[arg(short = 'n', long, value_name = "N", default_value = "100", value_parser = lines)]
    pub lines: Lines,

    /// From a time on instead: 10m ago, or 2026-01-31T20:00:00Z; may begin ten
    /// seconds early
    #[arg(long, value_name = "WHEN", conflicts_with = "lines", value_parser = since::when)]
    pub since: Option<SystemTime>,

    /// Go on with what is printed from now on
    #[arg(short, long)]
    pub follow: bool,

    /// Print the bytes as they are, also what could harm a terminal
    #[arg(long)]
    pub raw: bool,
}

/// A number of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// All there are.
    All,
    /// The last of them.
    Last(u64),
}

/// `gamectl run`.
#[derive(Debug, Args)]
#[command(after_help = help::RUN)]
pub struct Run {
    /// Which instances.
    #[command(flatten)]
    pub selection: Selection,

    /// What becomes of the instances at the end
    #[arg(long, value_name = "WHAT", default_value = "leave")]
    pub on_exit: OnExit,

    /// How many may be launched at the same time; without it: four per core
    #[arg(long, value_name = "N")]
    pub at_once: Option<NonZeroUsize>,

    /// With --json: how often each instance is told of
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

fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    match humantime::parse_duration(text) {
        Ok(duration) => Ok(duration),
        Err(_) if text.parse::<f64>().is_ok() => Err(format!("a unit is missing: {text}s, {text}m or {text}h?")),
        Err(_) => Err("not a duration such as 500ms, 30s, 5m or 2h".to_owned()),
    }
}

fn lines(text: &str) -> Result<Lines, String> {
    if text == "all" {
        return Ok(Lines::All);
    }
    text.parse()
        .map(Lines::Last)
        .map_err(|_| "not a number of lines, nor `all`".to_owned())
}

impl Cli {
    /// The options that may stand before and after the verb, from both places.
    pub fn common(&self) -> Common {
        let later = match &self.verb {
            Verb::Start(verb) => &verb.common,
            Verb::Stop(verb) => &verb.common,
            Verb::Restart(verb) => &verb.common,
            Verb::Status(verb) => &verb.common,
            Verb::Watch(verb) => &verb.common,
            Verb::Logs(verb) => &verb.common,
            Verb::Run(verb) => &verb.common,
            Verb::Send(verb) => &verb.common,
            Verb::Console(verb) => &verb.common,
            Verb::Games(verb) => &verb.common,
            Verb::Check(verb) => &verb.common,
            Verb::Init(verb) => &verb.common,
            Verb::Schema(verb) => &verb.common,
            Verb::Completions(verb) => &verb.common,
        };
        self.common.and(later)
    }
}

impl Verb {
    /// The inventory, where it was given after the verb.
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
        let Verb::Logs(logs) = cli.verb else { panic!() };
        assert!(logs.own.follow);
        assert_eq!(logs.own.lines, Lines::All);
    }

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert!(duration("30").unwrap_err().contains("30s"));
        assert!(duration("soon").is_err());
    }
}
