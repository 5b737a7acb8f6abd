//! What `defaults` and every instance can say, and how the one is merged
//! under the other.

use super::channels::ChannelKind;
use super::check::Check;
use super::game::{self, RawPorts};
use super::healthy::{self, RawHealthy};
use super::hook::{self, Hook};
use super::model::{Instance, Plane, StopAction, StopStep, default_stop_chain};
use super::node::{Entry, Node, Span};
use super::ready::{self, RawReady};
use super::remote::{self, RawChannels};
use super::restart::{self, RawRestart};
use super::stop;
use super::value::weight;
use crate::games::Preset;

/// What was said; the rest is inherited.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Common {
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

/// Reads the keys that `defaults` and instances share.
pub(super) fn read(check: &mut Check, entries: &[Entry]) -> Common {
    let mut common = Common::default();
    for entry in entries.iter().filter(|entry| !entry.void) {
        common.take(check, entry);
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
    /// Reads one of the keys, where it is one of these. Most instances have few of
    /// them, so what reads them all is not part of anything else.
    #[inline(never)]
    fn take(&mut self, check: &mut Check, entry: &Entry) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "game" => self.game = game::read(check, value),
            "ports" => self.ports = game::ports(check, value),
            "broadcast" => self.broadcast = stop::line(check, "`broadcast`", value),
            "players" => self.players = stop::line(check, "`players`", value),
            "tags" => self.tags = tags(check, value),
            "autostart" => self.autostart = check.flag("`autostart`", value),
            "ready" => self.ready = ready::read(check, value),
            "healthy" => self.healthy = healthy::read(check, value),
            "stop" => self.stop = stop::read(check, value),
            "on_event" => self.on_event = hook::read(check, value),
            "rcon" => remote::read(check, &mut self.channels, ChannelKind::Rcon, value),
            "webrcon" => remote::read(check, &mut self.channels, ChannelKind::Webrcon, value),
            "telnet" => remote::read(check, &mut self.channels, ChannelKind::Telnet, value),
            "admin" => remote::admin(check, &mut self.channels, value),
            "restart" => self.restart = restart::read(check, value),
            _ => {}
        }
    }

    /// These settings, and where they are silent, those: mappings are merged
    /// key by key, lists and single values replaced.
    pub(super) fn over(self, below: &Self) -> Self {
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

    /// The game, where one is named.
    pub(super) fn game(&self) -> Option<&'static Preset> {
        self.game
    }

    /// The same as said by a preset: its passwords are examples, and channels
    /// that it knows of need not be complete.
    pub(super) fn of_preset(mut self) -> Self {
        self.channels = self.channels.of_preset();
        self
    }

    /// How many values inheriting these may copy.
    pub(super) fn weight(&self) -> usize {
        let tags = self.tags.iter().flatten().map(|tag| weight(tag));
        let stop = self.stop.iter().flatten().map(|step| match &step.action {
            StopAction::Stdin(line) | StopAction::Remote(_, line) => weight(line),
            StopAction::Exec(argv) => argv.iter().map(|word| weight(word)).sum(),
            StopAction::Http(request) => weight(&request.path) + weight(&request.body),
            StopAction::Signal(_) => 1,
        });
        let hooks = self.on_event.iter().flatten().map(hook::weigh).sum::<usize>();
        let rest = self.ready.weight() + self.healthy.weight();
        let rest = rest + self.channels.weight() + self.restart.weight();
        let texts = [&self.broadcast, &self.players].into_iter().flatten();
        let rest = rest + self.ports.len() + texts.map(|text| weight(text)).sum::<usize>();
        hooks + tags.sum::<usize>() + stop.sum::<usize>() + rest
    }

    /// The instance with nothing left open.
    pub(super) fn finish(self, check: &mut Check, id: String, plane: Plane, at: Span) -> Instance {
        let steps = self.stop.iter().flatten();
        let steps = steps.filter_map(|step| step.action.channel());
        let needed: Vec<ChannelKind> = steps
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
