//! The `ready` section.

use std::time::Duration;

use super::address::address;
use super::channels::{ChannelKind, Channels};
use super::check::Check;
use super::fields::Section;
use super::http;
use super::model::{HostPort, Probe, Ready};
use super::node::{Entry, Node};
use super::pattern;
use super::value;

/// Asking more often than this is a burden only.
const SHORTEST: Duration = Duration::from_millis(10);

/// What a `ready` section says; the rest is inherited.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RawReady {
    /// Probes of one's own replace all inherited ones.
    probes: Vec<Probe>,
    /// Whether a login over RCON is one of them.
    rcon: bool,
    timeout: Option<Duration>,
    interval: Option<Duration>,
    attempt_timeout: Option<Duration>,
}

/// Reads the section.
pub(super) fn read(check: &mut Check, node: &Node) -> RawReady {
    let entries = check.mapping("`ready`", "a mapping", node);
    check.known_keys(entries, Section::Ready);
    read_entries(check, entries)
}

/// Reads the probes and their times, and passes over all other keys.
pub(super) fn read_entries(check: &mut Check, entries: &[Entry]) -> RawReady {
    let mut ready = RawReady::default();
    for entry in entries.iter().filter(|entry| !entry.void) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "log" => ready
                .probes
                .extend(pattern::read(check, "`log`", value).map(Probe::Log)),
            "tcp" => ready.probes.extend(at(check, "`tcp`", value).map(Probe::Tcp)),
            "a2s" => ready.probes.extend(at(check, "`a2s`", value).map(Probe::A2s)),
            "minecraft" => ready
                .probes
                .extend(at(check, "`minecraft`", value).map(Probe::Minecraft)),
            "http" => ready.probes.extend(http::read(check, "GET", value).map(Probe::Http)),
            "rcon" => ready.rcon = check.flag("`rcon`", value) == Some(true),
            "exec" => ready.probes.extend(exec(check, value)),
            "alive_for" => ready
                .probes
                .extend(check.time("`alive_for`", value).map(Probe::AliveFor)),
            "timeout" => ready.timeout = check.time("`timeout`", value),
            "interval" => ready.interval = often(check, "`interval`", value),
            "attempt_timeout" => ready.attempt_timeout = often(check, "`attempt_timeout`", value),
            _ => {}
        }
    }
    ready
}

/// A time that is worth waiting.
fn often(check: &mut Check, what: &str, node: &Node) -> Option<Duration> {
    let time = check.time(what, node)?;
    if time < SHORTEST {
        check.problem(node.span, format!("{what} must be at least 10ms"));
        return None;
    }
    Some(time)
}

fn at(check: &mut Check, what: &str, node: &Node) -> Option<HostPort> {
    let word = check.word(what, "HOST:PORT", node)?;
    match address(&word) {
        Ok(address) => Some(address),
        Err(hint) => {
            check.problem(node.span, format!("{what} must be HOST:PORT")).hint(hint);
            None
        }
    }
}

fn exec(check: &mut Check, node: &Node) -> Option<Probe> {
    check.command("`exec`", node).map(Probe::Exec)
}

impl RawReady {
    /// These settings, and where they are silent, those.
    pub(super) fn over(self, below: &Self) -> Self {
        let own = self.rcon || !self.probes.is_empty();
        Self {
            rcon: if own { self.rcon } else { below.rcon },
            probes: if own { self.probes } else { below.probes.clone() },
            timeout: self.timeout.or(below.timeout),
            interval: self.interval.or(below.interval),
            attempt_timeout: self.attempt_timeout.or(below.attempt_timeout),
        }
    }

    /// How many values these are.
    pub(super) fn weight(&self) -> usize {
        let weight = |probe: &Probe| match probe {
            Probe::Exec(argv) => argv.iter().map(|word| value::weight(word)).sum(),
            Probe::Log(pattern) => value::weight(pattern),
            Probe::Tcp(address) | Probe::A2s(address) | Probe::Minecraft(address) => value::weight(&address.host),
            Probe::Http(check) => value::weight(&check.path) + value::weight(&check.body) + check.status.len(),
            Probe::AliveFor(_) | Probe::Login(_) => 1,
        };
        self.probes.iter().map(weight).sum()
    }

    /// The network channel that it needs.
    pub(super) fn channel(&self) -> Option<ChannelKind> {
        self.rcon.then_some(ChannelKind::Rcon)
    }

    /// The probes with nothing left open, their interval and their limit.
    pub(super) fn finish_probes(mut self, channels: &Channels) -> (Vec<Probe>, Option<Duration>, Option<Duration>) {
        if self.rcon {
            let remote = channels.get(ChannelKind::Rcon).cloned();
            self.probes.extend(remote.map(Box::new).map(Probe::Login));
        }
        (self.probes, self.interval, self.attempt_timeout)
    }

    /// The settings with nothing left open.
    pub(super) fn finish(self, channels: &Channels) -> Ready {
        let usual = Ready::default();
        let timeout = self.timeout.unwrap_or(usual.timeout);
        let (probes, interval, attempt_timeout) = self.finish_probes(channels);
        Ready {
            probes: if probes.is_empty() { usual.probes } else { probes },
            timeout,
            interval,
            attempt_timeout,
        }
    }
}
