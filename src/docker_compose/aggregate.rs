//! Many containers, one state.
//!
//! | what is there | intent | state |
//! |---|---|---|
//! | nothing | any | stopped |
//! | all that is required is up, and ready | any | running |
//! | all up, but a health check or a probe has not passed | any | starting |
//! | all up, but one without a health check was started just now | any | starting |
//! | docker restarts one, or it is paused | any | starting |
//! | one that is required has failed | not stopped | crashed, with its code |
//! | one that is required is missing | not stopped | starting in the boot budget, then crashed |
//! | some are still up | stopped, just now | stopping |
//! | nothing is up | stopped | stopped |
//! | nothing is up, the codes are those of a polite end | none | stopped |
//! | nothing is up | running | crashed |
//!
//! What ended with code 0 has done its work, unless the inventory lists it
//! among those that must run.

use std::ops::Range;
use std::time::SystemTime;

use super::container::{Container, Health, Status};
use crate::event::Want;
use crate::supervisor::{Detail, Facts, InstanceState, LastExit};

/// Codes of what was asked to end: by itself, and by SIGINT, SIGKILL, SIGTERM.
const POLITE: [i32; 4] = [0, 130, 137, 143];

/// What else there is to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Circumstances<'a> {
    /// The services that must run; none stands for all.
    pub(super) required: &'a [String],
    /// The services that the last start brought up, where that is known.
    pub(super) known: &'a [String],
    pub(super) want: Option<Want>,
    /// Since when.
    pub(super) wanted_since: Option<SystemTime>,
    /// Whether a start is under way and has not used up its time.
    pub(super) is_booting: bool,
    /// Whether a stop is under way and has not used up its time.
    pub(super) is_ending: bool,
    pub(super) restarts: u32,
    /// What was started within this has yet to show that it stays. What seems
    /// to come from the future is of an engine with another clock.
    pub(super) young: Option<Range<SystemTime>>,
}

/// How a service fares, the better first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Fares {
    Up,
    Done,
    /// Up since just now.
    Settles,
    /// Alive, and not as it should be.
    Waits(String),
    Leaves,
    NotStarted,
    Missing,
    Failed(i32),
}

/// What was found of a stack, before any probe is asked.
#[derive(Debug)]
pub(super) struct Aggregate {
    /// The facts; `Running` if nothing but a probe is open.
    pub(super) facts: Facts,
    /// The services that are still awaited, each with what it lacks.
    pub(super) awaited: Vec<String>,
    /// The container that has failed.
    pub(super) failed: Option<String>,
    /// When the last of them was started: what tells one run from another.
    pub(super) started: Option<SystemTime>,
}

/// Judges the containers of one project.
pub(super) fn aggregate(containers: &[Container], around: &Circumstances<'_>) -> Aggregate {
    let containers: Vec<&Container> = containers.iter().filter(|one| !one.oneoff).collect();
    let services = services(&containers, around);
    let awaited: Vec<String> = services.iter().filter_map(|(name, fares)| lack(name, fares)).collect();
    let is_alive = containers.iter().any(|one| one.is_alive());
    let failed = worst(&containers, &services);
    let (state, note) = judge(&containers, &services, around, is_alive, failed);
    let up = containers.iter().filter(|one| one.status == Status::Running);
    let started = up.filter_map(|one| one.started).max();
    let finished = containers.iter().filter_map(|one| one.finished).max();
    let mut facts = Facts::bare(state, note);
    facts.restarts = around.restarts;
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
        failed: failed.map(|one| one.id.clone()),
        started,
    }
}

fn judge(
    containers: &[&Container],
    services: &[(String, Fares)],
    around: &Circumstances<'_>,
    is_alive: bool,
    failed: Option<&Container>,
) -> (InstanceState, Option<String>) {
    let is_stopped = around.want == Some(Want::Stopped);
    // Beside a failure it says nothing that another is young.
    let counts = |fares: &Fares| failed.is_none() || *fares != Fares::Settles;
    let lacking = services.iter().filter(|(_, fares)| counts(fares));
    let lacks: Vec<String> = lacking.filter_map(|(name, fares)| lack(name, fares)).collect();
    let lacks = (!lacks.is_empty()).then(|| lacks.join(", "));
    if containers.is_empty() {
        let starts = around.is_booting && around.want == Some(Want::Running);
        return match starts {
            true => (
                InstanceState::Starting,
                Some("no container has been created yet".to_owned()),
            ),
            false => (InstanceState::Stopped, None),
        };
    }
    if is_stopped && is_alive && around.is_ending {
        return (InstanceState::Stopping, None);
    }
    if !is_alive {
        return at_rest(containers, services, around, failed, lacks);
    }
    if is_stopped
        && containers
            .iter()
            .all(|one| !one.is_alive() || one.status == Status::Removing)
    {
        return (InstanceState::Stopping, None);
    }
    if let Some(one) = failed {
        let code = Some(one.exit_code);
        return (InstanceState::Crashed { exit_code: code }, lacks);
    }
    let missing = |fares: &Fares| matches!(fares, Fares::Missing | Fares::NotStarted);
    if services.iter().any(|(_, fares)| missing(fares)) && !around.is_booting {
        return (InstanceState::Crashed { exit_code: None }, lacks);
    }
    match lacks {
        Some(lacks) => (InstanceState::Starting, Some(lacks)),
        None => (InstanceState::Running, None),
    }
}

/// Nothing of it is alive.
fn at_rest(
    containers: &[&Container],
    services: &[(String, Fares)],
    around: &Circumstances<'_>,
    failed: Option<&Container>,
    lacks: Option<String>,
) -> (InstanceState, Option<String>) {
    let created = containers.iter().all(|one| one.status == Status::Created);
    if around.want == Some(Want::Stopped) {
        let ours = |one: &Container| one.finished >= around.wanted_since;
        let killed = containers
            .iter()
            .find(|one| one.exit_code == 137 && !one.oom_killed && ours(one));
        let note = killed.map(|one| {
            format!(
                "{} was killed: its grace period of {} s was too short",
                one.service, one.grace
            )
        });
        return (InstanceState::Stopped, note);
    }
    let wanted = around.want == Some(Want::Running);
    if wanted && around.is_booting && failed.is_none() {
        return (InstanceState::Starting, lacks);
    }
    if created {
        return match wanted {
            true => (InstanceState::Crashed { exit_code: None }, lacks),
            false => (InstanceState::Stopped, Some("created, and never started".to_owned())),
        };
    }
    let polite = containers
        .iter()
        .all(|one| POLITE.contains(&one.exit_code) && !one.oom_killed);
    if !wanted && polite {
        return (InstanceState::Stopped, None);
    }
    let code = failed.map_or(Some(0), |one| Some(one.exit_code));
    let done = services.iter().all(|(_, fares)| *fares == Fares::Done);
    let note = if done {
        Some("all of it has ended".to_owned())
    } else {
        lacks
    };
    (InstanceState::Crashed { exit_code: code }, note)
}

/// Every service that counts, by name, and how it fares: as the worst of its
/// containers.
fn services(containers: &[&Container], around: &Circumstances<'_>) -> Vec<(String, Fares)> {
    let required = around.required;
    let listed = if required.is_empty() { around.known } else { required };
    let mut names: Vec<&str> = listed.iter().map(String::as_str).collect();
    if names.is_empty() {
        names.extend(containers.iter().map(|one| one.service.as_str()));
    }
    names.sort_unstable();
    names.dedup();
    let fares = |name: &str| {
        let own = containers.iter().filter(|one| one.service == name);
        own.map(|one| fares(one, !required.is_empty(), around.young.as_ref()))
            .max()
            .unwrap_or(Fares::Missing)
    };
    names.into_iter().map(|name| (name.to_owned(), fares(name))).collect()
}

fn fares(one: &Container, must_run: bool, young: Option<&Range<SystemTime>>) -> Fares {
    let is_young = young.zip(one.started).is_some_and(|(young, at)| young.contains(&at));
    match one.status {
        Status::Running => match one.health {
            Health::None if is_young => Fares::Settles,
            Health::None | Health::Healthy => Fares::Up,
            Health::Starting => Fares::Waits("is not healthy yet".to_owned()),
            Health::Unhealthy => Fares::Waits("is unhealthy".to_owned()),
        },
        Status::Restarting => Fares::Waits(format!(
            "is restarted by docker again and again ({} times, last exit code {})",
            one.restart_count, one.exit_code
        )),
        Status::Paused => Fares::Waits("is paused".to_owned()),
        Status::Other => Fares::Waits("is in a state that is not known here".to_owned()),
        Status::Removing => Fares::Leaves,
        Status::Created if one.error.is_empty() && one.exit_code == 0 => Fares::NotStarted,
        Status::Exited if one.exit_code == 0 && !must_run => Fares::Done,
        Status::Created | Status::Exited | Status::Dead => Fares::Failed(one.exit_code),
    }
}

/// What a service lacks, in words.
fn lack(name: &str, fares: &Fares) -> Option<String> {
    Some(match fares {
        Fares::Up | Fares::Done => return None,
        Fares::Settles => format!("{name} has just been started"),
        Fares::Waits(how) => format!("{name} {how}"),
        Fares::Leaves => format!("{name} is being removed"),
        Fares::NotStarted => format!("{name} is not started"),
        Fares::Missing => format!("{name} is not there"),
        Fares::Failed(code) => format!("{name} ended with exit code {code}"),
    })
}

/// The container that stands for the failure of a service that counts: the
/// first that failed, for others tend to follow it.
fn worst<'a>(containers: &[&'a Container], services: &[(String, Fares)]) -> Option<&'a Container> {
    let counts = |one: &Container| {
        let failed = |(name, fares): &(String, Fares)| *name == one.service && matches!(fares, Fares::Failed(_));
        services.iter().any(failed) && !one.is_alive()
    };
    let failed = containers.iter().filter(|one| counts(one));
    // One that was asked to end tells less than one that was not.
    failed
        .min_by_key(|one| (POLITE.contains(&one.exit_code) && !one.oom_killed, one.finished))
        .copied()
}

fn last_exit(containers: &[&Container], failed: Option<&Container>, around: &Circumstances<'_>) -> Option<LastExit> {
    let ended = |one: &&&Container| {
        let finished = one.finished.is_some_and(|time| time > SystemTime::UNIX_EPOCH);
        finished && matches!(one.status, Status::Exited | Status::Dead)
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

fn details(containers: &[&Container], services: &[(String, Fares)]) -> Vec<(&'static str, Detail)> {
    let up = containers.iter().filter(|one| one.status == Status::Running).count();
    let word = |fares: &Fares| match fares {
        Fares::Up => "up",
        Fares::Done => "done",
        Fares::Settles => "up",
        Fares::Waits(_) => "waiting",
        Fares::Leaves => "removing",
        Fares::NotStarted => "created",
        Fares::Missing => "missing",
        Fares::Failed(_) => "failed",
    };
    let each: Vec<String> = services
        .iter()
        .map(|(name, fares)| format!("{name} {}", word(fares)))
        .collect();
    vec![
        ("containers_up", Detail::Number(up as u64)),
        ("services", Detail::Text(each.join(", "))),
    ]
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
