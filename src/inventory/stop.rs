//! The `stop` chain.

use super::check::{Check, short};
use super::fields::Section;
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
    for entry in entries.iter().filter(|entry| !entry.void) {
        match entry.key.as_ref() {
            "stdin" => actions.push((entry.at, stdin(check, &entry.value))),
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
        let unknown = entries.iter().any(|entry| !matches!(entry.key.as_ref(), "wait"));
        if !unknown {
            check
                .problem(node.span, "this step of `stop` does nothing")
                .hint("give it `signal: NAME` or `stdin: TEXT`");
        }
        return None;
    };
    Some(StopStep {
        action: action?,
        wait: wait?,
    })
}

fn stdin(check: &mut Check, node: &Node) -> Option<StopAction> {
    let line = check.word("`stdin`", "a line of text", node)?;
    if line.contains(['\n', '\r']) {
        check
            .problem(node.span, "`stdin` must be a single line")
            .hint("make each line a step of its own");
        return None;
    }
    Some(StopAction::Stdin(line.into_owned()))
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
