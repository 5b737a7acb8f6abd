//! Many containers, one state.
//!
//! | what is there | intent | state |
//! |---|---|---|
//! | nothing | any | stopped |
//! | all that is required is up, and ready | any | running |
//! | all up, but a health check or a probe has not passed | any | starting |
//! | all up, but one without a health check was started just now | any | starting |
//! | the engine restarts one | any | starting |
//! | all up, but one is paused | any | running |
//! | the engine stops one, whoever asked it | any | stopping |
//! | one that is required has failed | not stopped | crashed, with its code |
//! | one that is required is missing | not stopped | starting in the boot budget, then crashed |
//! | some are still up | stopped, just now | stopping |
//! | nothing is up | stopped | stopped |
//! | nothing is up, its codes are those of success to its policy | running | stopped |
//! | nothing is up, the codes are those of a polite end | none | stopped |
//! | nothing is up | running | crashed |
//!
//! The intent is `running`, too, where none is on record and `run` has started it.
//! A container that ended before the start that is under way has not failed: it is
//! not started yet.
//!
//! A container that ended with code 0 has done its work, unless the inventory
//! lists its service among those that must run.

use std::borrow::Cow;
use std::ops::Range;
use std::time::SystemTime;

use super::container::{Container, ContainerHealth, ContainerStatus};
use crate::event::Want;
use crate::supervisor::{ALLOWED, Detail, Facts, InstanceState, LastExit};

#[derive(Debug, Clone, Default)]
pub struct Circumstances<'a> {
    /// The engine's name in messages.
    pub engine: &'static str,
    /// The services that must run; if empty, all of them.
    pub required: &'a [String],
    /// The services that the last start brought up, where that is known.
    pub known: &'a [String],
    pub want: Option<Want>,
    /// The time at which that was set.
    pub wanted_since: Option<SystemTime>,
    /// True if a start is under way and has not used up its time.
    pub is_booting: bool,
    /// While the group is being brought up: the latest start of a container before
    /// that.
    pub coming_up_after: Option<SystemTime>,
    /// True if the last stop did not wait for the grace periods.
    pub is_hurried: bool,
    /// True if a stop is under way and has not used up its time.
    pub is_ending: bool,
    /// True if a stop was under way that nobody carries on.
    pub is_cut_short: bool,
    pub restarts: u32,
    /// The exit codes with which it may end without being a failure.
    pub success_codes: &'a [i32],
    /// A container that was started in this range has yet to show that it stays
    /// up. A start in the future comes from an engine with another clock.
    pub young: Option<Range<SystemTime>>,
}

/// The condition of a service, the better first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Condition {
    Up,
    Done,
    /// Up for too short a time to count.
    Settling,
    /// Alive, and kept from going on by somebody.
    Paused,
    /// Alive, but not as it should be, for this reason.
    Waiting(String),
    /// Alive, and told to end by the engine, which somebody asked.
    BeingStopped,
    BeingRemoved,
    NotStarted,
    Missing,
    Failed(i32),
}

/// The judgement of a group, before any probe is asked.
#[derive(Debug)]
pub struct Aggregate {
    /// The facts; `Running` if nothing but a probe is open.
    pub facts: Facts,
    /// The services that are still awaited, each with what it lacks.
    pub awaited: Vec<String>,
    /// True if one that counts is paused: it answers nobody.
    pub is_paused: bool,
    /// The id of the container that has failed.
    pub failed: Option<String>,
    /// The latest start time of its containers, which identifies the run.
    pub started: Option<SystemTime>,
}

pub fn aggregate(containers: &[Container], around: &Circumstances<'_>) -> Aggregate {
    let containers: Vec<&Container> = containers.iter().filter(|one| !one.member.oneoff).collect();
    let services = services(&containers, around);
    let awaited: Vec<String> = services
        .iter()
        .filter_map(|(name, condition)| lack(name, condition))
        .collect();
    let is_alive = containers.iter().any(|one| one.is_alive());
    let failed = worst(&containers, &services);
    let judged = judge(&containers, &services, around, is_alive, failed);
    let up = containers.iter().filter(|one| one.is_running() || one.is_paused());
    let started = up.filter_map(|one| one.started).max();
    let finished = containers.iter().filter_map(|one| one.finished).max();
    let mut facts = Facts::bare(judged.state, judged.note);
    facts.restarts = around.restarts;
    // An engine that ends with its host ends them all.
    facts.ended_from_outside = matches!(facts.state, InstanceState::Crashed { .. });
    facts.ended_as_allowed = judged.is_allowed;
    let since = match facts.state {
        InstanceState::Running | InstanceState::Starting => started,
        _ => finished,
    };
    facts.since = since.filter(|time| *time > SystemTime::UNIX_EPOCH);
    if facts.state == InstanceState::Running {
        let up = started.and_then(|time| time.elapsed().ok());
        facts.uptime_seconds = up.map_or(0, |up| up.as_secs());
    }
    facts.last_exit = last_exit(&containers, failed, around);
    facts.details = details(&containers, &services);
    Aggregate {
        facts,
        awaited,
        is_paused: services.iter().any(|(_, condition)| *condition == Condition::Paused),
        failed: failed.map(|one| one.id.clone()),
        started,
    }
}

/// Returns true if a group had ended by itself.
pub fn was_crashed(containers: &[Container], required: &[String]) -> bool {
    let around = Circumstances {
        required,
        want: Some(Want::Running),
        ..Circumstances::default()
    };
    let facts = aggregate(containers, &around).facts;
    matches!(facts.state, InstanceState::Crashed { .. }) && !containers.iter().all(Container::ended_politely)
}

/// The state of a group, and what is to be said of it.
struct Judgement {
    state: InstanceState,
    note: Option<String>,
    /// True if it ended by itself as its policy allows.
    is_allowed: bool,
}

impl Judgement {
    fn new(state: InstanceState, note: Option<String>) -> Self {
        Self {
            state,
            note,
            is_allowed: false,
        }
    }

    /// Returns the judgement of a group that ended by itself as its policy allows.
    fn allowed() -> Self {
        Self {
            is_allowed: true,
            ..Self::new(InstanceState::Stopped, Some(ALLOWED.to_owned()))
        }
    }
}

fn judge(
    containers: &[&Container],
    services: &[(String, Condition)],
    around: &Circumstances<'_>,
    is_alive: bool,
    failed: Option<&Container>,
) -> Judgement {
    let is_stopped = around.want == Some(Want::Stopped);
    // Beside a failure it does not matter that another one is young.
    let counts = |condition: &Condition| failed.is_none() || *condition != Condition::Settling;
    let lacking = services.iter().filter(|(_, condition)| counts(condition));
    let lacks: Vec<String> = lacking.filter_map(|(name, condition)| lack(name, condition)).collect();
    let lacks = (!lacks.is_empty()).then(|| lacks.join(", "));
    if containers.is_empty() {
        if around.is_booting && around.want == Some(Want::Running) {
            let note = "no container has been created yet".to_owned();
            return Judgement::new(InstanceState::Starting, Some(note));
        }
        return Judgement::new(InstanceState::Stopped, None);
    }
    if is_stopped && is_alive && around.is_ending {
        return Judgement::new(InstanceState::Stopping, None);
    }
    if !is_alive {
        return at_rest(containers, services, around, failed, lacks);
    }
    if is_stopped
        && containers
            .iter()
            .all(|one| !one.is_alive() || one.status == ContainerStatus::Removing)
    {
        return Judgement::new(InstanceState::Stopping, None);
    }
    if let Some(one) = failed {
        let code = Some(one.exit_code);
        return Judgement::new(InstanceState::Crashed { exit_code: code }, lacks);
    }
    let missing = |condition: &Condition| matches!(condition, Condition::Missing | Condition::NotStarted);
    if services.iter().any(|(_, condition)| missing(condition)) && !around.is_booting {
        return Judgement::new(InstanceState::Crashed { exit_code: None }, lacks);
    }
    if services
        .iter()
        .any(|(_, condition)| *condition == Condition::BeingStopped)
    {
        return Judgement::new(InstanceState::Stopping, lacks);
    }
    // What is paused does not come up, and has not failed.
    let is_there = |condition: &Condition| matches!(condition, Condition::Up | Condition::Done | Condition::Paused);
    let is_up = services.iter().all(|(_, condition)| is_there(condition));
    match lacks {
        Some(lacks) if !is_up => Judgement::new(InstanceState::Starting, Some(lacks)),
        lacks => Judgement::new(InstanceState::Running, lacks),
    }
}

/// Judges a group of which nothing is alive.
fn at_rest(
    containers: &[&Container],
    services: &[(String, Condition)],
    around: &Circumstances<'_>,
    failed: Option<&Container>,
    lacks: Option<String>,
) -> Judgement {
    let created = containers.iter().all(|one| one.status == ContainerStatus::Created);
    if around.want == Some(Want::Stopped) {
        let ours = |one: &Container| one.finished >= around.wanted_since;
        let is_news = |one: &Container| one.was_killed() && ours(one) && !around.is_hurried;
        let killed = containers.iter().find(|one| is_news(one));
        return Judgement::new(InstanceState::Stopped, killed.map(|one| too_short_grace(one)));
    }
    let wanted = around.want == Some(Want::Running);
    if wanted && around.is_booting && around.coming_up_after.is_some() && failed.is_none() {
        return Judgement::new(InstanceState::Starting, lacks);
    }
    if created {
        return match wanted {
            true => Judgement::new(InstanceState::Crashed { exit_code: None }, lacks),
            false => Judgement::new(InstanceState::Stopped, Some("created, and never started".to_owned())),
        };
    }
    let polite = containers.iter().all(|one| one.ended_politely());
    if !wanted && polite {
        return Judgement::new(InstanceState::Stopped, None);
    }
    let code = failed.map_or(Some(0), |one| Some(one.exit_code));
    if wanted && code.is_some_and(|code| around.success_codes.contains(&code)) {
        return Judgement::allowed();
    }
    let done = services.iter().all(|(_, condition)| *condition == Condition::Done);
    let note = if done {
        Some("all of it has ended".to_owned())
    } else {
        lacks
    };
    Judgement::new(InstanceState::Crashed { exit_code: code }, note)
}

/// Returns every service that counts, by name, with the condition of its worst
/// container.
fn services(containers: &[&Container], around: &Circumstances<'_>) -> Vec<(String, Condition)> {
    let required = around.required;
    let listed = if required.is_empty() { around.known } else { required };
    let mut names: Vec<&str> = listed.iter().map(String::as_str).collect();
    if names.is_empty() {
        names.extend(containers.iter().map(|one| one.service()));
    }
    names.sort_unstable();
    names.dedup();
    let condition = |name: &str| {
        let own = containers.iter().filter(|one| one.service() == name);
        own.map(|one| condition(one, around))
            .max()
            .unwrap_or(Condition::Missing)
    };
    names
        .into_iter()
        .map(|name| (name.to_owned(), condition(name)))
        .collect()
}

fn condition(one: &Container, around: &Circumstances<'_>) -> Condition {
    let must_run = !around.required.is_empty();
    let young = around.young.as_ref().zip(one.started);
    let is_young = young.is_some_and(|(young, at)| young.contains(&at));
    let followed = around.coming_up_after.zip(one.started);
    let ended_before = followed.is_some_and(|(before, at)| at <= before);
    match one.status {
        ContainerStatus::Stopping => Condition::BeingStopped,
        ContainerStatus::Running => match one.health {
            ContainerHealth::None if is_young => Condition::Settling,
            ContainerHealth::None | ContainerHealth::Healthy => Condition::Up,
            ContainerHealth::Starting => Condition::Waiting("is not healthy yet".to_owned()),
            ContainerHealth::Unhealthy => Condition::Waiting("is unhealthy".to_owned()),
        },
        ContainerStatus::Restarting => Condition::Waiting(format!(
            "is restarted by {} again and again ({} times, last exit code {})",
            around.engine, one.restart_count, one.exit_code
        )),
        ContainerStatus::Paused => Condition::Paused,
        ContainerStatus::Other => Condition::Waiting("is in a state that is not known here".to_owned()),
        ContainerStatus::Removing => Condition::BeingRemoved,
        ContainerStatus::Created if one.error.is_empty() && one.exit_code == 0 => Condition::NotStarted,
        ContainerStatus::Exited | ContainerStatus::Dead if ended_before => Condition::NotStarted,
        ContainerStatus::Exited if one.exit_code == 0 && !must_run => Condition::Done,
        ContainerStatus::Created | ContainerStatus::Exited | ContainerStatus::Dead => Condition::Failed(one.exit_code),
    }
}

fn lack(name: &str, condition: &Condition) -> Option<String> {
    Some(match condition {
        Condition::Up | Condition::Done => return None,
        Condition::Settling => format!("{name} has just been started"),
        Condition::Paused => format!("{name} is paused"),
        Condition::Waiting(how) => format!("{name} {how}"),
        Condition::BeingStopped => format!("{name} is being stopped"),
        Condition::BeingRemoved => format!("{name} is being removed"),
        Condition::NotStarted => format!("{name} is not started"),
        Condition::Missing => format!("{name} is not there"),
        Condition::Failed(code) => format!("{name} ended with exit code {code}"),
    })
}

/// Returns the container that stands for the failure of a service that counts:
/// the first that failed, for others tend to follow it.
fn worst<'a>(containers: &[&'a Container], services: &[(String, Condition)]) -> Option<&'a Container> {
    let counts = |one: &Container| {
        let failed = |(name, condition): &(String, Condition)| {
            *name == one.service() && matches!(condition, Condition::Failed(_))
        };
        services.iter().any(failed) && !one.is_alive()
    };
    let failed = containers.iter().filter(|one| counts(one));
    // A polite end tells less than any other.
    failed.min_by_key(|one| (one.ended_politely(), one.finished)).copied()
}

/// Returns the note about a container that did not end within its grace period.
pub fn too_short_grace(one: &Container) -> String {
    format!(
        "{} was killed: its grace period of {} s was too short",
        one.service(),
        one.grace
    )
}

fn last_exit(containers: &[&Container], failed: Option<&Container>, around: &Circumstances<'_>) -> Option<LastExit> {
    let ended = |one: &&&Container| {
        let finished = one.finished.is_some_and(|time| time > SystemTime::UNIX_EPOCH);
        finished && matches!(one.status, ContainerStatus::Exited | ContainerStatus::Dead)
    };
    let latest = containers.iter().filter(ended).max_by_key(|one| one.finished).copied();
    let at_rest = !containers.iter().any(|one| one.is_alive());
    let one = failed.or(latest.filter(|_| at_rest))?;
    Some(LastExit {
        code: Some(one.exit_code),
        signal: None,
        at: one.finished.filter(|time| *time > SystemTime::UNIX_EPOCH),
        requested: around.want == Some(Want::Stopped),
        oom_killed: one.oom_killed,
    })
}

fn details(containers: &[&Container], services: &[(String, Condition)]) -> Vec<(Cow<'static, str>, Detail)> {
    let up = containers.iter().filter(|one| one.is_running()).count();
    let word = |condition: &Condition| match condition {
        Condition::Up => "up",
        Condition::Done => "done",
        Condition::Settling => "up",
        Condition::Paused => "paused",
        Condition::Waiting(_) => "waiting",
        Condition::BeingStopped => "stopping",
        Condition::BeingRemoved => "removing",
        Condition::NotStarted => "created",
        Condition::Missing => "missing",
        Condition::Failed(_) => "failed",
    };
    let each: Vec<String> = services
        .iter()
        .map(|(name, condition)| format!("{name} {}", word(condition)))
        .collect();
    vec![
        ("containers_up".into(), Detail::Number(up as u64)),
        ("services".into(), Detail::Text(each.join(", "))),
    ]
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
