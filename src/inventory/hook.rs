//! The `on_event` list: what is run when something happens.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::check::Check;
use super::fields::Section;
use super::nearest::nearest;
use super::node::{Node, Shape};
use super::value::weight;

/// A command to be run when something happens.
#[derive(Clone, PartialEq)]
pub struct Hook {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<OsString>,
    /// At which events.
    pub events: Vec<Alarm>,
    /// How long it may take.
    pub timeout: Duration,
    /// Where it runs: the inventory's folder.
    pub cwd: PathBuf,
}

impl fmt::Debug for Hook {
    // The arguments may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("program", &self.command.first())
            .field("events", &self.events)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Something that a hook can be run at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// It ended although nobody asked it to.
    Crashed,
    /// It was started again after that.
    Restarted,
    /// It is not started again: it crashed too often, or its configuration is
    /// wrong.
    GaveUp,
    /// After a crash, it has been ready for long enough to be called healthy.
    Recovered,
    /// It has become ready.
    Started,
    /// It was stopped on purpose.
    Stopped,
}

impl Alarm {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Crashed,
        Self::Restarted,
        Self::GaveUp,
        Self::Recovered,
        Self::Started,
        Self::Stopped,
    ];

    /// Its name in the inventory.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::Restarted => "restarted",
            Self::GaveUp => "gave_up",
            Self::Recovered => "recovered",
            Self::Started => "started",
            Self::Stopped => "stopped",
        }
    }
}

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
