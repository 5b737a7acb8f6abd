//! The `ready` section, and the probes that `healthy` has as well.

use std::time::Duration;

use super::address::address;
use super::collector::Collector;
use super::{http, pattern};
use crate::inventory::model::address::HostPort;
use crate::inventory::model::channels::{ChannelKind, Channels};
use crate::inventory::model::probe::{HttpMethod, Probe, Ready};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node, Shape};

/// The shortest interval; asking more often is a burden only.
const SHORTEST: Duration = Duration::from_millis(10);

/// Reads when an instance counts as ready.
pub(super) fn read(check: &mut Collector, entries: &[Entry], channels: &Channels) -> Ready {
    let entries = check.subsection(entries, "ready", &keys::READY);
    let usual = Ready::default();
    let probes = probes(check, entries, channels);
    Ready {
        probes: if probes.is_empty() { usual.probes } else { probes },
        timeout: check
            .get(entries, "timeout", Collector::duration)
            .unwrap_or(usual.timeout),
        interval: check.get(entries, "interval", interval),
        attempt_timeout: check.get(entries, "attempt_timeout", interval),
    }
}

/// Returns the network channel that the probes of a section need.
pub(super) fn channel(check: &mut Collector, entries: &[Entry], section: &str) -> Option<ChannelKind> {
    let section = entries.iter().find(|entry| entry.key == section)?;
    let Shape::Map(map) = &section.value.shape else {
        return None;
    };
    let login = check.get(&map.entries, "rcon", Collector::flag)?;
    login.then_some(ChannelKind::Rcon)
}

/// Reads the probes of a section, in the order of the file; a login comes last.
pub(super) fn probes(check: &mut Collector, entries: &[Entry], channels: &Channels) -> Vec<Probe> {
    let mut probes: Vec<Probe> = entries.iter().filter_map(|entry| probe(check, entry)).collect();
    if check.get(entries, "rcon", Collector::flag) == Some(true) {
        let remote = channels.get(ChannelKind::Rcon).cloned();
        probes.extend(remote.map(Box::new).map(Probe::Login));
    }
    probes
}

fn probe(check: &mut Collector, entry: &Entry) -> Option<Probe> {
    let value = &entry.value;
    match entry.key.as_ref() {
        "log" => pattern::read(check, "`log`", value).map(Probe::Log),
        "tcp" => host_port(check, "`tcp`", value).map(Probe::Tcp),
        "a2s" => host_port(check, "`a2s`", value).map(Probe::A2s),
        "minecraft" => host_port(check, "`minecraft`", value).map(Probe::Minecraft),
        "http" => http::read(check, HttpMethod::Get, value).map(Probe::Http),
        "exec" => check.command("`exec`", value).map(Probe::Exec),
        "alive_for" => check.duration("`alive_for`", value).map(Probe::AliveFor),
        _ => None,
    }
}

/// Reads a time that is worth waiting.
pub(super) fn interval(check: &mut Collector, what: &str, node: &Node) -> Option<Duration> {
    let time = check.duration(what, node)?;
    if time < SHORTEST {
        check.problem(node.span, format!("{what} must be at least 10ms"));
        return None;
    }
    Some(time)
}

fn host_port(check: &mut Collector, what: &str, node: &Node) -> Option<HostPort> {
    let word = check.word(what, "HOST:PORT", node)?;
    match address(&word) {
        Ok(address) => Some(address),
        Err(hint) => {
            check.problem(node.span, format!("{what} must be HOST:PORT")).hint(hint);
            None
        }
    }
}
