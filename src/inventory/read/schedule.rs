//! The `schedule` list.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::collector::Collector;
use super::section::{Fields, did_you_mean};
use super::warn;
use crate::inventory::model::calendar::Calendar;
use crate::inventory::model::schedule::{DEFAULT_GRACE, Deed, Schedule, ScheduleWarning};
use crate::inventory::model::warn::WhenEmpty;
use crate::inventory::model::zone::ClockZone;
use crate::inventory::report::keys;
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::{Node, Shape};

/// The limit of a program that names none.
const USUAL_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// A schedule that is later than this is none any more.
const LONGEST_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// The names of `do`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeedName {
    Restart,
    Stop,
    Start,
    Send,
    Exec,
}

pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<Arc<Schedule>>> {
    let items = check.list(what, "a list of schedules", node)?;
    let mut schedules: Vec<Arc<Schedule>> = Vec::new();
    for item in items {
        let Some(schedule) = entry(check, item) else { continue };
        if schedules.iter().any(|other| other.key() == schedule.key()) {
            check
                .problem(item.span, "this is scheduled a second time, for the same times")
                .hint("leave one of the two out");
            continue;
        }
        schedules.push(check.shared(schedule));
    }
    Some(schedules)
}

fn entry(check: &mut Collector, node: &Node) -> Option<Schedule> {
    let mut entry = check.section("an entry of `schedule`", &keys::SCHEDULE, node);
    if matches!(node.shape, Shape::Map(_)) {
        let hint = "such as `cron: '0 5 * * *'`, at 05:00 each day";
        entry.require("cron", node.span, "this schedule has no `cron`", hint);
        let hint = "such as `do: restart`; there are `restart`, `stop`, `start`, `send` and `exec`";
        entry.require("do", node.span, "this schedule has no `do`", hint);
    }
    let zone = match entry.entry("timezone") {
        None => Some(ClockZone::of_this_machine()),
        Some(_) => entry.get("timezone", zone),
    };
    let calendar = entry.get("cron", |check, what, node| calendar(check, what, node, zone));
    let deed = deed(&mut entry, node);
    let warn = entry.get("warn", warning).flatten();
    let when_empty = entry.get("when_empty", when_empty).flatten();
    let jitter = entry.get("jitter", Collector::duration).unwrap_or_default();
    let grace = entry.get("grace", grace).unwrap_or(DEFAULT_GRACE);
    let (calendar, deed) = (calendar?, deed?);
    if let Some(given) = entry.entry("jitter")
        && jitter >= Duration::from_secs(calendar.shortest_interval().unsigned_abs())
    {
        entry
            .check
            .problem(
                given.value.span,
                "`jitter` must be shorter than the time from one firing to the next",
            )
            .hint(format!("`{}` fires again sooner", calendar.text()));
        return None;
    }
    Some(Schedule {
        calendar,
        deed,
        warn,
        when_empty,
        jitter,
        grace,
    })
}

fn zone(check: &mut Collector, what: &str, node: &Node) -> Option<ClockZone> {
    let name = check.line(what, node)?;
    let zone = ClockZone::named(&name);
    if zone.is_none() {
        let names = ClockZone::names();
        let near = nearest(&name, names.iter().map(String::as_str));
        check
            .problem(node.span, format!("{what} is not a time zone that is known"))
            .hint(did_you_mean(
                near,
                "such as `Europe/Berlin`, `America/New_York` or `UTC`",
            ));
    }
    zone
}

fn calendar(check: &mut Collector, what: &str, node: &Node, zone: Option<ClockZone>) -> Option<Calendar> {
    let text = check.line(what, node)?;
    // Without a zone that is known the pattern is looked at all the same.
    let is_known = zone.is_some();
    match Calendar::new(&text, zone.unwrap_or_else(ClockZone::of_this_machine)) {
        Ok(calendar) => is_known.then_some(calendar),
        Err((wrong, hint)) => {
            check.problem(node.span, format!("{what} {wrong}")).hint = hint;
            None
        }
    }
}

fn deed(entry: &mut Fields, node: &Node) -> Option<Deed> {
    let name: DeedName = entry.choice("do")?;
    let line = entry.get("line", Collector::line);
    let command = entry.get("command", |check, what, node| {
        let command = check.texts(what, node)?;
        if command.first().is_none_or(|program| program.is_empty()) {
            check
                .problem(node.span, format!("{what} names no program"))
                .hint("it is a list: the program, then its arguments");
            return None;
        }
        Some(command)
    });
    let timeout = entry.get("timeout", Collector::duration).unwrap_or(USUAL_TIMEOUT);
    for (key, of, is_wanted) in [
        ("line", "send", name == DeedName::Send),
        ("command", "exec", name == DeedName::Exec),
        ("timeout", "exec", name == DeedName::Exec),
        (
            "warn",
            "restart` and `stop",
            matches!(name, DeedName::Restart | DeedName::Stop),
        ),
        (
            "when_empty",
            "restart` and `stop",
            matches!(name, DeedName::Restart | DeedName::Stop),
        ),
    ] {
        if let Some(given) = entry.entry(key)
            && !is_wanted
        {
            let message = format!("`{key}` means something for `do: {of}` only");
            entry.check.problem(given.at, message).hint("leave it out");
        }
    }
    match name {
        DeedName::Restart => Some(Deed::Restart),
        DeedName::Stop => Some(Deed::Stop),
        DeedName::Start => Some(Deed::Start),
        DeedName::Send => {
            let hint = "such as `line: save-all`";
            entry.require("line", node.span, "this schedule sends, and has no `line`", hint);
            line.map(Deed::Send)
        }
        DeedName::Exec => {
            let hint = "such as `command: [/srv/backup, eu-1]`";
            let message = "this schedule executes something, and has no `command`";
            entry.require("command", node.span, message, hint);
            Some(Deed::Exec {
                command: command?,
                cwd: entry.check.folder().to_owned(),
                timeout,
            })
        }
    }
}

/// Returns true for a scalar, which a flag is.
fn is_flag(node: &Node) -> bool {
    matches!(node.shape, Shape::Scalar(_))
}

fn warning(check: &mut Collector, what: &str, node: &Node) -> Option<Option<ScheduleWarning>> {
    if is_flag(node) {
        return Some(check.flag(what, node)?.then(ScheduleWarning::default));
    }
    let mut warn = check.section(what, &keys::SCHEDULE_WARN, node);
    Some(Some(ScheduleWarning {
        at: warn.get("at", warn::times),
        say: warn.get("say", warn::text),
    }))
}

fn when_empty(check: &mut Collector, what: &str, node: &Node) -> Option<Option<WhenEmpty>> {
    if is_flag(node) {
        return Some(check.flag(what, node)?.then(WhenEmpty::default));
    }
    let mut section = check.section(what, &keys::WHEN_EMPTY, node);
    let max_wait = section.get("max_wait", Collector::duration);
    let or_skip = section.get("or_skip", Collector::flag).unwrap_or_default();
    if or_skip && max_wait.is_none() {
        section
            .check
            .problem(
                node.span,
                "`or_skip` says what happens after `max_wait`, which is not given",
            )
            .hint("such as `when_empty: { max_wait: 2h, or_skip: true }`");
        return None;
    }
    Some(Some(WhenEmpty { max_wait, or_skip }))
}

fn grace(check: &mut Collector, what: &str, node: &Node) -> Option<Duration> {
    let grace = check.duration(what, node)?;
    if grace > LONGEST_GRACE {
        check.problem(node.span, format!("{what} must be 24h at most"));
        return None;
    }
    Some(grace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::parse;

    /// Of a thousand instances with the same schedule, `run` keeps one pattern with its times.
    #[test]
    fn equal_schedules_are_kept_once() {
        let of = |more: &str| format!("{{schedule: [{{cron: '0 5 * * *', timezone: UTC, do: restart{more}}}]}}");
        let (same, other) = (of(""), of(", jitter: 1m"));
        let text = format!("instances: {{a: {same}, b: {other}, c: {same}}}");
        let read = parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None);
        let read = read.unwrap_or_else(|problems| panic!("{problems}"));
        let [a, b, c] = &read.instances[..] else { panic!() };
        assert!(Arc::ptr_eq(&a.schedules[0], &c.schedules[0]));
        assert!(!Arc::ptr_eq(&a.schedules[0], &b.schedules[0]));
        assert_eq!(b.schedules[0].jitter, Duration::from_secs(60));
        let kept = read.clone();
        assert!(Arc::ptr_eq(&kept.instances[0], a), "a copy shares its instances");
    }
}
