//! The `healthy` section.

use super::collector::Collector;
use super::ready;
use crate::inventory::model::channels::Channels;
use crate::inventory::model::probe::Healthy;
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node};

/// The most checks that are remembered.
const MOST_CHECKS: u32 = 64;

/// Reads when an instance counts as hung; `None` where no probe is given.
pub(super) fn read(check: &mut Collector, entries: &[Entry], channels: &Channels) -> Option<Healthy> {
    let section = entries.iter().find(|entry| entry.key == "healthy")?;
    let entries = check.subsection(entries, "healthy", &keys::HEALTHY);
    let usual = Healthy::default();
    let failures = check.get(entries, "failures", checks).unwrap_or(usual.failures);
    let healthy = Healthy {
        probes: ready::probes(check, entries, channels),
        start_grace: check
            .get(entries, "start_grace", Collector::duration)
            .unwrap_or(usual.start_grace),
        interval: check
            .get(entries, "interval", ready::interval)
            .unwrap_or(usual.interval),
        attempt_timeout: check
            .get(entries, "attempt_timeout", ready::interval)
            .unwrap_or(usual.attempt_timeout),
        failures,
        of: check.get(entries, "of", checks).unwrap_or(failures),
    };
    if healthy.probes.is_empty() {
        return None;
    }
    if healthy.of < failures && check.is_whole() {
        let message = format!(
            "{failures} failures of {} cannot be: `of` must not be less than `failures`",
            healthy.of
        );
        check.problem(section.value.span, message);
    }
    Some(healthy)
}

fn checks(check: &mut Collector, what: &str, node: &Node) -> Option<u32> {
    check.number(what, 1..=MOST_CHECKS, node)
}
