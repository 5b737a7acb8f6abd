//! The section `warn`, and the line `broadcast`.

use std::time::Duration;

use super::collector::Collector;
use crate::inventory::model::warn::{Broadcast, Warning};
use crate::inventory::report::keys;
use crate::inventory::text::node::Node;

/// The longest text to players, in characters: chats cut what is longer.
const TEXT_MAX: usize = 200;

/// The shortest and the longest time before the end.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<Warning> {
    let mut warn = check.section(what, &keys::WARN, node);
    let usual = Warning::default();
    Some(Warning {
        at: warn.get("at", times).unwrap_or(usual.at),
        say: warn.get("say", text).unwrap_or(usual.say),
        cancelled: warn.get("cancelled", text).unwrap_or(usual.cancelled),
    })
}

fn times(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<Duration>> {
    let items = check.list(what, "a list of durations", node)?;
    if items.is_empty() {
        check
            .problem(node.span, format!("{what} is empty"))
            .hint("leave `warn` out where nobody is to be warned; else such as `at: [5m, 1m]`");
        return None;
    }
    let mut times: Vec<Duration> = items.iter().filter_map(|item| time(check, what, item)).collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    times.dedup();
    Some(times)
}

fn time(check: &mut Collector, what: &str, node: &Node) -> Option<Duration> {
    let time = check.duration(&format!("a time of {what}"), node)?;
    if !(SHORTEST..=LONGEST).contains(&time) {
        check.problem(node.span, format!("a time of {what} must be from 1s to 24h"));
        return None;
    }
    Some(time)
}

/// Reads a text to players.
fn text(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let text = check.line(what, node)?;
    let wrong = if text.trim().is_empty() {
        "is empty".to_owned()
    } else if text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        "must be a single line, without control characters".to_owned()
    } else if text.chars().count() > TEXT_MAX {
        format!("must not be longer than {TEXT_MAX} characters")
    } else {
        return Some(text);
    };
    check.problem(node.span, format!("{what} {wrong}"));
    None
}

pub(super) fn broadcast(check: &mut Collector, what: &str, node: &Node) -> Option<Broadcast> {
    let line = check.line(what, node)?;
    let broadcast = Broadcast::new(line);
    if broadcast.is_none() {
        check
            .problem(
                node.span,
                format!("{what} has no `{{message}}`, the place of what is said"),
            )
            .hint("such as `broadcast: 'say {message}'`");
    }
    broadcast
}
