//! The settings of an instance that do not depend on its plane.

use super::collector::Collector;
use super::section::Fields;
use super::{before_start, channels, healthy, hook, notify, players, ports, ready, restart, schedule, stop, warn};
use crate::games::Preset;
use crate::inventory::model::host::Hosted;
use crate::inventory::model::instance::{Instance, Plane};
use crate::inventory::model::probe::Probe;
use crate::inventory::model::stop::{StopStep, default_stop_chain};
use crate::inventory::text::node::{Node, Span};

/// An instance as far as it is known before its settings are read.
pub(super) struct Outline {
    pub(super) id: String,
    pub(super) game: Option<&'static Preset>,
    pub(super) plane: Plane,
    pub(super) hosted: Option<Box<Hosted>>,
    /// The place where a person would add what is missing.
    pub(super) at: Span,
    /// The place of its own section `healthy`.
    pub(super) healthy: Option<Span>,
}

/// Reads the settings. `is_given` tells the sections of channels that the file
/// has from those that only a preset has.
pub(super) fn read(outline: Outline, settings: &mut Fields, is_given: &dyn Fn(&str) -> bool) -> Instance {
    let stop = settings.get("stop", stop::read);
    let stop = stop.unwrap_or_else(|| match outline.plane {
        // These know how they are stopped.
        Plane::Systemd(_) | Plane::Podman(_) | Plane::Kubectl(_) | Plane::Amp(_) => Vec::new(),
        _ => default_stop_chain(),
    });
    // A preset's step over a channel that a game may do without is there with that channel.
    let is_left_out = |step: &StopStep| {
        let kind = step.action.channel().filter(|kind| kind.is_datagrams());
        kind.is_some_and(|kind| !is_given(kind.as_str()) && !is_given("stop"))
    };
    let stop: Vec<_> = stop.into_iter().filter(|step| !is_left_out(step)).collect();
    let mut needed: Vec<_> = stop.iter().filter_map(|step| step.action.channel()).collect();
    let login = channels::of_login(settings);
    for section in ["ready", "healthy"] {
        needed.extend(ready::needs_login(settings, section).then_some(login));
    }
    let channels = channels::read(settings, &needed, is_given, outline.at);
    let login = channels.get(login);
    let ports = settings.get("ports", ports::read).unwrap_or_default();
    let rule = players::read(settings, &ports, &channels, is_given("players"));
    let ready = ready::read(settings, login);
    let healthy = healthy::read(settings, login, outline.healthy);
    // A preset does not know better than a probe that was written down.
    let mut probes = ready
        .probes
        .iter()
        .chain(healthy.iter().flat_map(|healthy| &healthy.probes));
    let tells = !is_given("players") && probes.any(Probe::counts_players);
    let before_start = settings.get("before_start", |check, _, node| {
        before_start::read(check, node, &outline.plane)
    });
    Instance {
        id: outline.id,
        game: outline.game.map(|preset| preset.name),
        players: rule.filter(|_| !tells),
        ports,
        tags: settings.get("tags", tags).unwrap_or_default(),
        autostart: settings.get("autostart", Collector::flag).unwrap_or(true),
        needs: Vec::new(),
        plane: outline.plane,
        ready,
        healthy,
        stop,
        channels,
        restart: restart::read(settings),
        before_start,
        on_event: settings.get("on_event", hook::read).unwrap_or_default(),
        broadcast: settings.get("broadcast", warn::broadcast),
        warn: settings.get("warn", warn::read),
        notify: notify::read(settings),
        schedules: settings.get("schedule", schedule::read).unwrap_or_default(),
        hosted: outline.hosted,
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
