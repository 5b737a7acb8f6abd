//! The `on_event` list.

use std::ffi::OsString;
use std::time::Duration;

use super::collector::Collector;
use super::section::Fields;
use crate::inventory::model::hook::{Alarm, Hook};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Node, Shape};

/// The limit of a hook that names none.
const USUAL_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<Hook>> {
    let items = check.list(what, "a list of hooks", node)?;
    Some(items.iter().filter_map(|item| hook(check, item)).collect())
}

fn hook(check: &mut Collector, node: &Node) -> Option<Hook> {
    let mut hook = check.section("a hook of `on_event`", &keys::HOOK, node);
    let command = command(&mut hook, node, "this hook has no `command`");
    Some(Hook {
        command: command?,
        events: hook
            .choices("events", "an event")
            .unwrap_or_else(|| Alarm::ALL.to_vec()),
        timeout: hook.get("timeout", Collector::duration).unwrap_or(USUAL_TIMEOUT),
        cwd: hook.check.folder().to_owned(),
    })
}

/// Reads the `command` of a section, which must have one.
pub(super) fn command(section: &mut Fields, node: &Node, missing: &str) -> Option<Vec<OsString>> {
    let command = section.get("command", |check, what, node| {
        let command = check.texts(what, node);
        if command.as_ref().is_some_and(Vec::is_empty) {
            check
                .problem(node.span, "`command` is empty")
                .hint("it is a list: the program, then its arguments");
        }
        let program = command.as_ref().and_then(|command| command.first());
        check.program_there(what, program.map(OsString::as_os_str), node);
        command
    });
    if matches!(node.shape, Shape::Map(_)) {
        let hint = "such as `command: [/usr/local/bin/tell, me]`";
        section.require("command", node.span, missing, hint);
    }
    command
}
