//! The `healthy` section.

use std::time::Duration;

use super::channels::{ChannelKind, Channels};
use super::check::Check;
use super::fields::Section;
use super::model::Healthy;
use super::node::{Node, Span};
use super::ready::{self, RawReady};

/// So many checks are remembered at most.
const MOST_CHECKS: u32 = 64;

/// What a `healthy` section says; the rest is inherited.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RawHealthy {
    at: Option<Span>,
    probes: RawReady,
    start_grace: Option<Duration>,
    failures: Option<u32>,
    of: Option<u32>,
}

/// Reads the section.
pub(super) fn read(check: &mut Check, node: &Node) -> RawHealthy {
    let entries = check.mapping("`healthy`", "a mapping", node);
    check.known_keys(entries, Section::Healthy);
    let mut healthy = RawHealthy {
        at: Some(node.span),
        probes: ready::read_entries(check, entries),
        ..RawHealthy::default()
    };
    for entry in entries.iter().filter(|entry| !entry.void) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "start_grace" => healthy.start_grace = check.time("`start_grace`", value),
            "failures" => healthy.failures = check.number("`failures`", 1..=MOST_CHECKS, value),
            "of" => healthy.of = check.number("`of`", 1..=MOST_CHECKS, value),
            _ => {}
        }
    }
    healthy
}

impl RawHealthy {
    /// These settings, and where they are silent, those.
    pub(super) fn over(self, below: &Self) -> Self {
        Self {
            at: self.at.or(below.at),
            probes: self.probes.over(&below.probes),
            start_grace: self.start_grace.or(below.start_grace),
            failures: self.failures.or(below.failures),
            of: self.of.or(below.of),
        }
    }

    /// How many values these are.
    pub(super) fn weight(&self) -> usize {
        self.probes.weight()
    }

    /// The network channel that it needs.
    pub(super) fn channel(&self) -> Option<ChannelKind> {
        self.probes.channel()
    }

    /// The settings with nothing left open; `None` where no probe is given.
    pub(super) fn finish(self, check: &mut Check, channels: &Channels) -> Option<Healthy> {
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
