//! The `ready` section, and the probes that `healthy` has as well.

use std::time::Duration;

use super::address::address;
use super::check::Check;
use super::{http, pattern};
use crate::inventory::model::address::HostPort;
use crate::inventory::model::channels::{ChannelKind, Channels};
use crate::inventory::model::probe::{HttpMethod, Probe, Ready};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node};

/// The shortest interval; asking more often is a burden only.
const SHORTEST: Duration = Duration::from_millis(10);

/// The settings of a `ready` section that were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RawReady {
    /// Own probes replace all inherited ones.
    probes: Vec<Probe>,
    /// True when a login over RCON is one of them.
    rcon: bool,
    timeout: Option<Duration>,
    interval: Option<Duration>,
    attempt_timeout: Option<Duration>,
}

pub(crate) fn read(check: &mut Check, node: &Node) -> RawReady {
    let entries = check.section("`ready`", &keys::READY, node);
    read_entries(check, entries)
}

/// Reads the probes and their times, and passes over all other keys.
pub(crate) fn read_entries(check: &mut Check, entries: &[Entry]) -> RawReady {
    let mut ready = RawReady::default();
    for entry in entries {
        let value = &entry.value;
        let probe = match entry.key.as_ref() {
            "log" => pattern::read(check, "`log`", value).map(Probe::Log),
            "tcp" => host_port(check, "`tcp`", value).map(Probe::Tcp),
            "a2s" => host_port(check, "`a2s`", value).map(Probe::A2s),
            "minecraft" => host_port(check, "`minecraft`", value).map(Probe::Minecraft),
            "http" => http::read(check, HttpMethod::Get, value).map(Probe::Http),
            "exec" => check.command("`exec`", value).map(Probe::Exec),
            "alive_for" => check.duration("`alive_for`", value).map(Probe::AliveFor),
            _ => None,
        };
        ready.probes.extend(probe);
        match entry.key.as_ref() {
            "rcon" => ready.rcon = check.flag("`rcon`", value) == Some(true),
            "timeout" => ready.timeout = check.duration("`timeout`", value),
            "interval" => ready.interval = interval(check, "`interval`", value),
            "attempt_timeout" => ready.attempt_timeout = interval(check, "`attempt_timeout`", value),
            _ => {}
        }
    }
    ready
}

/// Reads a time that is worth waiting.
fn interval(check: &mut Check, what: &str, node: &Node) -> Option<Duration> {
    let time = check.duration(what, node)?;
    if time < SHORTEST {
        check.problem(node.span, format!("{what} must be at least 10ms"));
        return None;
    }
    Some(time)
}

fn host_port(check: &mut Check, what: &str, node: &Node) -> Option<HostPort> {
    let word = check.word(what, "HOST:PORT", node)?;
    match address(&word) {
        Ok(address) => Some(address),
        Err(hint) => {
            check.problem(node.span, format!("{what} must be HOST:PORT")).hint(hint);
            None
        }
    }
}

impl RawReady {
    /// Returns these settings, and where they are silent, those below.
    pub(crate) fn over(self, below: &Self) -> Self {
        let own = self.rcon || !self.probes.is_empty();
        Self {
            rcon: if own { self.rcon } else { below.rcon },
            probes: if own { self.probes } else { below.probes.clone() },
            timeout: self.timeout.or(below.timeout),
            interval: self.interval.or(below.interval),
            attempt_timeout: self.attempt_timeout.or(below.attempt_timeout),
        }
    }

    /// Returns the network channel that it needs.
    pub(crate) fn channel(&self) -> Option<ChannelKind> {
        self.rcon.then_some(ChannelKind::Rcon)
    }

    /// Returns the probes with nothing left open, their interval and their
    /// limit.
    pub(crate) fn finish_probes(mut self, channels: &Channels) -> (Vec<Probe>, Option<Duration>, Option<Duration>) {
        if self.rcon {
            let remote = channels.get(ChannelKind::Rcon).cloned();
            self.probes.extend(remote.map(Box::new).map(Probe::Login));
        }
        (self.probes, self.interval, self.attempt_timeout)
    }

    /// Returns the settings with nothing left open.
    pub(crate) fn finish(self, channels: &Channels) -> Ready {
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
