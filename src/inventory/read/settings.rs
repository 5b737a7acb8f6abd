//! The settings of an instance that do not depend on its plane.

use super::collector::Collector;
use super::{channels, healthy, hook, ports, ready, restart, stop};
use crate::games::Preset;
use crate::inventory::model::instance::{Instance, Plane};
use crate::inventory::model::stop::default_stop_chain;
use crate::inventory::text::node::{Entry, Node, Span};

/// An instance as far as it is known before its settings are read.
pub(super) struct Outline {
    pub(super) id: String,
    pub(super) game: Option<&'static Preset>,
    pub(super) plane: Plane,
    /// The place where a person would add what is missing.
    pub(super) at: Span,
}

/// Reads the settings. `is_given` tells the sections of channels that the file
/// has from those that only a preset has.
pub(super) fn read(
    check: &mut Collector,
    outline: Outline,
    entries: &[Entry],
    is_given: &dyn Fn(&str) -> bool,
) -> Instance {
    let stop = check
        .get(entries, "stop", stop::read)
        .unwrap_or_else(default_stop_chain);
    let mut needed: Vec<_> = stop.iter().filter_map(|step| step.action.channel()).collect();
    needed.extend(ready::channel(check, entries, "ready"));
    needed.extend(ready::channel(check, entries, "healthy"));
    let channels = channels::read(check, entries, &needed, is_given, outline.at);
    Instance {
        id: outline.id,
        game: outline.game.map(|preset| preset.name),
        ports: check.get(entries, "ports", ports::read).unwrap_or_default(),
        broadcast: check.get(entries, "broadcast", Collector::line),
        players: check.get(entries, "players", Collector::line),
        tags: check.get(entries, "tags", tags).unwrap_or_default(),
        autostart: check.get(entries, "autostart", Collector::flag).unwrap_or(true),
        plane: outline.plane,
        ready: ready::read(check, entries, &channels),
        healthy: healthy::read(check, entries, &channels),
        stop,
        channels,
        restart: restart::read(check, entries),
        on_event: check.get(entries, "on_event", hook::read).unwrap_or_default(),
    }
}

fn tags(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<String>> {
    let mut tags = check.words(what, node)?;
    let odd = |tag: &String| tag.is_empty() || tag.contains(|c: char| c.is_whitespace() || c.is_control());
    if tags.iter().any(odd) {
        check.problem(
            node.span,
            "a tag cannot be empty, nor contain spaces or control characters",
        );
        return None;
    }
    let mut seen = std::collections::HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    Some(tags)
}
