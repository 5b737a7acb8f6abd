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

pub(super) fn times(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<Duration>> {
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
pub(super) fn text(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use crate::inventory::{Inventory, Problems, parse};
    use std::time::Duration;

    fn read(text: &str) -> Result<Inventory, Problems> {
        parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None)
    }

    #[test]
    fn mistakes_have_their_places() {
        let long = format!("warn: {{say: {}}}", "x".repeat(201));
        for (keys, wanted) in [
            ("warn: 15m", "1:23 `warn` must be a mapping"),
            ("warn: {at: 15m}", "1:28 `at` must be a list of durations"),
            ("warn: {at: []}", "1:28 `at` is empty"),
            ("warn: {at: [5m, soon]}", "1:33 a time of `at` is not a duration"),
            ("warn: {at: [500ms]}", "1:29 a time of `at` must be from 1s to 24h"),
            ("warn: {say: ''}", "1:30 `say` is empty"),
            ("warn: {say: \"a\\u001bb\"}", "1:29 `say` must be a single line"),
            ("warn: {cancelled: \"a\\nb\"}", "1:35 `cancelled` must be a single line"),
            (&long, "1:29 `say` must not be longer than 200 characters"),
            ("warn: {when: [5m]}", "1:24 unknown key `when` in `warn`"),
            ("broadcast: say hello", "1:28 `broadcast` has no `{message}`"),
        ] {
            let text = format!("instances: {{a: {{{keys}}}}}");
            let found = read(&text).expect_err(keys).told();
            assert!(found.iter().any(|one| one.starts_with(wanted)), "{keys}: {found:?}");
        }
    }

    #[test]
    fn defaults_are_merged_key_by_key() {
        let text = "defaults: {warn: {at: [1m, 2h, 1m], say: a}, broadcast: 'x {message}'}\n\
                    instances: {a: {}, b: {warn: {say: b}}}";
        let instances = read(text).unwrap().instances;
        let warning = |at: usize| instances[at].warn.clone().unwrap();
        assert_eq!(warning(0).at, [7200, 60].map(Duration::from_secs));
        assert_eq!((warning(0).say.as_str(), warning(1).say.as_str()), ("a", "b"));
        assert_eq!(warning(1).at, warning(0).at);
        assert_eq!(warning(1).cancelled, "{what} cancelled");
        assert_eq!(instances[1].broadcast.as_ref().unwrap().line("hi"), "x hi");
    }
}
