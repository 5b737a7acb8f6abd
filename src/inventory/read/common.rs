//! What `defaults`, presets and every instance can say, and how the one is
//! merged under the other.

use super::channels::RawChannels;
use super::check::Check;
use super::healthy::{self, RawHealthy};
use super::ports::RawPorts;
use super::ready::{self, RawReady};
use super::restart::{self, RawRestart};
use super::{game, hook, ports, stop};
use crate::games::Preset;
use crate::inventory::model::channels::ChannelKind;
use crate::inventory::model::hook::Hook;
use crate::inventory::model::instance::{Instance, Plane};
use crate::inventory::model::stop::{StopStep, default_stop_chain};
use crate::inventory::text::node::{Entry, Node, Span};

/// The settings that were given; the others are inherited.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Common {
    game: Option<&'static Preset>,
    ports: RawPorts,
    broadcast: Option<String>,
    players: Option<String>,
    tags: Option<Vec<String>>,
    autostart: Option<bool>,
    ready: RawReady,
    healthy: RawHealthy,
    stop: Option<Vec<StopStep>>,
    channels: RawChannels,
    restart: RawRestart,
    on_event: Option<Vec<Hook>>,
}

/// Reads the keys that `defaults` and instances share, and passes over others.
pub(crate) fn read(check: &mut Check, entries: &[Entry]) -> Common {
    let mut common = Common::default();
    for entry in entries {
        let value = &entry.value;
        match entry.key.as_ref() {
            "game" => common.game = game::read(check, value),
            "ports" => common.ports = ports::read(check, value),
            "broadcast" => common.broadcast = check.line("`broadcast`", value),
            "players" => common.players = check.line("`players`", value),
            "tags" => common.tags = tags(check, value),
            "autostart" => common.autostart = check.flag("`autostart`", value),
            "ready" => common.ready = ready::read(check, value),
            "healthy" => common.healthy = healthy::read(check, value),
            "stop" => common.stop = stop::read(check, value),
            "on_event" => common.on_event = hook::read(check, value),
            "restart" => common.restart = restart::read(check, value),
            key => common.channels.read(check, key, value),
        }
    }
    common
}

fn tags(check: &mut Check, node: &Node) -> Option<Vec<String>> {
    let mut tags = check.words("`tags`", node)?;
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

impl Common {
    /// Returns the game, where one is named.
    pub(crate) fn game(&self) -> Option<&'static Preset> {
        self.game
    }

    /// Returns these settings as those of a preset: its passwords are examples,
    /// and channels that it knows of need not be complete.
    pub(crate) fn of_preset(mut self) -> Self {
        self.channels = self.channels.of_preset();
        self
    }

    /// Returns these settings, and where they are silent, those below: mappings
    /// are merged key by key, lists and single values replaced.
    pub(crate) fn over(self, below: &Self) -> Self {
        let mut ports = below.ports.clone();
        ports.extend(self.ports);
        Self {
            game: self.game.or(below.game),
            ports,
            broadcast: self.broadcast.or_else(|| below.broadcast.clone()),
            players: self.players.or_else(|| below.players.clone()),
            tags: self.tags.or_else(|| below.tags.clone()),
            autostart: self.autostart.or(below.autostart),
            ready: self.ready.over(&below.ready),
            healthy: self.healthy.over(&below.healthy),
            stop: self.stop.or_else(|| below.stop.clone()),
            channels: self.channels.over(&below.channels),
            restart: self.restart.over(&below.restart),
            on_event: self.on_event.or_else(|| below.on_event.clone()),
        }
    }

    /// Returns the instance with nothing left open. What is missing is noted at
    /// `at`.
    pub(crate) fn finish(self, check: &mut Check, id: String, plane: Plane, at: Span) -> Instance {
        let steps = self.stop.iter().flatten();
        let needed: Vec<ChannelKind> = steps
            .filter_map(|step| step.action.channel())
            .chain(self.ready.channel())
            .chain(self.healthy.channel())
            .collect();
        let channels = self.channels.finish(check, &needed, at);
        Instance {
            id,
            game: self.game.map(|preset| preset.name),
            ports: self.ports.into_values().collect(),
            broadcast: self.broadcast,
            players: self.players,
            tags: self.tags.unwrap_or_default(),
            autostart: self.autostart.unwrap_or(true),
            plane,
            ready: self.ready.finish(&channels),
            healthy: self.healthy.finish(check, &channels),
            stop: self.stop.unwrap_or_else(default_stop_chain),
            channels,
            restart: self.restart.finish(check),
            on_event: self.on_event.unwrap_or_default(),
        }
    }
}
