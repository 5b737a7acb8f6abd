//! The `on_event` list.

use std::time::Duration;

use super::check::Check;
use super::fields::Section;
use super::model::{Alarm, Hook};
use super::nearest::nearest;
use super::node::{Node, Shape};
use super::value::weight;

/// How long a hook may take where it does not say.
const USUAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the list.
pub(super) fn read(check: &mut Check, node: &Node) -> Option<Vec<Hook>> {
    if let Shape::Map(_) = &node.shape {
        check
            .problem(node.span, "`on_event` must be a list of hooks, but this is a mapping")
            .hint("put a `- ` before the hook");
        return None;
    }
    let items = check.list("`on_event`", "a list of hooks", node)?;
    Some(items.iter().filter_map(|item| hook(check, item)).collect())
}

/// How many values a hook counts for.
pub(super) fn weigh(hook: &Hook) -> usize {
    let words = hook.command.iter().map(|word| weight(&word.to_string_lossy()));
    words.sum::<usize>() + hook.events.len()
}

fn hook(check: &mut Check, node: &Node) -> Option<Hook> {
    let entries = check.mapping("a hook of `on_event`", "a mapping with `command`", node);
    check.known_keys(entries, Section::Hook);
    let mut command = None;
    let mut events = Some(Alarm::ALL.to_vec());
    let mut timeout = Some(USUAL_TIMEOUT);
    let mut given = false;
    for entry in entries.iter().filter(|entry| !entry.void) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "command" => {
                given = true;
                command = check.texts("`command`", value);
                if command.as_ref().is_some_and(Vec::is_empty) {
                    check
                        .problem(value.span, "`command` is empty")
                        .hint("it is a list: the program, then its arguments");
                    command = None;
                }
            }
            "events" => events = alarms(check, value),
            "timeout" => timeout = check.time("`timeout`", value),
            _ => {}
        }
    }
    if !given && matches!(node.shape, Shape::Map(_)) {
        check
            .problem(node.span, "this hook has no `command`")
            .hint("such as `command: [/usr/local/bin/tell, me]`");
    }
    Some(Hook {
        command: command?,
        events: events?,
        timeout: timeout?,
        cwd: check.folder.to_path_buf(),
    })
}

fn alarms(check: &mut Check, node: &Node) -> Option<Vec<Alarm>> {
    let items = check.list("`events`", "a list of events", node)?;
    let mut alarms = Vec::new();
    for item in items {
        let word = check.word("an event", "the name of an event", item)?;
        match Alarm::ALL.into_iter().find(|alarm| alarm.as_str() == word) {
            Some(alarm) if !alarms.contains(&alarm) => alarms.push(alarm),
            Some(_) => {}
            None => {
                let names = Alarm::ALL.map(Alarm::as_str);
                let hint = match nearest(&word, names) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("there are {}", names.join(", ")),
                };
                check.problem(item.span, "there is no such event").hint(hint);
            }
        }
    }
    Some(alarms)
}
