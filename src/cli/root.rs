//! The whole command line: the options before the verb, and the verbs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

use super::lifecycle::{RestartArgs, StartArgs, StopArgs};
use super::selection::INVENTORY_AFTER_VERB;
use super::time::duration;
use super::verbs::{
    CheckArgs, CompletionsArgs, ConsoleArgs, GamesArgs, HostArgs, ImportArgs, InitArgs, LogsArgs, NotifyArgs, RunArgs,
    ScheduleArgs, SchemaArgs, SendArgs, StatusArgs, WatchArgs,
};

/// Start, stop, watch and script all your game servers, processes and docker compose stacks alike.
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
    after_help = "Selectors: an id, a glob ('rust-*'), tag:NAME, host:NAME, or --all.",
    after_long_help = "\
Selectors: an id, a glob ('rust-*'), tag:NAME, host:NAME, or --all.

Exit codes:
  0    the wanted state holds for every selected instance; status: all that are
       managed are running
  1    at least one failed; status: at least one crashed
  2    usage
  3    status: none crashed, at least one not running
  4    no such instance, a selector that matches nothing, or gamectl could not
       determine the state
  5    a program that gamectl needs is missing, or nothing manages the instance
  6    the inventory is missing or invalid; nothing was started
  75   busy: another gamectl holds the instance
  124  the wait ran out; the server may still get there
  130  interrupted (143: terminated); the server goes on

`run` ends with 0 when it is interrupted or terminated."
)]
pub struct Cli {
    /// Uses this inventory; - is standard input
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
#[derive(Debug, Args)]
pub struct Common {
    /// Keeps records, consoles and logs in this directory
    ///
    /// Without it: $GAMECTL_STATE_DIR, else /var/lib/gamectl for root, else
    /// $XDG_STATE_HOME/gamectl, else ~/.local/state/gamectl.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,

    /// Answers with JSON
    #[arg(long)]
    pub json: bool,

    /// Prints failures only
    #[arg(short, long)]
    pub quiet: bool,

    /// Reports more on the way; twice: everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Uses colour; without it: auto
    #[arg(long, value_name = "WHEN")]
    pub color: Option<When>,

    /// Waits this long at most for another gamectl that holds an instance
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub lock_wait: Option<Duration>,
}

impl Common {
    fn and(self, later: Self) -> Self {
        Self {
            state_dir: later.state_dir.or(self.state_dir),
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

#[derive(Debug, Subcommand)]
pub enum VerbArgs {
    /// Starts instances and waits until they are ready
    Start(Deferred<StartArgs>),
    /// Stops instances and waits until nothing of them runs
    Stop(Deferred<StopArgs>),
    /// Stops instances, then starts them
    Restart(Deferred<RestartArgs>),
    /// Shows the state of instances
    Status(Deferred<StatusArgs>),
    /// Watches the state of instances
    ///
    /// On a terminal it is a live table. Arrows, j and k move it by a row, space and b by a page, g and G to
    /// its ends; q or Ctrl-C leaves. Off a terminal there is a line for each change.
    Watch(Deferred<WatchArgs>),
    /// Shows what instances printed
    Logs(Deferred<LogsArgs>),
    /// Watches instances, starts them, and starts them again after a crash
    ///
    /// On a terminal it is a live table, with the last events below it; off one there is a line for
    /// each event. Ctrl-C ends the watching, and the servers go on, unless --on-exit says
    /// otherwise. A changed inventory is read at once; one that is not valid changes nothing.
    Run(Deferred<RunArgs>),
    /// Sends a line to a game and prints what it replies
    Send(Deferred<SendArgs>),
    /// Attaches to the console of a game; Ctrl-D or Ctrl-] detaches
    Console(Deferred<ConsoleArgs>),
    /// Shows what schedules do next, skips that, or cancels a countdown
    Schedule(Deferred<ScheduleArgs>),
    /// Lists the known games, or prints one to paste into an inventory
    Games(Deferred<GamesArgs>),
    /// Sends a test message to those whom an instance tells of what happens
    Notify(Deferred<NotifyArgs>),
    /// Checks the inventory and what its servers need, without starting anything
    Check(Deferred<CheckArgs>),
    /// Checks the other hosts of the inventory, or installs gamectl there
    Host(Deferred<HostArgs>),
    /// Writes an inventory to begin with, where there is none
    Init(Deferred<InitArgs>),
    /// Makes instances of what other tools have: eggs, templates of AMP, LinuxGSM, units, compose files
    Import(Deferred<ImportArgs>),
    /// Prints the JSON Schema of the inventory, for editors
    Schema(Deferred<SchemaArgs>),
    /// Prints the completions for a shell
    Completions(Deferred<CompletionsArgs>),
}

/// The arguments of a verb and the common options, defined only when that verb is
/// typed: to define those of all verbs takes longer than most verbs do. For the
/// same reason the common options are not clap's global ones, which are copied to
/// every verb.
#[derive(Debug)]
pub struct Deferred<T>(pub T);

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
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl Cli {
    /// Reads a command line. The common options and the inventory may stand before
    /// and after the verb.
    pub fn read<T: Into<OsString> + Clone>(words: impl IntoIterator<Item = T>) -> Result<Self, clap::Error> {
        let mut definition = Self::command();
        let mut matches = definition.try_get_matches_from_mut(words)?;
        let later = matches.subcommand().map(|(_, verb)| verb.clone()).unwrap_or_default();
        let read = Self::from_arg_matches_mut(&mut matches);
        let read = read.and_then(|cli| Ok((cli, Common::from_arg_matches(&later)?)));
        let (mut cli, common) = read.map_err(|error| error.format(&mut definition))?;
        cli.common = cli.common.and(common);
        // Some verbs need no inventory, and define no such option.
        if let Ok(Some(inventory)) = later.try_get_one::<OsString>(INVENTORY_AFTER_VERB) {
            cli.inventory = Some(inventory.clone());
        }
        Ok(cli)
    }

    /// Returns the inventory and the state directory that a command line names which is
    /// not valid, as far as they stand before the mistake.
    pub fn places<T: Into<OsString> + Clone>(
        words: impl IntoIterator<Item = T>,
    ) -> (Option<OsString>, Option<PathBuf>) {
        let read = Self::command().ignore_errors(true).try_get_matches_from(words);
        let read = read.unwrap_or_default();
        let at = |read: &ArgMatches| {
            let state_dir = read.try_get_one::<PathBuf>("state_dir").ok().flatten().cloned();
            let inventory = |name| read.try_get_one::<OsString>(name).ok().flatten().cloned();
            (
                inventory("inventory").or_else(|| inventory(INVENTORY_AFTER_VERB)),
                state_dir,
            )
        };
        let (inventory, state_dir) = at(&read);
        let later = read.subcommand().map(|(_, verb)| at(verb)).unwrap_or_default();
        (later.0.or(inventory), later.1.or(state_dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::LineCount;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_a_mistaken_line_names_is_known() {
        for (line, inventory, state_dir) in [
            ("gamectl -f a.yaml down", Some("a.yaml"), None),
            ("gamectl --state-dir /s -f a.yaml kill x", Some("a.yaml"), Some("/s")),
            ("gamectl --inventory=a.yaml status --jsn", Some("a.yaml"), None),
            (
                "gamectl status --inventory a.yaml --state-dir /s --jsn",
                Some("a.yaml"),
                Some("/s"),
            ),
            ("gamectl down", None, None),
            ("gamectl -f", None, None),
        ] {
            let places = (inventory.map(OsString::from), state_dir.map(PathBuf::from));
            assert_eq!(Cli::places(line.split(' ')), places, "{line}");
        }
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

    /// clap breaks a longer line again, behind its last word.
    #[test]
    fn what_stands_below_the_options_fits_a_terminal() {
        const COLUMNS: usize = 80;
        let mut root = Cli::command();
        root.build();
        let verbs: Vec<&Command> = std::iter::once(&root).chain(root.get_subcommands()).collect();
        for verb in verbs {
            let helps = [verb.get_after_help(), verb.get_after_long_help()];
            for line in helps.into_iter().flatten().flat_map(|help| {
                let lines: Vec<String> = help.to_string().lines().map(str::to_owned).collect();
                lines
            }) {
                assert!(line.chars().count() <= COLUMNS, "{}: {line}", verb.get_name());
            }
        }
    }

    #[test]
    fn options_before_and_after_the_verb() {
        let parse = |line: &str| Cli::read(line.split(' ')).unwrap();
        let cli = parse("gamectl -f a.yaml --json status -q x");
        assert_eq!(cli.inventory.as_deref(), Some("a.yaml".as_ref()));
        assert!(cli.common.json && cli.common.quiet);
        let cli = parse("gamectl -v --color never --state-dir x status -vv --color always");
        let common = cli.common;
        assert_eq!((common.verbose, common.color), (3, Some(When::Always)));
        assert_eq!(common.state_dir.as_deref(), Some("x".as_ref()));
        let cli = parse("gamectl stop --inventory b.yaml --all --lock-wait 0s");
        assert_eq!(cli.inventory.as_deref(), Some("b.yaml".as_ref()));
        assert_eq!(cli.common.lock_wait, Some(Duration::ZERO));
        let cli = parse("gamectl logs -f -n all a b");
        let VerbArgs::Logs(logs) = cli.verb else { panic!() };
        assert!(logs.0.follow);
        assert_eq!(logs.0.lines, LineCount::All);
    }
}
