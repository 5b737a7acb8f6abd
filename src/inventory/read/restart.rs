//! The `restart` section.

use super::collector::Collector;
use super::section::Fields;
use crate::inventory::model::restart::{GiveUp, RestartPolicy};
use crate::inventory::report::keys;
use crate::inventory::text::duration::written;

/// Reads the policy.
pub(super) fn read(settings: &mut Fields) -> RestartPolicy {
    let mut restart = settings.section("restart", &keys::RESTART);
    let usual = RestartPolicy::default();
    let policy = RestartPolicy {
        policy: restart.choice("policy").unwrap_or(usual.policy),
        delay: restart.get("delay", Collector::duration).unwrap_or(usual.delay),
        max_delay: restart.get("max_delay", Collector::duration).unwrap_or(usual.max_delay),
        reset_after: restart
            .get("reset_after", Collector::duration)
            .unwrap_or(usual.reset_after),
        success_exit_codes: restart
            .numbers("success_exit_codes", "an exit code")
            .unwrap_or(usual.success_exit_codes),
        give_up: give_up(&mut restart),
    };
    if policy.delay > policy.max_delay && restart.check.is_whole() {
        too_long_a_delay(&mut restart, &policy);
    }
    policy
}

fn give_up(restart: &mut Fields) -> Option<GiveUp> {
    let at = restart.entry("give_up")?.at;
    let before = restart.check.problems();
    let mut give_up = restart.section("give_up", &keys::GIVE_UP);
    let times = give_up.number("times");
    let within = give_up.get("within", Collector::duration);
    if let (Some(times), Some(within)) = (times, within) {
        return Some(GiveUp { times, within });
    }
    if give_up.check.problems() == before && give_up.check.is_whole() {
        let missing = if times.is_none() { "times" } else { "within" };
        give_up
            .check
            .problem(at, format!("`give_up` needs `{missing}` as well"))
            .hint("such as `give_up: { times: 10, within: 10m }`");
    }
    None
}

fn too_long_a_delay(restart: &mut Fields, policy: &RestartPolicy) {
    let place = |key: &str| restart.entry(key).map(|entry| entry.value.span);
    let (delay, longest) = (written(policy.delay), written(policy.max_delay));
    let places = (place("delay"), place("max_delay"));
    let check = &mut *restart.check;
    match places {
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
