//! The arguments of each verb.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum, ValueHint};

use super::selection::{Listed, Selection};
use super::time::{duration, when};

#[derive(Debug, Args)]
#[command(after_help = "\
A running game is asked how many play, if its preset or the inventory says how:
by `players`, or by a probe such as a2s. It has a second to answer.

With --wide, CPU is a part of one core: the mean since the start for processes
and units, and what the engine tells for others. Memory is what is resident or,
for units, charged to the control group. All of it is of the whole tree. What is
not known is shown as -, and is null in JSON.

Examples:
  gamectl status
  gamectl status --wide
  gamectl status --json rust-main
  gamectl status --any tag:pvp && echo players can join")]
pub struct StatusArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Exits with 0 when at least one instance runs, else with 3
    #[arg(long)]
    pub any: bool,

    /// Shows also what each instance uses: CPU, memory, tasks, and read and written
    #[arg(short, long, conflicts_with = "nats")]
    pub wide: bool,

    /// Asks the instances of all nodes over the link of the inventory; they are named NODE/ID
    #[arg(long)]
    pub nats: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl watch
  gamectl watch --until running --timeout 10m tag:pvp && announce
  gamectl watch --json | jq -r 'select(.event == \"status\") | .id'

With --json, {\"event\":\"lost\",\"count\":N,\"at\":TIME} stands where objects were
dropped because nobody read them in time; a new snapshot follows.")]
pub struct WatchArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Ends with 0 once all managed instances are in this state
    #[arg(long, value_name = "STATE")]
    pub until: Option<Awaited>,

    /// Waits this long at most for that state, and then ends with 124
    #[arg(long, value_name = "DURATION", requires = "until", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Shows also tasks, and what was read and written, and leaves out other columns first; with
    /// --json, tells what each instance uses
    #[arg(short, long)]
    pub wide: bool,

    /// Asks the instances of all nodes over the link of the inventory; they are named NODE/ID
    #[arg(long, conflicts_with = "until")]
    pub nats: bool,

    /// Changes nothing, whatever key is pressed
    #[arg(long)]
    pub read_only: bool,

    /// Prints a line for each change, on a terminal too: for screen readers
    #[arg(long)]
    pub plain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Awaited {
    /// Players can join it
    Running,
    /// Nothing of it runs, because it was stopped or never started
    Stopped,
    /// The game is launched, and not ready yet
    Starting,
    /// The game is ending, and some of its processes are still there
    Stopping,
    /// The game ended, and nobody had asked for that
    Crashed,
    /// gamectl does not manage it
    Unmanaged,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl logs -n 20 rust-main
  gamectl logs -t --since 10m rust-main
  gamectl logs --previous rust-main
  gamectl logs -f rust-main conan

Times are in UTC, to the second; - stands where one is not known, as for what
an older gamectl has logged.

With --json each line is an object: {\"event\":\"line\",\"id\":ID,\"text\":TEXT};
with -t it has \"at\", too, which is null where it is not known")]
pub struct LogsArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Shows this many of the last lines first, or `all`
    #[arg(short = 'n', long, value_name = "N", default_value = "100", value_parser = lines)]
    pub lines: LineCount,

    /// Begins at a time instead: 10m (ago), or 2026-01-31T20:00:00Z; what has no time of its
    /// own is shown if it may be as late
    #[arg(long, value_name = "WHEN", conflicts_with = "lines", value_parser = when)]
    pub since: Option<SystemTime>,

    /// Goes on with new output
    #[arg(short, long)]
    pub follow: bool,

    /// Shows before each line when it was printed, and where a launch began and ended
    #[arg(short, long)]
    pub timestamps: bool,

    /// Shows the launch before the last
    #[arg(long, conflicts_with_all = ["since", "follow"])]
    pub previous: bool,

    /// Prints the bytes as they are, including those that could harm a terminal
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
  gamectl run --metrics-file /var/lib/prometheus/node-exporter/gamectl.prom

With --json, {\"event\":\"lost\",\"count\":N,\"at\":TIME} stands where objects were
dropped because nobody read them in time; a new snapshot follows.")]
pub struct RunArgs {
    #[command(flatten)]
    pub selection: Selection,

    /// Says what becomes of the instances when the watching ends
    #[arg(long, value_name = "WHAT", default_value = "leave")]
    pub on_exit: OnExit,

    /// Launches this many at the same time at most; without it: four per core
    #[arg(long, value_name = "N")]
    pub at_once: Option<NonZeroUsize>,

    /// Reports each instance this often, with --json
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub heartbeat_interval: Duration,

    /// Shows also tasks, and what was read and written, and leaves out other columns first; with
    /// --json, tells what each instance uses
    #[arg(short, long)]
    pub wide: bool,

    /// Prints a line for each change, on a terminal too: for screen readers
    #[arg(long)]
    pub plain: bool,

    /// Keeps metrics in a file, in the format OpenMetrics: for the textfile collector of
    /// node_exporter, with a name that ends with .prom
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub metrics_file: Option<PathBuf>,

    /// Serves metrics over HTTP to this machine: unix:PATH, or 127.0.0.1:PORT
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<String>,
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
    /// Shows this many of the last lines first
    #[arg(short = 'n', long, value_name = "N", default_value = "20")]
    pub lines: u64,

    #[command(flatten)]
    pub listed: Listed,

    /// The id of the instance
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl send rust-main say the server restarts in ten minutes")]
pub struct SendArgs {
    /// Waits this long at most to connect, to send and for the reply
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,

    #[command(flatten)]
    pub listed: Listed,

    /// The id of the instance
    #[arg(value_name = "ID")]
    pub id: String,

    /// The line to send; several words are joined by spaces
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
`gamectl run` carries schedules out. The times are those of the clocks here, and
of the time zone of the schedule.

  schedule [list] [SELECTOR]...  shows what comes next
  schedule skip ID               leaves the next firing out
  schedule cancel ID             ends a countdown that is under way, and tells
                                 its players

Examples:
  gamectl schedule
  gamectl schedule tag:eu --json
  gamectl schedule skip rust-main
  gamectl schedule cancel rust-main")]
pub struct ScheduleArgs {
    /// Selects instances: an id, a glob ('rust-*'), tag:NAME or host:NAME; or begins with
    /// list, skip or cancel
    #[arg(value_name = "SELECTOR")]
    pub words: Vec<String>,

    #[command(flatten)]
    pub listed: Listed,
}

/// The words of `schedule` that say what to do.
pub const SCHEDULE_ACTIONS: [&str; 3] = ["list", "skip", "cancel"];

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl notify rust-main")]
pub struct NotifyArgs {
    #[command(flatten)]
    pub listed: Listed,

    /// The id of the instance
    #[arg(value_name = "ID")]
    pub id: String,
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
  gamectl host check
  gamectl host check box2 --json
  gamectl host install box2")]
pub struct HostArgs {
    #[command(flatten)]
    pub listed: Listed,

    /// Shows what would be installed, and changes nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// What to do
    #[arg(value_name = "ACTION")]
    pub action: HostAction,

    /// The hosts, by their names in the inventory; without any: all of them
    #[arg(value_name = "NAME")]
    pub hosts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HostAction {
    /// Checks the way to them, the gamectl there, their clocks, and what a logout ends
    Check,
    /// Copies this program there: in place of the gamectl that is found, if it may be
    /// written, else to ~/.local/bin
    Install,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl init
  gamectl init rust minecraft
  gamectl -f /etc/gamectl/instances.yaml init conan
  gamectl -f - init --from-container palworld
  gamectl -f - init --from-systemd rust-main.service")]
pub struct InitArgs {
    #[command(flatten)]
    pub listed: Listed,

    /// The games to write down; without any: the example, with demo servers
    #[arg(value_name = "GAME")]
    pub games: Vec<String>,

    /// Writes down what is there: this container, or the stack or pod that it belongs to
    #[arg(long, value_name = "NAME")]
    pub from_container: Vec<String>,

    /// Writes down what is there: this unit, of the system or of this user
    #[arg(long, value_name = "UNIT")]
    pub from_systemd: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is run, fetched or installed. Behind each value stands the place that
it comes from, and below the instance what could not be carried over.

Examples:
  gamectl import egg-valheim.json
  gamectl import --set SERVER_PORT=2456 --dir /srv/valheim egg.json
  gamectl import -o instances.yaml palworld.kvp egg-factorio.yaml
  gamectl import /home/games/rustserver
  gamectl import --as docker-run -")]
pub struct ImportArgs {
    /// The files to read; - is standard input. The ports and settings of a .kvp are read beside it
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,

    /// Takes the files for this, in place of looking at what they hold
    #[arg(long = "as", value_name = "KIND", value_parser = ["egg", "amp", "linuxgsm", "systemd", "compose", "docker-run", "procfile", "supervisord"])]
    pub kind: Option<String>,

    /// The id of the instance; without it, it is made from the name in the file
    #[arg(long)]
    pub id: Option<String>,

    /// The folder on this host in which the server's files are
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,

    /// A value for a variable that a file leaves open, or for any other of its variables
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// Writes an inventory here, where there is none; without it, it is printed
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gamectl games
  gamectl games rust
  gamectl games 27015")]
pub struct GamesArgs {
    /// The game to print, or what to look for: a word of a title, a query protocol such as a2s, a port
    pub name: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
fish looks in its folder by itself; bash does with the package bash-completion,
and zsh where ~/.zshrc says `fpath+=(~/.zfunc); autoload -U compinit; compinit`.

Examples:
  mkdir -p ~/.local/share/bash-completion/completions
  gamectl completions bash > ~/.local/share/bash-completion/completions/gamectl
  mkdir -p ~/.config/fish/completions
  gamectl completions fish > ~/.config/fish/completions/gamectl.fish
  mkdir -p ~/.zfunc
  gamectl completions zsh > ~/.zfunc/_gamectl")]
pub struct CompletionsArgs {
    /// The shell that they are for
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
