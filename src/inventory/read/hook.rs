//! The `on_event` list.

use std::time::Duration;

use super::collector::Collector;
use super::section::did_you_mean;
use crate::inventory::model::hook::{Alarm, Hook};
use crate::inventory::report::keys;
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::{Node, Shape};

/// The limit of a hook that names none.
const USUAL_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<Hook>> {
    if let Shape::Map(_) = &node.shape {
        check
            .problem(node.span, "`on_event` must be a list of hooks, but this is a mapping")
            .hint("put a `- ` before the hook");
        return None;
    }
    let items = check.list(what, "a list of hooks", node)?;
    Some(items.iter().filter_map(|item| hook(check, item)).collect())
}

fn hook(check: &mut Collector, node: &Node) -> Option<Hook> {
    let entries = check.mapping("a hook of `on_event`", "a mapping with `command`", node);
    check.known_keys(&keys::HOOK, entries);
    let command = check.get(entries, "command", |check, what, node| {
        let command = check.texts(what, node);
        if command.as_ref().is_some_and(Vec::is_empty) {
            check
                .problem(node.span, "`command` is empty")
                .hint("it is a list: the program, then its arguments");
        }
        command
    });
    if matches!(node.shape, Shape::Map(_)) && entries.iter().all(|entry| entry.key != "command") {
        check
            .problem(node.span, "this hook has no `command`")
            .hint("such as `command: [/usr/local/bin/tell, me]`");
    }
    Some(Hook {
        command: command?,
        events: check
            .get(entries, "events", alarms)
            .unwrap_or_else(|| Alarm::ALL.to_vec()),
        timeout: check
            .get(entries, "timeout", Collector::duration)
            .unwrap_or(USUAL_TIMEOUT),
        cwd: check.folder().to_owned(),
    })
}

fn alarms(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<Alarm>> {
    let items = check.list(what, "a list of events", node)?;
    let mut alarms = Vec::new();
    for item in items {
        let word = check.word("an event", "the name of an event", item)?;
        match Alarm::ALL.into_iter().find(|alarm| alarm.as_str() == word) {
            Some(alarm) if !alarms.contains(&alarm) => alarms.push(alarm),
            Some(_) => {}
            None => {
                let names = Alarm::ALL.map(Alarm::as_str);
                let hint = did_you_mean(nearest(&word, names), format!("there are {}", names.join(", ")));
                check.problem(item.span, "there is no such event").hint(hint);
            }
        }
    }
    Some(alarms)
}
