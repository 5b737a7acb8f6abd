//! What `defaults` and every instance can say, and how the one is merged
//! under the other.

use super::channels::ChannelKind;
use super::check::Check;
use super::model::{Instance, Plane, StopAction, StopStep, default_stop_chain};
use super::node::{Entry, Node, Span};
use super::ready::{self, RawReady};
use super::remote::{self, RawChannels};
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
    channels: RawChannels,
    restart: RawRestart,
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
            "rcon" => remote::read(check, &mut common.channels, ChannelKind::Rcon, value),
            "webrcon" => remote::read(check, &mut common.channels, ChannelKind::Webrcon, value),
            "telnet" => remote::read(check, &mut common.channels, ChannelKind::Telnet, value),
            "admin" => remote::admin(check, &mut common.channels, value),
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
            channels: self.channels.over(&below.channels),
            restart: self.restart.over(&below.restart),
        }
    }

    /// How many values inheriting these may copy.
    pub(super) fn weight(&self) -> usize {
        let tags = self.tags.iter().flatten().map(|tag| weight(tag));
        let stop = self.stop.iter().flatten().map(|step| match &step.action {
            StopAction::Stdin(line) | StopAction::Remote(_, line) => weight(line),
            StopAction::Exec(argv) => argv.iter().map(|word| weight(word)).sum(),
            StopAction::Signal(_) => 1,
        });
        let rest = self.ready.weight() + self.channels.weight() + self.restart.weight();
        tags.sum::<usize>() + stop.sum::<usize>() + rest
    }

    /// The instance with nothing left open.
    pub(super) fn finish(self, check: &mut Check, id: String, plane: Plane, at: Span) -> Instance {
        let steps = self.stop.iter().flatten();
        let needed: Vec<ChannelKind> = steps.filter_map(|step| step.action.channel()).collect();
        Instance {
            id,
            tags: self.tags.unwrap_or_default(),
            autostart: self.autostart.unwrap_or(true),
            plane,
            ready: self.ready.finish(),
            stop: self.stop.unwrap_or_else(default_stop_chain),
            channels: self.channels.finish(check, &needed, at),
            restart: self.restart.finish(check),
        }
    }
}
