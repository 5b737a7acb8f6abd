//! The verbs of the command line: one file each, and short. Selection in,
//! dispatch or a look, and the result to the screen.

mod check;
mod complete;
mod completions;
mod console;
mod context;
mod games;
mod goal;
mod init;
mod interrupt;
mod keyboard;
mod logs;
mod order;
mod rehearsal;
mod restart;
mod run;
mod selection;
mod send;
mod start;
mod status;
mod stop;
mod ticking;
mod usage;
mod watch;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Verb, When};
use crate::failure::{Failure, FailureKind};
use crate::sys::{host, pipe, pty};
use crate::ui::{Color, Options, Screen, Size, Surroundings};
use context::{Context, Ended};

/// Parses the command line of this process, does what it says, and returns the
/// exit code.
pub fn main() -> u8 {
    if let Some(code) = complete::answer() {
        return code;
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return usage(error),
    };
    let common = &cli.common();
    if common.verbose > 0 {
        trace(common.verbose);
    }
    let screen = screen(Options {
        color: match common.color {
            None | Some(When::Auto) => Color::Auto,
            Some(When::Always) => Color::Always,
            Some(When::Never) => Color::Never,
        },
        json: common.json,
        quiet: common.quiet,
        verbose: common.verbose > 0,
    });
    let context = Context {
        screen: &screen,
        cli: &cli,
        common,
    };
    let code = match run(&context) {
        Ok(code) => code,
        Err(Ended::Failure(failure)) => {
            screen.failure(&failure);
            failure.kind.exit_code()
        }
        Err(Ended::Problems(problems)) => {
            screen.problems(&problems);
            FailureKind::Inventory.exit_code()
        }
    };
    if screen.finish() {
        code
    } else {
        crate::failure::worst([code, 1])
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let mut definition = Cli::command();
    let mut matches = definition.try_get_matches_from_mut(asked_for_help(std::env::args_os().collect()))?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut definition))
}

/// `gamectl help VERB` is what other programs call it: `gamectl VERB --help`.
fn asked_for_help(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.truncate(2);
        words.push("--help".into());
    }
    words
}

fn run(context: &Context<'_>) -> Result<u8, Ended> {
    match &context.cli.verb {
        Verb::Status(verb) => status::run(context, &verb.own),
        Verb::Completions(verb) => completions::run(context, &verb.own),
        Verb::Games(verb) => games::run(context, &verb.own),
        Verb::Init(verb) => init::run(context, &verb.own),
        Verb::Schema(_) => schema(context),
        Verb::Start(verb) => runtime()?.block_on(start::run(context, &verb.own)),
        Verb::Stop(verb) => runtime()?.block_on(stop::run(context, &verb.own)),
        Verb::Restart(verb) => runtime()?.block_on(restart::run(context, &verb.own)),
        Verb::Logs(verb) => runtime()?.block_on(logs::run(context, &verb.own)),
        Verb::Watch(verb) => runtime()?.block_on(watch::run(context, &verb.own)),
        Verb::Run(verb) => runtime()?.block_on(run::run(context, &verb.own)),
        Verb::Send(verb) => runtime()?.block_on(send::run(context, &verb.own)),
        Verb::Console(verb) => runtime()?.block_on(console::run(context, &verb.own)),
        Verb::Check(_) => runtime()?.block_on(check::run(context)),
    }
}

/// What waits for many things at once.
fn runtime() -> Result<tokio::runtime::Runtime, Ended> {
    // Without these it would not fail, but panic.
    const DESCRIPTORS: usize = 8;
    host::room_for_descriptors(DESCRIPTORS).map_err(|error| {
        let (what, hint) = (error.to_string(), "raise the limit: `ulimit -n 1024`");
        Failure::failed(format!("cannot begin: {what}")).hint(hint)
    })?;
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// `gamectl schema`: it is JSON already.
fn schema(context: &Context<'_>) -> Result<u8, Ended> {
    context.screen.print(crate::inventory::keys::SCHEMA);
    Ok(0)
}

fn screen(options: Options) -> Screen {
    let size = || {
        // Standard error may be the terminal where standard output is a pipe.
        let size = pty::size(std::io::stdout()).or_else(|| pty::size(std::io::stderr()));
        size.map(|(columns, rows)| Size { columns, rows })
    };
    Screen::new(options, Surroundings::detect(std::sync::Arc::new(size)))
}

/// Whether nobody reads our answer any more.
fn reader_is_gone() -> bool {
    pipe::is_hung_up(std::io::stdout())
}

/// Shows what is wrong with a command line, or the help that was asked for.
#[cold]
fn usage(error: clap::Error) -> u8 {
    let json = std::env::args_os().any(|argument| argument == "--json");
    let screen = screen(Options {
        json,
        ..Options::default()
    });
    if !error.use_stderr() {
        screen.print(&error.render().to_string());
        return u8::from(!screen.finish());
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        screen.remind(&error.render().to_string());
    } else {
        screen.failure(&usage::failure(error));
    }
    FailureKind::Usage.exit_code()
}

/// Sends what the engine says of itself to standard error.
fn trace(verbose: u8) {
    let level = if verbose == 1 {
        tracing::Level::DEBUG
    } else {
        tracing::Level::TRACE
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .init();
}
