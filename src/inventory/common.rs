//! What `defaults` and every instance can say, and how the one is merged
//! under the other.

use super::check::Check;
use super::hook;
use super::model::{Hook, Instance, Plane, StopAction, StopStep, default_stop_chain};
use super::node::{Entry, Node};
use super::ready::{self, RawReady};
use super::restart::{self, RawRestart};
use super::stop;
use super::value::weight;

/// What was said; the rest is inherited.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Common {
    tags: Option<Vec<String>>,
    autostart: Option<bool>,
    ready: RawReady,
    stop: Option<Vec<StopStep>>,
    restart: RawRestart,
    on_event: Option<Vec<Hook>>,
}

/// Reads the keys that `defaults` and instances share.
pub(super) fn read(check: &mut Check, entries: &[Entry]) -> Common {
    let mut common = Common::default();
    for entry in entries.iter().filter(|entry| !entry.void) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "tags" => common.tags = tags(check, value),
            "autostart" => common.autostart = check.flag("`autostart`", value),
            "ready" => common.ready = ready::read(check, value),
            "stop" => common.stop = stop::read(check, value),
            "on_event" => common.on_event = hook::read(check, value),
            "restart" => common.restart = restart::read(check, value),
            _ => {}
        }
    }
    common
}

fn tags(check: &mut Check, node: &Node) -> Option<Vec<String>> {
    let tags = check.words("`tags`", node)?;
    let odd = |tag: &String| tag.is_empty() || tag.contains(|c: char| c.is_whitespace() || c.is_control());
    if tags.iter().any(odd) {
        check.problem(
            node.span,
            "a tag cannot be empty, nor contain spaces or control characters",
        );
        return None;
    }
    let mut seen = std::collections::HashSet::new();
    Some(tags.iter().filter(|tag| seen.insert(tag.as_str())).cloned().collect())
}

impl Common {
    /// These settings, and where they are silent, those: mappings are merged
    /// key by key, lists and single values replaced.
    pub(super) fn over(self, below: &Self) -> Self {
        Self {
            tags: self.tags.or_else(|| below.tags.clone()),
            autostart: self.autostart.or(below.autostart),
            ready: self.ready.over(&below.ready),
            stop: self.stop.or_else(|| below.stop.clone()),
            restart: self.restart.over(&below.restart),
            on_event: self.on_event.or_else(|| below.on_event.clone()),
        }
    }

    /// How many values inheriting these may copy.
    pub(super) fn weight(&self) -> usize {
        let tags = self.tags.iter().flatten().map(|tag| weight(tag));
        let stop = self.stop.iter().flatten().map(|step| match &step.action {
            StopAction::Stdin(line) => weight(line),
            StopAction::Signal(_) => 1,
        });
        let hooks = self.on_event.iter().flatten().map(hook::weigh).sum::<usize>();
        hooks + tags.sum::<usize>() + stop.sum::<usize>() + self.ready.weight() + self.restart.weight()
    }

    /// The instance with nothing left open.
    pub(super) fn finish(self, check: &mut Check, id: String, plane: Plane) -> Instance {
        Instance {
            id,
            tags: self.tags.unwrap_or_default(),
            autostart: self.autostart.unwrap_or(true),
            plane,
            ready: self.ready.finish(),
            stop: self.stop.unwrap_or_else(default_stop_chain),
            restart: self.restart.finish(check),
            on_event: self.on_event.unwrap_or_default(),
        }
    }
}
