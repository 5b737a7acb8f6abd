//! A command line that cannot be parsed, as a failure like every other one.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Cli;
use crate::failure::{Failure, FailureKind};
use crate::invocation::{command, command_for, quoted};

/// The parts that clap adds to the message of an error. The useful ones become
/// the hint.
const BESIDES: [ContextKind; 6] = [
    ContextKind::Usage,
    ContextKind::Suggested,
    ContextKind::SuggestedArg,
    ContextKind::SuggestedCommand,
    ContextKind::SuggestedSubcommand,
    ContextKind::SuggestedValue,
];

/// Returns the failure, with a hint at what to type instead.
pub(super) fn failure(mut error: clap::Error, words: &[String]) -> Failure {
    let hint = misplaced(&error, words)
        .or_else(|| before_its_verb(&error, words))
        .or_else(|| elsewhere(&error))
        .or_else(|| meant(&error))
        .or_else(|| conflicting(&error))
        .or_else(|| usage(&error));
    for besides in BESIDES {
        error.remove(besides);
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // The last paragraph says where the help is.
    let message = text.split("\n\nFor more information").next().unwrap_or(text);
    let failure = Failure::new(FailureKind::Usage, message.trim_end());
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Returns the hint for `-f` behind a verb: there it follows a log, and it
/// names the inventory only before the verb.
fn misplaced(error: &clap::Error, words: &[String]) -> Option<String> {
    let unknown = error.kind() == ErrorKind::UnknownArgument;
    let which = error.get(ContextKind::InvalidArg)?;
    if !unknown || *which != ContextValue::String("-f".to_owned()) {
        return None;
    }
    let meant = named_first(words).unwrap_or_else(|| "`gamectl -f FILE VERB`".to_owned());
    Some(format!(
        "the inventory is named before the verb, {meant}, or with --inventory"
    ))
}

/// Returns the command in which the inventory stands before the verb, which is the first
/// word.
fn named_first(words: &[String]) -> Option<String> {
    let at = words.iter().position(|word| word == "-f")?;
    let (before, rest) = words.split_at(at);
    let (file, rest) = rest.get(1..)?.split_first()?;
    if before.first()?.starts_with('-') || file.starts_with('-') {
        return None;
    }
    let words: Vec<String> = before.iter().chain(rest).map(|word| quoted(word)).collect();
    Some(command_for(file, words.join(" ")))
}

/// Returns the hint for options of a verb that stand before it: the command as it was
/// meant.
fn before_its_verb(error: &clap::Error, words: &[String]) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let mut root = Cli::command();
    root.build();
    let at = words.iter().position(|word| root.find_subcommand(word).is_some())?;
    let (before, rest) = words.split_at(at);
    let (name, rest) = rest.split_first()?;
    let verb = root.find_subcommand(name)?;
    let mut moved = Vec::new();
    let mut before = before.iter();
    while let Some(word) = before.next() {
        let option = option_of(&root, word).map(|option| (option, false));
        let (option, is_moved) = option.or_else(|| Some((option_of(verb, word)?, true)))?;
        let takes_next = option.get_action().takes_values() && !word.contains('=');
        let value = if takes_next { before.next() } else { None };
        if is_moved {
            moved.extend(std::iter::once(word).chain(value));
        }
    }
    // The unknown word may be another one.
    if moved.is_empty() {
        return None;
    }
    let words = std::iter::once(name).chain(moved).chain(rest);
    let words: Vec<String> = words.map(|word| quoted(word)).collect();
    let meant = command(words.join(" "));
    Some(format!("the options of a verb stand behind it: {meant}"))
}

/// Returns the option of a command that a word names.
fn option_of<'c>(command: &'c clap::Command, word: &str) -> Option<&'c clap::Arg> {
    let name = word.split('=').next().unwrap_or(word);
    command.get_arguments().find(|option| {
        let long = option
            .get_long()
            .is_some_and(|long| name.strip_prefix("--") == Some(long));
        let short = option.get_short().is_some_and(|short| name == format!("-{short}"));
        long || short
    })
}

/// The words of other tools, and what does the same here: the verbs in backticks.
const ELSEWHERE: [(&[&str], &str); 12] = [
    (&["ps", "ls", "list", "st"], "`status` shows all instances"),
    (&["kill"], "`stop --now ID` sends TERM, and kills 5 seconds later"),
    (&["attach"], "`console ID` attaches to the console of a game"),
    (&["exec", "cmd", "command"], "`send ID TEXT` sends a line to a game"),
    (&["up"], "`start --all` starts all instances"),
    (&["down"], "`stop --all` stops all instances"),
    (
        &["reload"],
        "`restart ID` applies a changed entry; `run` reads a changed inventory by itself",
    ),
    (
        &["log", "tail"],
        "`logs ID` prints the output of a game, `logs -f ID` follows it",
    ),
    (
        &["validate", "lint", "test", "doctor"],
        "`check` looks for mistakes and obstacles",
    ),
    (
        &["new", "create", "add"],
        "`init GAME` writes an inventory to begin with",
    ),
    (&["monitor", "top"], "`watch` follows all instances"),
    (
        &["supervise", "daemon", "serve"],
        "`run` watches the instances, and restarts what crashes",
    ),
];

/// Returns the hint for a word of another tool.
fn elsewhere(error: &clap::Error) -> Option<String> {
    let ContextValue::String(typed) = error.get(ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let known = ELSEWHERE.iter().find(|(words, _)| words.contains(&typed.as_str()));
    known.map(|(_, hint)| {
        let parts = hint.split('`').enumerate();
        parts
            .map(|(at, part)| if at % 2 == 1 { command(part) } else { part.to_owned() })
            .collect()
    })
}

/// Returns the hint that names the most similar words.
fn meant(error: &clap::Error) -> Option<String> {
    let similar = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let words = match similar.into_iter().find_map(|kind| error.get(kind))? {
        ContextValue::String(word) => std::slice::from_ref(word),
        ContextValue::Strings(words) => words,
        _ => return None,
    };
    // The most similar one comes last.
    let words: Vec<String> = words.iter().rev().map(|word| format!("`{word}`")).collect();
    let (last, others) = words.split_last()?;
    Some(match others {
        [] => format!("did you mean {last}?"),
        _ => format!("did you mean {} or {last}?", others.join(", ")),
    })
}

/// Returns the hint for two that exclude each other, which the usage shows side by side.
fn conflicting(error: &clap::Error) -> Option<String> {
    (error.kind() == ErrorKind::ArgumentConflict).then(|| "leave out one of the two; --help says more".to_owned())
}

fn usage(error: &clap::Error) -> Option<String> {
    let ContextValue::StyledStr(usage) = error.get(ContextKind::Usage)? else {
        return None;
    };
    let usage = usage.to_string();
    let usage = usage.trim().strip_prefix("Usage: ")?.to_owned();
    Some(format!("usage: {usage}; --help says more"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn shown(line: &str) -> String {
        let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
        let words: Vec<String> = line.split(' ').skip(1).map(str::to_owned).collect();
        let failure = failure(error, &words);
        format!("{}\n{}", failure.message, failure.hint.unwrap_or_default())
    }

    /// Each word of another tool is none of ours, and what is named instead is.
    #[test]
    fn words_of_other_tools() {
        for word in ELSEWHERE.iter().flat_map(|(words, _)| *words) {
            let shown = shown(&format!("gamectl {word}"));
            let named = shown.split("`gamectl ").nth(1).expect("a command");
            let line = format!("gamectl {}", named.split('`').next().expect("its end"));
            assert!(!shown.contains("did you mean"), "{shown}");
            Cli::try_parse_from(line.split(' ')).expect(&line);
        }
    }

    #[test]
    fn all_have_one_shape() {
        insta::assert_snapshot!(shown("gamectl statsu"), @r"
        unrecognized subcommand 'statsu'
        did you mean `status` or `start`?
        ");
        insta::assert_snapshot!(shown("gamectl strat"), @r"
        unrecognized subcommand 'strat'
        did you mean `start`, `restart` or `status`?
        ");
        insta::assert_snapshot!(shown("gamectl attach"), @r"
        unrecognized subcommand 'attach'
        `gamectl console ID` attaches to the console of a game
        ");
        insta::assert_snapshot!(shown("gamectl frobnicate"), @r"
        unrecognized subcommand 'frobnicate'
        usage: gamectl [OPTIONS] <COMMAND>; --help says more
        ");
        insta::assert_snapshot!(shown("gamectl --colour status"), @r"
        unexpected argument '--colour' found
        did you mean `--color`?
        ");
        insta::assert_snapshot!(shown("gamectl start --frob a"), @r"
        unexpected argument '--frob' found
        usage: gamectl start [OPTIONS] [SELECTOR]...; --help says more
        ");
        insta::assert_snapshot!(shown("gamectl start -f x.yaml a"), @r"
        unexpected argument '-f' found
        the inventory is named before the verb, `gamectl -f x.yaml start a`, or with --inventory
        ");
        insta::assert_snapshot!(shown("gamectl stop --now -f"), @r"
        unexpected argument '-f' found
        the inventory is named before the verb, `gamectl -f FILE VERB`, or with --inventory
        ");
        insta::assert_snapshot!(shown("gamectl --dry-run start a"), @r"
        unexpected argument '--dry-run' found
        the options of a verb stand behind it: `gamectl start --dry-run a`
        ");
        insta::assert_snapshot!(shown("gamectl -q --timeout 5m -f x.yaml --now stop a*"), @r"
        unexpected argument '--timeout' found
        the options of a verb stand behind it: `gamectl stop --timeout 5m --now 'a*'`
        ");
        insta::assert_snapshot!(shown("gamectl --frob start a"), @r"
        unexpected argument '--frob' found
        usage: gamectl [OPTIONS] <COMMAND>; --help says more
        ");
        insta::assert_snapshot!(shown("gamectl start --timeout 3 a"), @"invalid value '3' for '--timeout <DURATION>': a unit is missing: 3s, 3m or 3h?");
        insta::assert_snapshot!(shown("gamectl start --timeout"), @"a value is required for '--timeout <DURATION>' but none was supplied");
        insta::assert_snapshot!(shown("gamectl watch --until runing"), @r"
        invalid value 'runing' for '--until <STATE>'
          [possible values: running, stopped, starting, stopping, crashed, unmanaged]
        did you mean `running`?
        ");
        insta::assert_snapshot!(shown("gamectl send"), @r"
        the following required arguments were not provided:
          <ID>
          <TEXT>...
        usage: gamectl send <ID> <TEXT>...; --help says more
        ");
        insta::assert_snapshot!(shown("gamectl console a b"), @r"
        unexpected argument 'b' found
        usage: gamectl console [OPTIONS] <ID>; --help says more
        ");
        insta::assert_snapshot!(shown("gamectl logs --since 5m -n 3 a"), @r"
        the argument '--since <WHEN>' cannot be used with '--lines <N>'
        leave out one of the two; --help says more
        ");
        insta::assert_snapshot!(shown("gamectl start --all a"), @r"
        the argument '--all' cannot be used with '[SELECTOR]...'
        leave out one of the two; --help says more
        ");
        insta::assert_snapshot!(shown("gamectl --json"), @r"
        'gamectl' requires a subcommand but one was not provided
          [subcommands: start, stop, restart, status, watch, logs, run, send, console, schedule, games, notify, check, host, init, import, schema, completions]
        usage: gamectl [OPTIONS] <COMMAND>; --help says more
        ");
    }
}
