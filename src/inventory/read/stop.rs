//! The `stop` chain.

use super::check::Check;
use super::http;
use super::section::written;
use super::signal::signal;
use crate::inventory::model::channels::ChannelKind;
use crate::inventory::model::probe::HttpMethod;
use crate::inventory::model::stop::{DEFAULT_STEP_WAIT, StopAction, StopStep};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Mapping, Node, Shape, Span};

pub(crate) fn read(check: &mut Check, node: &Node) -> Option<Vec<StopStep>> {
    if let Shape::Map(_) = &node.shape {
        check
            .problem(node.span, "`stop` must be a list of steps, but this is a mapping")
            .hint("put a `- ` before the step");
        return None;
    }
    let items = check.list("`stop`", "a list of steps", node)?;
    Some(items.iter().filter_map(|item| step(check, item)).collect())
}

fn step(check: &mut Check, node: &Node) -> Option<StopStep> {
    let Shape::Map(map) = &node.shape else {
        let message = format!("a step of `stop` must be a mapping, but this is {}", node.kind());
        check
            .problem(node.span, message)
            .hint("such as `{ signal: TERM, wait: 60s }` or `{ stdin: quit }`");
        return None;
    };
    check.section("a step of `stop`", &keys::STEP, node);
    let mut actions = Vec::new();
    let mut wait = Some(DEFAULT_STEP_WAIT);
    let mut expect = None;
    for entry in &map.entries {
        match entry.key.as_ref() {
            "expect" => expect = Some((entry.at, text(check, "`expect`", &entry.value))),
            "wait" => wait = check.duration("`wait`", &entry.value),
            key if keys::STEP.key(key).is_some() => actions.push((entry.at, action(check, entry))),
            _ => {}
        }
    }
    let (_, action) = the_one(check, actions, map, node.span)?;
    let (action, wait) = (action?, wait?);
    let Some((expect_at, expect)) = expect else {
        return Some(StopStep {
            action,
            wait,
            expect: None,
        });
    };
    if action.channel().is_none() {
        check
            .problem(expect_at, "`expect` needs a step with a reply")
            .hint("that is `rcon`, `webrcon` and `telnet`");
        return None;
    }
    let expect = Some(expect?);
    Some(StopStep { action, wait, expect })
}

/// An action with the place of its key; `None` where it is wrong.
type Placed = (Span, Option<StopAction>);

/// Returns the only action of a step.
fn the_one(check: &mut Check, mut actions: Vec<Placed>, map: &Mapping, at: Span) -> Option<Placed> {
    if let [(first, _), (second, _), ..] = actions.as_slice() {
        check
            .problem(*second, "a step of `stop` does one thing, but this does two")
            .hint("make it two steps; give the first `wait: 0s` if the second is to follow at once")
            .related(*first, "the other one");
        return None;
    }
    let mut all = map.entries.iter().chain(&map.unusable);
    // A key that is unknown was to be the action, and was noted.
    if actions.is_empty() && all.all(|entry| matches!(entry.key.as_ref(), "wait" | "expect")) {
        check
            .problem(at, "this step of `stop` does nothing")
            .hint("give it `signal: NAME` or `stdin: TEXT`");
    }
    actions.pop()
}

fn action(check: &mut Check, entry: &Entry) -> Option<StopAction> {
    let node = &entry.value;
    match entry.key.as_ref() {
        "stdin" => check.line("`stdin`", node).map(StopAction::Stdin),
        "exec" => check.command("`exec`", node).map(StopAction::Exec),
        "http" => {
            let request = http::read(check, HttpMethod::Post, node)?;
            Some(StopAction::Http(Box::new(request)))
        }
        "signal" => {
            let name = check.word("`signal`", "a signal's name", node)?;
            let signal = signal(&name).map_err(|hint| {
                let message = format!("there is no signal{}", written(node));
                check.problem(node.span, message).hint(hint);
            });
            signal.ok().map(StopAction::Signal)
        }
        channel => {
            let line = text(check, &format!("`{channel}`"), node)?;
            Some(StopAction::Remote(ChannelKind::of_name(channel)?, line))
        }
    }
}

fn text(check: &mut Check, what: &str, node: &Node) -> Option<String> {
    let line = check.line(what, node)?;
    if line.is_empty() {
        check.problem(node.span, format!("{what} is empty"));
        return None;
    }
    Some(line)
}
