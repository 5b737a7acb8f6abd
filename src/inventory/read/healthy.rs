//! The `healthy` section.

use super::collector::Collector;
use super::ready;
use super::section::Fields;
use crate::inventory::model::channels::Remote;
use crate::inventory::model::probe::Healthy;
use crate::inventory::report::keys;
use crate::inventory::text::node::Span;

/// Reads when an instance counts as hung; `None` where no probe is given. `own` is the
/// place of the section of the instance itself, which means nothing then.
pub(super) fn read(settings: &mut Fields, login: Option<&Remote>, own: Option<Span>) -> Option<Healthy> {
    let at = settings.entry("healthy")?.value.span;
    let before = settings.check.problems();
    let mut healthy = settings.section("healthy", &keys::HEALTHY);
    let usual = Healthy::default();
    let failures = healthy.number("failures").unwrap_or(usual.failures);
    let read = Healthy {
        probes: ready::probes(&mut healthy, login),
        start_grace: healthy
            .get("start_grace", Collector::duration)
            .unwrap_or(usual.start_grace),
        interval: healthy.get("interval", ready::interval).unwrap_or(usual.interval),
        attempt_timeout: healthy
            .get("attempt_timeout", ready::interval)
            .unwrap_or(usual.attempt_timeout),
        failures,
        of: healthy.number("of").unwrap_or(failures),
    };
    if read.probes.is_empty() {
        if let Some(own) = own.filter(|_| healthy.check.problems() == before && healthy.check.is_whole()) {
            let found = healthy
                .check
                .problem(own, "`healthy` has no probe, so it checks nothing");
            found.hint("such as `healthy: { a2s: 127.0.0.1:28017 }`");
        }
        return None;
    }
    if read.of < failures && healthy.check.is_whole() {
        let of = read.of;
        let message = format!("{failures} failures of {of} cannot be: `of` must not be less than `failures`");
        healthy.check.problem(at, message);
    }
    Some(read)
}
