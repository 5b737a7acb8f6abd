//! The `healthy` section.

use std::time::Duration;

use super::check::Check;
use super::ready::{self, RawReady};
use crate::inventory::model::channels::{ChannelKind, Channels};
use crate::inventory::model::probe::Healthy;
use crate::inventory::report::keys;
use crate::inventory::text::node::{Node, Span};

/// The most checks that are remembered.
const MOST_CHECKS: u32 = 64;

/// The settings of a `healthy` section that were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RawHealthy {
    at: Option<Span>,
    probes: RawReady,
    start_grace: Option<Duration>,
    failures: Option<u32>,
    of: Option<u32>,
}

pub(crate) fn read(check: &mut Check, node: &Node) -> RawHealthy {
    let entries = check.section("`healthy`", &keys::HEALTHY, node);
    let mut healthy = RawHealthy {
        at: Some(node.span),
        probes: ready::read_entries(check, entries),
        ..RawHealthy::default()
    };
    for entry in entries {
        let value = &entry.value;
        match entry.key.as_ref() {
            "start_grace" => healthy.start_grace = check.duration("`start_grace`", value),
            "failures" => healthy.failures = check.number("`failures`", 1..=MOST_CHECKS, value),
            "of" => healthy.of = check.number("`of`", 1..=MOST_CHECKS, value),
            _ => {}
        }
    }
    healthy
}

impl RawHealthy {
    /// Returns these settings, and where they are silent, those below.
    pub(crate) fn over(self, below: &Self) -> Self {
        Self {
            at: self.at.or(below.at),
            probes: self.probes.over(&below.probes),
            start_grace: self.start_grace.or(below.start_grace),
            failures: self.failures.or(below.failures),
            of: self.of.or(below.of),
        }
    }

    /// Returns the network channel that it needs.
    pub(crate) fn channel(&self) -> Option<ChannelKind> {
        self.probes.channel()
    }

    /// Returns the settings with nothing left open; `None` where no probe is given.
    pub(crate) fn finish(self, check: &mut Check, channels: &Channels) -> Option<Healthy> {
        let (probes, interval, attempt_timeout) = self.probes.finish_probes(channels);
        if probes.is_empty() {
            return None;
        }
        let usual = Healthy::default();
        let failures = self.failures.unwrap_or(usual.failures);
        let of = self.of.unwrap_or(failures);
        if let (true, Some(at)) = (of < failures, self.at) {
            check.problem(
                at,
                format!("{failures} failures of {of} cannot be: `of` must not be less than `failures`"),
            );
        }
        Some(Healthy {
            probes,
            start_grace: self.start_grace.unwrap_or(usual.start_grace),
            interval: interval.unwrap_or(usual.interval),
            attempt_timeout: attempt_timeout.unwrap_or(usual.attempt_timeout),
            failures,
            of,
        })
    }
}
