//! The `restart` section.

use std::time::Duration;

use super::check::Check;
use crate::inventory::model::restart::{GiveUp, RestartPolicy, RestartWhen};
use crate::inventory::report::keys;
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::duration::written;
use crate::inventory::text::node::{Node, Span};

/// A duration and the place where it was given.
type Placed = Option<(Duration, Span)>;

/// The settings of a `restart` section that were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RawRestart {
    policy: Option<RestartWhen>,
    delay: Placed,
    max_delay: Placed,
    reset_after: Option<Duration>,
    success_exit_codes: Option<Vec<i32>>,
    give_up: RawGiveUp,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct RawGiveUp {
    at: Option<Span>,
    times: Option<u32>,
    within: Option<Duration>,
    /// True when one of them was wrong, which was noted.
    wrong: bool,
}

pub(crate) fn read(check: &mut Check, node: &Node) -> RawRestart {
    let entries = check.section("`restart`", &keys::RESTART, node);
    let mut restart = RawRestart::default();
    for entry in entries {
        let value = &entry.value;
        match entry.key.as_ref() {
            "policy" => restart.policy = policy(check, value),
            "delay" => restart.delay = check.duration("`delay`", value).map(|time| (time, value.span)),
            "max_delay" => restart.max_delay = check.duration("`max_delay`", value).map(|time| (time, value.span)),
            "reset_after" => restart.reset_after = check.duration("`reset_after`", value),
            "success_exit_codes" => restart.success_exit_codes = codes(check, value),
            "give_up" => restart.give_up = give_up(check, value, entry.at),
            _ => {}
        }
    }
    restart
}

fn policy(check: &mut Check, node: &Node) -> Option<RestartWhen> {
    const POLICIES: [&str; 3] = ["always", "on-failure", "never"];
    let word = check.word("`policy`", "always, on-failure or never", node)?;
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

fn codes(check: &mut Check, node: &Node) -> Option<Vec<i32>> {
    let items = check.list("`success_exit_codes`", "a list of exit codes", node)?;
    let mut codes = Vec::new();
    for item in items {
        let code = check
            .number("an exit code", 0..=255, item)
            .and_then(|code| i32::try_from(code).ok());
        codes.extend(code.filter(|code| !codes.contains(code)));
    }
    Some(codes)
}

fn give_up(check: &mut Check, node: &Node, at: Span) -> RawGiveUp {
    let entries = check.mapping("`give_up`", "a mapping with `times` and `within`", node);
    check.known_keys(&keys::GIVE_UP, entries);
    let before = check.problems();
    let mut give_up = RawGiveUp {
        at: Some(at),
        ..RawGiveUp::default()
    };
    for entry in entries {
        match entry.key.as_ref() {
            "times" => give_up.times = check.number("`times`", 1..=u32::MAX, &entry.value),
            "within" => give_up.within = check.duration("`within`", &entry.value),
            _ => {}
        }
    }
    give_up.wrong = check.problems() > before;
    give_up
}

impl RawRestart {
    /// Returns these settings, and where they are silent, those below.
    pub(crate) fn over(self, below: &Self) -> Self {
        Self {
            policy: self.policy.or(below.policy),
            delay: self.delay.or(below.delay),
            max_delay: self.max_delay.or(below.max_delay),
            reset_after: self.reset_after.or(below.reset_after),
            success_exit_codes: self.success_exit_codes.or_else(|| below.success_exit_codes.clone()),
            give_up: RawGiveUp {
                at: self.give_up.at.or(below.give_up.at),
                times: self.give_up.times.or(below.give_up.times),
                within: self.give_up.within.or(below.give_up.within),
                wrong: self.give_up.wrong || below.give_up.wrong,
            },
        }
    }

    /// Returns the settings with nothing left open.
    pub(crate) fn finish(self, check: &mut Check) -> RestartPolicy {
        let usual = RestartPolicy::default();
        self.check_delays(check, &usual);
        let give_up = match (self.give_up.times, self.give_up.within, self.give_up.at) {
            (Some(times), Some(within), _) => Some(GiveUp { times, within }),
            (times, _, Some(at)) if !self.give_up.wrong => {
                let missing = if times.is_none() { "times" } else { "within" };
                check
                    .problem(at, format!("`give_up` needs `{missing}` as well"))
                    .hint("such as `give_up: { times: 10, within: 10m }`");
                None
            }
            _ => None,
        };
        RestartPolicy {
            policy: self.policy.unwrap_or(usual.policy),
            delay: self.delay.map_or(usual.delay, |(delay, _)| delay),
            max_delay: self.max_delay.map_or(usual.max_delay, |(delay, _)| delay),
            reset_after: self.reset_after.unwrap_or(usual.reset_after),
            success_exit_codes: self.success_exit_codes.unwrap_or(usual.success_exit_codes),
            give_up,
        }
    }

    fn check_delays(&self, check: &mut Check, usual: &RestartPolicy) {
        let (delay, delay_at) = self.delay.map_or((usual.delay, None), |(delay, at)| (delay, Some(at)));
        let (longest, longest_at) = self
            .max_delay
            .map_or((usual.max_delay, None), |(delay, at)| (delay, Some(at)));
        if delay <= longest {
            return;
        }
        let (delay, longest) = (written(delay), written(longest));
        match (delay_at, longest_at) {
            (Some(at), Some(other)) => {
                check
                    .problem(at, format!("`delay` ({delay}) is longer than `max_delay` ({longest})"))
                    .related(other, "`max_delay` is given here");
            }
            (Some(at), None) => {
                check
                    .problem(
                        at,
                        format!("`delay` ({delay}) is longer than `max_delay`, which is {longest} by default"),
                    )
                    .hint("give a longer `max_delay` as well");
            }
            (None, Some(at)) => {
                check
                    .problem(
                        at,
                        format!("`max_delay` ({longest}) is shorter than `delay`, which is {delay} by default"),
                    )
                    .hint("give a shorter `delay` as well");
            }
            (None, None) => {}
        }
    }
}
