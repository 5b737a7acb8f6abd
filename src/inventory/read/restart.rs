//! The `restart` section.

use super::collector::Collector;
use crate::inventory::model::restart::{GiveUp, RestartPolicy, RestartWhen};
use crate::inventory::report::keys;
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::duration::written;
use crate::inventory::text::node::{Entry, Node};

/// Reads the policy.
pub(super) fn read(check: &mut Collector, entries: &[Entry]) -> RestartPolicy {
    let entries = check.subsection(entries, "restart", &keys::RESTART);
    let usual = RestartPolicy::default();
    let restart = RestartPolicy {
        policy: check.get(entries, "policy", policy).unwrap_or(usual.policy),
        delay: check.get(entries, "delay", Collector::duration).unwrap_or(usual.delay),
        max_delay: check
            .get(entries, "max_delay", Collector::duration)
            .unwrap_or(usual.max_delay),
        reset_after: check
            .get(entries, "reset_after", Collector::duration)
            .unwrap_or(usual.reset_after),
        success_exit_codes: check
            .get(entries, "success_exit_codes", codes)
            .unwrap_or(usual.success_exit_codes),
        give_up: give_up(check, entries),
    };
    if restart.delay > restart.max_delay && check.is_whole() {
        too_long_a_delay(check, entries, &restart);
    }
    restart
}

fn policy(check: &mut Collector, what: &str, node: &Node) -> Option<RestartWhen> {
    const POLICIES: [&str; 3] = ["always", "on-failure", "never"];
    let word = check.word(what, "always, on-failure or never", node)?;
    match word.as_ref() {
        "always" => Some(RestartWhen::Always),
        "on-failure" => Some(RestartWhen::OnFailure),
        "never" => Some(RestartWhen::Never),
        other => {
            let meant = match other.to_ascii_lowercase().as_str() {
                "no" | "false" | "off" => Some("never"),
                "yes" | "true" | "on" | "unless-stopped" => Some("always"),
                _ => nearest(other, POLICIES),
            };
            let found = check.problem(node.span, "`policy` must be `always`, `on-failure` or `never`");
            found.hint = meant.map(|meant| format!("did you mean `{meant}`?"));
            None
        }
    }
}

fn codes(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<i32>> {
    let items = check.list(what, "a list of exit codes", node)?;
    let mut codes = Vec::new();
    for item in items {
        let code = check
            .number("an exit code", 0..=255, item)
            .and_then(|code| i32::try_from(code).ok());
        codes.extend(code.filter(|code| !codes.contains(code)));
    }
    Some(codes)
}

fn give_up(check: &mut Collector, entries: &[Entry]) -> Option<GiveUp> {
    let section = entries.iter().find(|entry| entry.key == "give_up")?;
    let before = check.problems();
    let entries = check.mapping("`give_up`", "a mapping with `times` and `within`", &section.value);
    check.known_keys(&keys::GIVE_UP, entries);
    let times = check.get(entries, "times", |check, what, node| {
        check.number(what, 1..=u32::MAX, node)
    });
    let within = check.get(entries, "within", Collector::duration);
    if let (Some(times), Some(within)) = (times, within) {
        return Some(GiveUp { times, within });
    }
    if check.problems() == before && check.is_whole() {
        let missing = if times.is_none() { "times" } else { "within" };
        check
            .problem(section.at, format!("`give_up` needs `{missing}` as well"))
            .hint("such as `give_up: { times: 10, within: 10m }`");
    }
    None
}

fn too_long_a_delay(check: &mut Collector, entries: &[Entry], restart: &RestartPolicy) {
    let place = |key: &str| {
        entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.value.span)
    };
    let (delay, longest) = (written(restart.delay), written(restart.max_delay));
    match (place("delay"), place("max_delay")) {
        (Some(at), Some(other)) => {
            check
                .problem(at, format!("`delay` ({delay}) is longer than `max_delay` ({longest})"))
                .related(other, "`max_delay` is given here");
        }
        (Some(at), None) => {
            let message = format!("`delay` ({delay}) is longer than `max_delay`, which is {longest} by default");
            check.problem(at, message).hint("give a longer `max_delay` as well");
        }
        (None, Some(at)) => {
            let message = format!("`max_delay` ({longest}) is shorter than `delay`, which is {delay} by default");
            check.problem(at, message).hint("give a shorter `delay` as well");
        }
        (None, None) => {}
    }
}
