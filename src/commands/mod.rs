//! The verbs of the command line, one file each: parse, ask the [`host`], and
//! hand the answer to the screen.
//!
//! [`host`]: crate::host

mod carrier;
mod check;
mod complete;
mod completions;
mod console;
mod console_child;
mod context;
mod deed_news;
mod deeds;
mod disk;
mod games;
mod host;
mod import;
mod init;
mod keyboard;
mod live;
mod logs;
mod notify;
mod opener;
mod over_link;
mod progressing;
mod run;
mod saving;
mod schedule;
mod send;
mod serve;
mod service_manager;
mod signals;
mod status;
mod streams;
mod ticking;
mod usage;
mod verb;
mod watch;

use std::ffi::OsString;

use clap::error::ErrorKind;

use crate::cli::{Cli, VerbArgs, When};
use crate::failure::FailureKind;
use crate::host::Error;
use crate::invocation;
use crate::ui::{Color, Options};
use context::{Context, runtime};
use streams::{screen, trace};

/// Parses the command line of this process, does what it says, and returns the
/// exit code.
pub fn main() -> u8 {
    if let Some(code) = complete::answer() {
        return code;
    }
    if let Some(code) = serve::answer() {
        return code;
    }
    let cli = match Cli::read(asked_for_help(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => return usage(error),
    };
    let common = &cli.common;
    invocation::remember(cli.inventory.as_deref(), common.state_dir.as_deref());
    let screen = screen(Options {
        color: match common.color {
            None | Some(When::Auto) => Color::Auto,
            Some(When::Always) => Color::Always,
            Some(When::Never) => Color::Never,
        },
        json: common.json,
        quiet: common.quiet,
    });
    if common.verbose > 0 {
        trace(&screen, common.verbose);
    }
    let context = Context {
        screen: &screen,
        cli: &cli,
    };
    let code = match run(&context) {
        Ok(code) => code,
        Err(Error::Failure(failure)) => {
            screen.failure(&failure);
            failure.kind.exit_code()
        }
        Err(Error::Problems(problems)) => {
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

/// `gamectl help VERB` is what other programs call it: `gamectl VERB --help`.
fn asked_for_help(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.truncate(2);
        words.push("--help".into());
    }
    words
}

fn run(context: &Context<'_>) -> Result<u8, Error> {
    match &context.cli.verb {
        VerbArgs::Status(verb) if verb.0.nats => runtime()?.block_on(over_link::status(context, &verb.0)),
        VerbArgs::Status(verb) => status::run(context, &verb.0),
        VerbArgs::Schedule(verb) => runtime()?.block_on(async { schedule::run(context, &verb.0) }),
        VerbArgs::Completions(verb) => completions::run(context, &verb.0),
        VerbArgs::Games(verb) => games::run(context, &verb.0),
        VerbArgs::Init(verb) => init::run(context, &verb.0),
        VerbArgs::Import(verb) => import::run(context, &verb.0),
        VerbArgs::Schema(_) => schema(context),
        VerbArgs::Start(verb) => runtime()?.block_on(verb::start(context, &verb.0)),
        VerbArgs::Stop(verb) => runtime()?.block_on(verb::stop(context, &verb.0)),
        VerbArgs::Restart(verb) => runtime()?.block_on(verb::restart(context, &verb.0)),
        VerbArgs::Logs(verb) => runtime()?.block_on(logs::run(context, &verb.0)),
        VerbArgs::Watch(verb) => runtime()?.block_on(watch::run(context, &verb.0)),
        VerbArgs::Run(verb) => runtime()?.block_on(run::run(context, &verb.0)),
        VerbArgs::Send(verb) => runtime()?.block_on(send::run(context, &verb.0)),
        VerbArgs::Console(verb) => runtime()?.block_on(console::run(context, &verb.0)),
        VerbArgs::Host(verb) => runtime()?.block_on(host::run(context, &verb.0)),
        VerbArgs::Notify(verb) => runtime()?.block_on(notify::run(context, &verb.0)),
        VerbArgs::Check(_) => runtime()?.block_on(check::run(context)),
    }
}

/// Prints the schema, which is JSON with and without `--json`.
fn schema(context: &Context<'_>) -> Result<u8, Error> {
    context.screen.print(crate::host::SCHEMA);
    Ok(0)
}

/// Shows what is wrong with a command line, or the help that was asked for.
#[cold]
fn usage(error: clap::Error) -> u8 {
    let json = std::env::args_os().any(|argument| argument == "--json");
    let (inventory, state_dir) = Cli::places(std::env::args_os());
    invocation::remember(inventory.as_deref(), state_dir.as_deref());
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
        let words = std::env::args_os().skip(1);
        let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        screen.failure(&usage::failure(error, &words));
    }
    FailureKind::Usage.exit_code()
}
