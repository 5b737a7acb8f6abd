//! The `stop` chain.

use super::channels::ChannelKind;
use super::check::{Check, short};
use super::fields::Section;
use super::http;
use super::model::{DEFAULT_STEP_WAIT, StopAction, StopStep};
use super::node::{Node, Shape};
use super::signal::signal;

/// Reads the chain.
pub(super) fn read(check: &mut Check, node: &Node) -> Option<Vec<StopStep>> {
    if let Shape::Map(_) = &node.shape {
        check
            .problem(node.span, "`stop` must be a list of steps, but this is a mapping")
            .hint("put a `- ` before the step");
        return None;
    }
    let items = check.list("`stop`", "a list of steps", node)?;
    let mut steps = Vec::with_capacity(items.len());
    for item in items {
        steps.extend(step(check, item));
    }
    Some(steps)
}

fn step(check: &mut Check, node: &Node) -> Option<StopStep> {
    let Shape::Map(entries) = &node.shape else {
        check
            .problem(
                node.span,
                format!("a step of `stop` must be a mapping, but this is {}", node.kind()),
            )
            .hint("such as `{ signal: TERM, wait: 60s }` or `{ stdin: quit }`");
        return None;
    };
    check.known_keys(entries, Section::Step);
    let mut actions = Vec::new();
    let mut wait = Some(DEFAULT_STEP_WAIT);
    let mut expect = None;
    for entry in entries.iter().filter(|entry| !entry.void) {
        match entry.key.as_ref() {
            "stdin" => actions.push((entry.at, stdin(check, &entry.value))),
            "rcon" | "webrcon" | "telnet" => actions.push((entry.at, remote(check, &entry.key, &entry.value))),
            "exec" => actions.push((entry.at, exec(check, &entry.value))),
            "http" => {
                let request = http::read(check, "POST", &entry.value);
                actions.push((entry.at, request.map(Box::new).map(StopAction::Http)));
            }
            "expect" => expect = Some((entry.at, text(check, "`expect`", &entry.value))),
            "signal" => actions.push((entry.at, signal_step(check, &entry.value))),
            "wait" => wait = check.time("`wait`", &entry.value),
            _ => {}
        }
    }
    if let [(first, _), (second, _), ..] = actions.as_slice() {
        let (first, second) = (*first, *second);
        check
            .problem(second, "a step of `stop` does one thing, but this does two")
            .hint("make it two steps; give the first `wait: 0s` if the second is to follow at once")
            .related(first, "the other one");
        return None;
    }
    let Some((_, action)) = actions.pop() else {
        let unknown = entries
            .iter()
            .any(|entry| !matches!(entry.key.as_ref(), "wait" | "expect"));
        if !unknown {
            check
                .problem(node.span, "this step of `stop` does nothing")
                .hint("give it `signal: NAME` or `stdin: TEXT`");
        }
        return None;
    };
    let (action, wait) = (action?, wait?);
    if let (Some((at, _)), StopAction::Stdin(_) | StopAction::Signal(_) | StopAction::Exec(_) | StopAction::Http(_)) =
        (&expect, &action)
    {
        check
            .problem(*at, "`expect` needs a step with a reply")
            .hint("that is `rcon`, `webrcon` and `telnet`");
        return None;
    }
    let expect = match expect {
        Some((_, text)) => Some(text?),
        None => None,
    };
    Some(StopStep { action, wait, expect })
}

fn stdin(check: &mut Check, node: &Node) -> Option<StopAction> {
    line(check, "`stdin`", node).map(StopAction::Stdin)
}

pub(super) fn line(check: &mut Check, what: &str, node: &Node) -> Option<String> {
    let line = check.word(what, "a line of text", node)?;
    if line.contains(['\n', '\r']) {
        check
            .problem(node.span, format!("{what} must be a single line"))
            .hint("make each line a step of its own");
        return None;
    }
    Some(line.into_owned())
}

fn text(check: &mut Check, what: &str, node: &Node) -> Option<String> {
    let line = line(check, what, node)?;
    if line.is_empty() {
        check.problem(node.span, format!("{what} is empty"));
        return None;
    }
    Some(line)
}

fn remote(check: &mut Check, kind: &str, node: &Node) -> Option<StopAction> {
    let line = text(check, &format!("`{kind}`"), node)?;
    Some(StopAction::Remote(ChannelKind::of_name(kind)?, line))
}

fn exec(check: &mut Check, node: &Node) -> Option<StopAction> {
    check.command("`exec`", node).map(StopAction::Exec)
}

fn signal_step(check: &mut Check, node: &Node) -> Option<StopAction> {
    let name = check.word("`signal`", "a signal's name", node)?;
    match signal(&name) {
        Ok(signal) => Some(StopAction::Signal(signal)),
        Err(hint) => {
            // What a variable held is not repeated.
            let message = match &node.shape {
                Shape::Scalar(scalar) => format!("there is no signal `{}`", short(&scalar.text)),
                _ => "there is no such signal".to_owned(),
            };
            check.problem(node.span, message).hint(hint);
            None
        }
    }
}
