//! The facts of an instance: a rendering of its situation. Pure.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::evidence::Evidence;
use super::repair::unobserved_exit;
use super::situation::{Last, Situation};
use crate::event::Want;
use crate::inventory::RestartPolicy;
use crate::store::ending::Exit;
use crate::store::launch::{Launch, ReadyAt};
use crate::store::status_table::{Phase, PreviousExit, ShimStatus};
use crate::supervisor::{ALLOWED, Detail, Facts, InstanceState, LastExit, Observation, join_notes};
use crate::sys::reaper::{Ending, signal_name};

const ENDED: &str = "its end is being put on record";
const DRAINING: &str = "its main process has ended; what outlived it is being cleared away";
const DETACHED: &str = "its folder in the state directory was removed: its log and console are lost, a stop ends it";
const ORPHAN: &str = "its shim was killed; the next verb takes it over";
const UNOBSERVED: &str = "nobody saw how it ended: its shim was killed too";
const CONTAINER_GONE: &str = "what ran ended with its container";
const REBOOTED: &str = "what ran ended with a reboot of the host";

pub(super) fn observation(evidence: &Evidence, policy: &RestartPolicy) -> Observation {
    let noted = |note: &str, facts| Facts {
        note: Some(note.to_owned()),
        ..facts
    };
    let facts = match Situation::of(evidence) {
        Situation::Kept(entry) => of_entry(entry, evidence.now_boot_ms),
        Situation::Detached(entry) => noted(DETACHED, of_entry(entry, evidence.now_boot_ms)),
        Situation::Ended(launch, exit) => of_exit(launch, exit, evidence, policy),
        Situation::Transitional(Last::Ended(launch, exit)) | Situation::Free(Last::Ended(launch, exit)) => {
            of_exit(launch, exit, evidence, policy)
        }
        Situation::KeptSilently(launch) | Situation::Transitional(Last::Open(launch)) => of_launch(launch, evidence),
        Situation::Orphan(launch) => noted(ORPHAN, of_launch(launch, evidence)),
        Situation::Transitional(Last::Never) => bare(evidence, InstanceState::Starting, Some("being launched")),
        Situation::Transitional(Last::Unobserved(_)) => bare(evidence, InstanceState::Stopping, Some(ENDED)),
        Situation::Free(Last::Unobserved(launch)) => of_unobserved(launch, evidence, policy),
        Situation::Transitional(Last::Rebooted) | Situation::Free(Last::Rebooted) => {
            bare(evidence, InstanceState::Stopped, Some(REBOOTED))
        }
        Situation::Transitional(Last::ContainerGone) | Situation::Free(Last::ContainerGone) => {
            bare(evidence, InstanceState::Stopped, Some(CONTAINER_GONE))
        }
        Situation::Free(_) => bare(evidence, InstanceState::Stopped, None),
        Situation::Unclear(why) | Situation::Transitional(Last::Unclear(why)) => {
            return Observation::Unknown { reason: why.reason() };
        }
    };
    facts.into()
}

/// Returns how an earlier launch ended.
fn earlier_exit(evidence: &Evidence) -> Option<LastExit> {
    evidence.last_exit().map(|exit| last_exit(&exit.into()))
}

fn bare(evidence: &Evidence, state: InstanceState, note: Option<&str>) -> Facts {
    Facts {
        last_exit: earlier_exit(evidence),
        ..Facts::bare(state, note.map(str::to_owned))
    }
}

/// Returns what [`of_exit`] will, once this end is on record: a crash is one crash,
/// before and after that.
fn of_unobserved(launch: &Launch, evidence: &Evidence, policy: &RestartPolicy) -> Facts {
    let exit = unobserved_exit(launch, evidence.intent, evidence.ending);
    let facts = of_exit(launch, &exit, evidence, policy);
    match &evidence.exit {
        Err(damage) => Facts {
            note: Some(damage.to_string()),
            ..facts
        },
        Ok(_) => facts,
    }
}

fn of_exit(launch: &Launch, exit: &Exit, evidence: &Evidence, policy: &RestartPolicy) -> Facts {
    let by_itself = exit.was_ready && !exit.by_signal;
    let deliberate = by_itself && policy.policy.is_deliberate(exit.code(), &policy.success_exit_codes);
    // A container that is started again counts as a host.
    let is_of_this_host = evidence.frame.as_ref().is_ok_and(|here| *here == launch.frame);
    let with_host = exit.by_signal && evidence.frame.is_ok() && !is_of_this_host;
    let crashed = InstanceState::Crashed { exit_code: exit.code() };
    let was_stopped = exit.requested || with_host || evidence.intent == Some(Want::Stopped);
    let (state, note) = if was_stopped {
        (InstanceState::Stopped, exit.note.clone())
    } else if deliberate {
        (InstanceState::Stopped, ALLOWED.to_owned())
    } else {
        (crashed, crash_note(exit))
    };
    Facts {
        since: exit.at_wall_ms.map(wall),
        ended_from_outside: exit.by_signal
            || matches!(exit.ending, Some(Ending::Signal(libc::SIGTERM | libc::SIGHUP, _))),
        ended_as_allowed: deliberate && !was_stopped,
        stays_down: exit.by_signal && exit.requested && is_of_this_host,
        restarts: launch.restarts,
        last_exit: Some(last_exit(&exit.into())),
        run: Some(launch.generation),
        details: details(launch.generation, None, launch.adopted, exit.lost_output),
        ..Facts::bare(state, join_notes([Some(note), lost_output(exit.lost_output)]))
    }
}

fn lost_output(bytes: u64) -> Option<String> {
    (bytes > 0).then(|| format!("{bytes} bytes of its output could not be logged"))
}

fn crash_note(exit: &Exit) -> String {
    if exit.at_wall_ms.is_none() && exit.ending.is_none() {
        return UNOBSERVED.to_owned();
    }
    if exit.by_signal {
        return exit.note.clone();
    }
    let how = if exit.oom_killed {
        "killed by the out-of-memory killer".to_owned()
    } else {
        match exit.ending {
            Some(Ending::Code(code)) => format!("exit code {code}"),
            Some(Ending::Signal(signal, core)) => {
                let dumped = if core { ", core dumped" } else { "" };
                format!("killed by {}{dumped}", signal_name(signal))
            }
            None => "exit code not known".to_owned(),
        }
    };
    let when = if exit.was_ready { "" } else { " before it was ready" };
    match exit.note.as_str() {
        "" => format!("{how}{when}"),
        note => format!("{how}{when}; {note}"),
    }
}

/// Returns the facts that a living shim reports.
pub(super) fn of_entry(entry: &ShimStatus, now_boot_ms: u64) -> Facts {
    let lost = || lost_output(entry.lost_output);
    let stopping = |note| Facts {
        since: Some(wall(entry.phase_wall_ms)),
        ends_by_itself: entry.is_draining(),
        ..Facts::bare(InstanceState::Stopping, note)
    };
    let alive = |ready| Facts {
        note: lost(),
        ..of_game(ready, entry.launched_wall_ms, now_boot_ms)
    };
    let facts = match entry.phase {
        // Nothing to play on is left.
        _ if entry.is_draining() => stopping(Some(DRAINING.to_owned())),
        Phase::Ended => stopping(Some(ENDED.to_owned())),
        Phase::Stopping if !entry.step.is_empty() => stopping(Some(format!("waiting for {}", entry.step))),
        Phase::Stopping => stopping(lost()),
        Phase::Alive => alive(entry.ready),
        Phase::Launching => alive(None),
    };
    Facts {
        pid: u32::try_from(entry.main.pid).ok().filter(|_| !entry.main_ended),
        restarts: entry.restarts,
        last_exit: entry.past.as_ref().map(last_exit),
        run: Some(entry.generation),
        details: details(entry.generation, Some(entry.shim_pid), entry.adopted, entry.lost_output),
        ..facts
    }
}

fn of_launch(launch: &Launch, evidence: &Evidence) -> Facts {
    Facts {
        pid: u32::try_from(launch.main.pid).ok(),
        restarts: launch.restarts,
        last_exit: earlier_exit(evidence),
        run: Some(launch.generation),
        details: details(launch.generation, None, launch.adopted, 0),
        ..of_game(launch.ready, launch.launched_wall_ms, evidence.now_boot_ms)
    }
}

/// Returns the facts of a game that runs, and is ready or still starting.
fn of_game(ready: Option<ReadyAt>, launched_wall_ms: u64, now_boot_ms: u64) -> Facts {
    let (state, since_ms) = match ready {
        Some(ready) => (InstanceState::Running, ready.wall_ms),
        None => (InstanceState::Starting, launched_wall_ms),
    };
    Facts {
        since: Some(wall(since_ms)),
        uptime_seconds: ready.map_or(0, |ready| now_boot_ms.saturating_sub(ready.boot_ms) / 1000),
        ..Facts::bare(state, None)
    }
}

fn details(launch: u64, shim: Option<i32>, adopted: bool, lost_output: u64) -> Vec<(Cow<'static, str>, Detail)> {
    let mut details = vec![("launch".into(), Detail::Number(launch))];
    if let Some(pid) = shim.and_then(|pid| u64::try_from(pid).ok()) {
        details.push(("shim_pid".into(), Detail::Number(pid)));
    }
    if adopted {
        details.push(("adopted".into(), Detail::Flag(true)));
    }
    if lost_output > 0 {
        details.push(("lost_output_bytes".into(), Detail::Number(lost_output)));
    }
    details
}

fn last_exit(past: &PreviousExit) -> LastExit {
    let (code, signal) = match past.ending {
        Some(Ending::Code(code)) => (Some(code), None),
        Some(Ending::Signal(signal, _)) => (None, Some(signal_name(signal))),
        None => (None, None),
    };
    LastExit {
        code,
        signal,
        at: past.at_wall_ms.map(wall),
        requested: past.requested,
        oom_killed: past.oom_killed,
    }
}

/// Returns a time on the wall clock, at most the end of the year 9999.
fn wall(wall_ms: u64) -> SystemTime {
    const LATEST_MS: u64 = 253_402_300_799_000;
    UNIX_EPOCH + Duration::from_millis(wall_ms.min(LATEST_MS))
}

#[cfg(test)]
mod tests;
