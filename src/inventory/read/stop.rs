//! The `stop` chain.

use super::collector::Collector;
use super::http;
use super::section::written;
use super::signal::signal;
use crate::inventory::model::channels::ChannelKind;
use crate::inventory::model::http::HttpMethod;
use crate::inventory::model::stop::{DEFAULT_STEP_WAIT, StopAction, StopStep};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node, Shape, find};

/// The keys of a step that do nothing by themselves.
const MODIFIERS: [&str; 2] = ["wait", "expect"];

pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<StopStep>> {
    let items = check.list(what, "a list of steps", node)?;
    Some(items.iter().filter_map(|item| step(check, item)).collect())
}

fn step(check: &mut Collector, node: &Node) -> Option<StopStep> {
    let Shape::Map(map) = &node.shape else {
        let message = format!("a step of `stop` must be a mapping, but this is {}", node.kind());
        check
            .problem(node.span, message)
            .hint("such as `{ signal: TERM, wait: 60s }` or `{ stdin: quit }`");
        return None;
    };
    let mut fields = check.section("a step of `stop`", &keys::STEP, node);
    let is_action = |entry: &&Entry| !MODIFIERS.contains(&&*entry.key) && keys::STEP.key(&entry.key).is_some();
    let mut actions = map.entries.iter().filter(is_action);
    let (first, second) = (actions.next(), actions.next());
    let wait = fields.get("wait", Collector::duration);
    let expect = fields.get("expect", text);
    let action = first.and_then(|entry| action(check, entry));
    if let (Some(first), Some(second)) = (first, second) {
        check
            .problem(second.at, "a step of `stop` does one thing, but this does two")
            .hint("make it two steps; give the first `wait: 0s` if the second is to follow at once")
            .related(first.at, "the other one");
        return None;
    }
    let mut all = map.entries.iter().chain(&map.unusable);
    // A key that is unknown was to be the action, and was noted.
    if all.all(|entry| MODIFIERS.contains(&&*entry.key)) {
        check
            .problem(node.span, "this step of `stop` does nothing")
            .hint("give it `signal: NAME` or `stdin: TEXT`");
    }
    let action = action?;
    if let (Some(entry), None) = (find(&map.entries, "expect"), action.channel()) {
        check
            .problem(entry.at, "`expect` needs a step with a reply")
            .hint("that is `rcon`, or another channel over the network");
    }
    let wait = wait.unwrap_or(DEFAULT_STEP_WAIT);
    Some(StopStep { action, wait, expect })
}

fn action(check: &mut Collector, entry: &Entry) -> Option<StopAction> {
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

fn text(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let line = check.line(what, node)?;
    if line.is_empty() {
        check.problem(node.span, format!("{what} is empty"));
        return None;
    }
    Some(line)
}
