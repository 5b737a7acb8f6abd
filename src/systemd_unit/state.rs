//! The state of a unit, out of what systemd tells of it.
//!
//! | systemd says | intent | state |
//! |---|---|---|
//! | active | any | running, before any probe is asked |
//! | activating, or down with a job | any | starting |
//! | activating, in `auto-restart` | any | crashed: systemd starts it again |
//! | deactivating | any | stopping |
//! | failed or inactive, and it was never started since the host booted | any | stopped |
//! | failed or inactive, by a stop that somebody asked for | any | stopped |
//! | failed or inactive, started before somebody wanted it stopped | stopped | stopped |
//! | failed | another | crashed |
//! | inactive, of itself | running | crashed, if its policy does not allow that |
//! | inactive, of itself | none | stopped |
//!
//! systemd does not tell a stop that was asked for from an end of itself, but the order
//! of its times does: a stop ends the main process after the unit has left `active`, and
//! what ends of itself takes the unit with it.
//!
//! A unit with a `Restart=` of its own is started again by systemd, or is left down, and
//! nobody else decides about that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::words;
use crate::event::Want;
use crate::inventory::UnitSpec;
use crate::store::stack::StackStop;
use crate::supervisor::{ALLOWED, Detail, Facts, InstanceState, LastExit};
use crate::systemd::UnitProperties;

/// The note on a unit that is down, and of which systemd knows nothing any more.
const FORGOTTEN: &str = "it ended without a failure, of itself or through systemd, \
                         which forgets a unit that is not enabled";

/// The time that no unit has as a limit: infinity.
const FOREVER: u64 = u64::MAX;

/// The facts on record of a unit.
#[derive(Debug, Clone, Default)]
pub(super) struct UnitCircumstances<'a> {
    /// The intent, and its time in milliseconds since 1970.
    pub(super) intent: Option<(Want, u64)>,
    /// The last stop that was begun here.
    pub(super) stop: Option<StackStop>,
    /// True if it was started here since the host booted.
    pub(super) was_started: bool,
    /// The automatic restarts by `run`.
    pub(super) restarts: u32,
    /// The exit codes with which it may end without being a failure.
    pub(super) success_codes: &'a [i32],
}

impl UnitCircumstances<'_> {
    /// Returns true if a stop of a run was begun here, and is the last thing that was asked
    /// for.
    pub(super) fn is_to_end(&self, run: u64) -> bool {
        let is_last = |stop: &StackStop| {
            let intent = self.intent;
            intent.is_none_or(|(want, at_ms)| want == Want::Stopped || stop.at_wall_ms >= at_ms)
        };
        self.stop
            .filter(|stop| stop.run_ns == run)
            .as_ref()
            .is_some_and(is_last)
    }
}

/// Returns the facts of a unit that is loaded; it is `Running` where nothing but a probe
/// is open.
///
/// # Errors
/// When systemd says something that is not known here.
pub(super) fn judge(spec: &UnitSpec, unit: &UnitProperties, wanted: &UnitCircumstances<'_>) -> Result<Facts, String> {
    let word = unit.active_state.as_deref().unwrap_or_default();
    let sub = unit.sub_state.as_deref().unwrap_or_default();
    let mut facts = match word {
        "active" | "reloading" | "refreshing" => Facts::bare(InstanceState::Running, of_running(sub)),
        "activating" if sub.starts_with("auto-restart") => ended(spec, unit, wanted),
        "activating" => Facts::bare(InstanceState::Starting, Some(format!("systemd: {sub}"))),
        "deactivating" => Facts {
            ends_by_itself: !was_asked_to_stop(unit),
            ..Facts::bare(InstanceState::Stopping, None)
        },
        "failed" | "inactive" if unit.has_job() => Facts::bare(
            InstanceState::Starting,
            Some("systemd: it waits for its turn".to_owned()),
        ),
        "failed" | "inactive" => ended(spec, unit, wanted),
        other => return Err(format!("systemd says that it is `{other}`, which is not known here")),
    };
    facts.restarts = wanted.restarts.saturating_add(unit.restarts.unwrap_or(0));
    facts.restarts_itself = restarts_itself(unit);
    facts.run = Some(started_us(unit)).filter(|at| *at > 0);
    facts.pid = unit.main_pid.filter(|pid| *pid > 0);
    facts.last_exit = last_exit(unit, wanted);
    let since = match facts.state {
        InstanceState::Running => unit.active_enter_timestamp,
        InstanceState::Starting => unit.exec_main_start_timestamp.max(unit.inactive_exit_timestamp),
        InstanceState::Stopping => unit.state_change_timestamp,
        _ => unit
            .exec_main_exit_timestamp
            .filter(|at| *at > 0)
            .or(unit.state_change_timestamp),
    };
    facts.since = since.and_then(wall_time);
    if facts.state == InstanceState::Running {
        let up = facts.since.and_then(|since| since.elapsed().ok());
        facts.uptime_seconds = up.map_or(0, |up| up.as_secs());
    }
    facts.details = details(spec, unit);
    Ok(facts)
}

/// Returns true if systemd restarts a unit, or decides not to.
pub(super) fn restarts_itself(unit: &UnitProperties) -> bool {
    unit.restart.as_deref().is_some_and(|restart| restart != "no")
}

/// Returns true if it is up when systemd says so: it tells systemd when it is ready.
pub(super) fn tells_ready(unit: &UnitProperties) -> bool {
    let tells = ["notify", "notify-reload", "dbus", "forking", "oneshot"];
    unit.kind.as_deref().is_some_and(|kind| tells.contains(&kind))
}

/// Returns true if anything of it is alive, or systemd is about to start it.
pub(super) fn is_up(unit: &UnitProperties) -> bool {
    !matches!(unit.active_state.as_deref(), Some("failed" | "inactive")) || unit.has_job()
}

/// Returns what tells one run of it from another: the time of its start, in microseconds
/// of the monotonic clock; 0 if it was never started since the host booted.
pub(super) fn started_us(unit: &UnitProperties) -> u64 {
    let main = unit.exec_main_start_timestamp_monotonic.unwrap_or(0);
    main.max(unit.inactive_exit_timestamp_monotonic.unwrap_or(0))
}

/// Returns true if it was killed since it did not end in its time.
pub(super) fn was_killed(unit: &UnitProperties) -> bool {
    unit.result.as_deref() == Some("timeout")
}

fn of_running(sub: &str) -> Option<String> {
    let is_empty = sub == "exited";
    is_empty.then(|| "none of its processes is left, and systemd calls it active: RemainAfterExit=".to_owned())
}

/// Returns true if the end that is under way, or the last one, was asked for.
fn was_asked_to_stop(unit: &UnitProperties) -> bool {
    let at = |time: Option<u64>| time.unwrap_or(0);
    let result = unit.result.as_deref().unwrap_or_default();
    let by_itself = ["watchdog", "oom-kill", "start-limit-hit", "protocol", "resources"];
    if by_itself.contains(&result) || result == "timeout" && at(unit.runtime_limit) != FOREVER {
        return false;
    }
    let (entered, left) = (
        at(unit.active_enter_timestamp_monotonic),
        at(unit.active_exit_timestamp_monotonic),
    );
    // A restart by systemd does not count as an exit from `inactive`.
    let was_active = entered >= started_us(unit).max(1) && left >= entered;
    let main_ended = at(unit.exec_main_exit_timestamp_monotonic);
    if was_active {
        return main_ended == 0 || main_ended >= left;
    }
    // It was still starting, and what fails then has a result.
    result == "success" && !ended_well(unit)
}

/// Returns true if its main process exited with 0.
fn ended_well(unit: &UnitProperties) -> bool {
    unit.exec_main_code == Some(1) && unit.exec_main_status == Some(0)
}

fn ended(spec: &UnitSpec, unit: &UnitProperties, wanted: &UnitCircumstances<'_>) -> Facts {
    let started = started_us(unit);
    let want = wanted.intent.map(|(want, _)| want);
    if started == 0 && unit.result.as_deref().is_none_or(|result| result == "success") {
        let is_forgotten = wanted.was_started && want == Some(Want::Running);
        return Facts::bare(InstanceState::Stopped, is_forgotten.then(|| FORGOTTEN.to_owned()));
    }
    let is_of_ours = wanted.stop.is_some_and(|stop| stop.run_ns == started);
    if unit.active_state.as_deref() != Some("activating") {
        if is_of_ours || want == Some(Want::Stopped) && !was_started_since(unit, wanted) {
            return Facts::bare(InstanceState::Stopped, how_it_stopped(unit));
        }
        if was_asked_to_stop(unit) {
            let note = how_it_stopped(unit).unwrap_or_else(|| "it was stopped through systemd".to_owned());
            return Facts {
                stays_down: true,
                ..Facts::bare(InstanceState::Stopped, Some(note))
            };
        }
    }
    let exit_code = unit.exec_main_status.filter(|_| unit.exec_main_code == Some(1));
    let is_failure = unit.result.as_deref() != Some("success");
    if !is_failure && unit.active_state.as_deref() == Some("inactive") {
        let is_allowed = restarts_itself(unit) || exit_code.is_some_and(|code| wanted.success_codes.contains(&code));
        if is_allowed {
            return Facts {
                ended_as_allowed: true,
                ..Facts::bare(InstanceState::Stopped, Some(ALLOWED.to_owned()))
            };
        }
        if want.is_none() {
            return Facts::bare(InstanceState::Stopped, Some("it ended by itself".to_owned()));
        }
    }
    Facts {
        // An end of the host ends them all.
        ended_from_outside: true,
        ..Facts::bare(InstanceState::Crashed { exit_code }, Some(words::of_end(spec, unit)))
    }
}

/// Returns true if it was started after the intent was set, and so by somebody else.
fn was_started_since(unit: &UnitProperties, wanted: &UnitCircumstances<'_>) -> bool {
    let started = unit.exec_main_start_timestamp.max(unit.inactive_exit_timestamp);
    let set_us = wanted.intent.map_or(0, |(_, at_ms)| at_ms.saturating_mul(1000));
    started.unwrap_or(0) > set_us
}

fn how_it_stopped(unit: &UnitProperties) -> Option<String> {
    was_killed(unit).then(|| words::of_kill(unit))
}

fn last_exit(unit: &UnitProperties, wanted: &UnitCircumstances<'_>) -> Option<LastExit> {
    let at = unit.exec_main_exit_timestamp.filter(|at| *at > 0)?;
    let status = unit.exec_main_status.unwrap_or(0);
    let (code, signal) = match unit.exec_main_code {
        Some(1) => (Some(status), None),
        Some(2 | 3) => (None, Some(words::signal_name(status))),
        _ => (None, None),
    };
    let is_of_ours = wanted.stop.is_some_and(|stop| stop.run_ns == started_us(unit));
    Some(LastExit {
        code,
        signal,
        at: wall_time(at),
        requested: is_of_ours || was_asked_to_stop(unit),
        oom_killed: unit.result.as_deref() == Some("oom-kill"),
    })
}

fn wall_time(us: u64) -> Option<SystemTime> {
    (us > 0).then(|| UNIX_EPOCH.checked_add(Duration::from_micros(us)))?
}

fn details(spec: &UnitSpec, unit: &UnitProperties) -> Vec<(std::borrow::Cow<'static, str>, Detail)> {
    let mut details = vec![("unit".into(), Detail::Text(spec.unit.clone()))];
    if let Some(result) = &unit.result {
        details.push(("result".into(), Detail::Text(result.clone())));
    }
    let invocation = unit.invocation.as_deref().unwrap_or_default();
    if !invocation.is_empty() {
        let hex: String = invocation.iter().map(|byte| format!("{byte:02x}")).collect();
        details.push(("invocation".into(), Detail::Text(hex)));
    }
    details
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
