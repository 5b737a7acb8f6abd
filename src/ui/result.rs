//! The result of a verb on an instance, as one line.

use super::paint::{Look, Tone};
use super::span::spoken;
use crate::event::{DryRun, Verb, VerbResult};
use crate::failure::Failure;
use crate::invocation::command;
use crate::supervisor::InstanceState;
use crate::text::{clean, clean_line};

/// Returns the outcome of a verb that succeeded, in words, with its colour and symbol.
fn outcome(verb: Verb, result: &VerbResult) -> (Tone, &'static str, String) {
    let took = spoken(result.took);
    match (verb, &result.state) {
        (Verb::Start | Verb::Restart, Some(InstanceState::Starting)) if result.changed => {
            let done = if verb == Verb::Start { "started" } else { "restarted" };
            (Tone::Busy, "●", format!("{done}; not waiting until it is ready"))
        }
        (Verb::Start, Some(state)) if !result.changed => {
            let starting = *state == InstanceState::Starting;
            let what = if starting {
                "already starting"
            } else {
                "already running"
            };
            (Tone::Good, "●", what.to_owned())
        }
        (Verb::Start, _) => (Tone::Good, "●", format!("ready after {took}")),
        (Verb::Restart | Verb::Stop, Some(state)) if !result.changed && state.is_alive() => {
            (Tone::Busy, "●", "not changed".to_owned())
        }
        (Verb::Restart, _) => (Tone::Good, "●", format!("restarted, ready after {took}")),
        (Verb::Stop, _) if !result.changed => (Tone::Dim, "○", "already stopped".to_owned()),
        (Verb::Stop, _) => match result.ended_by.as_deref() {
            Some("kill") => (Tone::Loud, "○", format!("killed after {took}")),
            Some(step) => (Tone::Dim, "○", format!("stopped by {} in {took}", clean_line(step))),
            None => (Tone::Dim, "○", "stopped".to_owned()),
        },
    }
}

/// Returns a result in words, without the id.
pub(super) fn in_words(verb: Verb, result: &VerbResult) -> String {
    match &result.error {
        None => outcome(verb, result).2 + &note(result),
        Some(failure) => format!("{}: {}", verb.as_str(), failure.clone().in_one()),
    }
}

/// Returns the note of a result, as it stands behind that.
fn note(result: &VerbResult) -> String {
    let note = result.note.as_deref().map(clean_line);
    note.map_or_else(String::new, |note| format!(" ({note})"))
}

pub(super) fn succeeded(verb: Verb, result: &VerbResult, look: Look) -> String {
    let (tone, symbol, what) = outcome(verb, result);
    let note = note(result);
    let line = format!(
        "{}{}: {}{note}",
        look.mark(tone, symbol),
        result.id,
        look.paint(tone, &what)
    );
    look.wrap(&line, 2) + "\n"
}

pub(super) fn dry_run(one: &DryRun, look: Look) -> String {
    let mut out = look.wrap(&format!("{}: {}", one.id, clean_line(&one.would)), 2) + "\n";
    for (index, step) in one.steps.iter().enumerate() {
        let cause = look.paint(Tone::Dim, &format!("({})", clean_line(&step.cause)));
        let number = format!("  {}. ", index + 1);
        let line = format!("{number}{} {cause}", clean_line(&step.does));
        out.push_str(&format!("{}\n", look.wrap(&line, number.len())));
    }
    out
}

pub(super) fn failure(failure: &Failure, look: Look) -> String {
    let mut out = error(clean(&failure.message).trim_end(), look);
    if let Some(text) = &failure.hint {
        out.push_str(&hint(text, look));
    }
    out
}

/// Returns the line of a failure of an instance, without its hint.
pub(super) fn failed(id: &str, failure: &Failure, look: Look) -> String {
    error(&format!("{id}: {}", clean(&failure.message).trim_end()), look)
}

pub(super) fn error(text: &str, look: Look) -> String {
    let label = look.paint(Tone::Error, "error:");
    look.wrap(&format!("{label} {text}"), "error: ".len()) + "\n"
}

pub(super) fn hint(text: &str, look: Look) -> String {
    let label = look.paint(Tone::Hint, "hint:");
    let line = format!("{label} {}", clean(text).trim_end());
    look.wrap(&line, "hint: ".len()) + "\n"
}

/// Renders how work goes on after an interrupted verb.
pub(super) fn interrupted(verb: Verb, ids: &[&str], look: Look) -> String {
    let what = match verb {
        Verb::Start => "what was launched goes on starting",
        Verb::Stop => "a stop that has begun goes on",
        Verb::Restart => {
            "a stop that has begun goes on, and this restart launches nothing after it; \
             what was launched goes on starting"
        }
    };
    let of = match ids {
        [one] => format!(" {one}"),
        _ => String::new(),
    };
    let label = look.paint(Tone::Loud, "interrupted:");
    let status = command(format_args!("status{of}"));
    look.wrap(&format!("{label} {what}; {status} shows how far it is"), 2) + "\n"
}

/// Counts the results: `18 started, 1 already running, 1 failed`.
pub(super) fn summary(verb: Verb, results: &[VerbResult]) -> String {
    let (done, already) = match verb {
        Verb::Start => ("started", "already running"),
        Verb::Stop => ("stopped", "already stopped"),
        Verb::Restart => ("restarted", "unchanged"),
    };
    let count = |holds: &dyn Fn(&VerbResult) -> bool| results.iter().filter(|one| holds(one)).count();
    let is_left = |one: &VerbResult| {
        verb != Verb::Start && !one.changed && one.state.as_ref().is_some_and(InstanceState::is_alive)
    };
    let counts = [
        (count(&|one| one.ok() && one.changed), done),
        (count(&|one| one.ok() && !one.changed && !is_left(one)), already),
        (count(&|one| one.ok() && is_left(one)), "not changed"),
        (count(&|one| !one.ok()), "failed"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    parts.join(", ")
}
