//! The state of a unit in words, and the commands about it.

use std::fmt::Display;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::inventory::{UnitScope, UnitSpec};
use crate::invocation::quoted;
use crate::systemd::UnitProperties;

/// Returns a command of systemctl for the manager of a unit, in backticks.
pub(super) fn systemctl(spec: &UnitSpec, words: impl Display) -> String {
    let manager = match &spec.scope {
        UnitScope::System => String::new(),
        UnitScope::User(None) => " --user".to_owned(),
        UnitScope::User(Some(user)) => format!(" --user -M {}@", quoted(user)),
    };
    format!("`systemctl{manager} {words}`")
}

/// Returns how a unit ended that nobody had stopped.
pub(super) fn of_end(spec: &UnitSpec, unit: &UnitProperties) -> String {
    let how = of_result(spec, unit);
    let is_waiting = unit.active_state.as_deref() == Some("activating");
    let (restarts, burst) = (unit.restarts.unwrap_or(0), unit.start_limit_burst.unwrap_or(0));
    // systemd keeps the result of the last run at its limit, if that was a failure.
    if unit.active_state.as_deref() == Some("failed") && burst > 0 && restarts >= burst {
        return format!(
            "{how}; systemd has restarted it {restarts} times, and {}",
            no_more(spec)
        );
    }
    match unit.restart_delay {
        Some(delay) if is_waiting => format!("{how}; systemd restarts it {} after its end", spoken(delay)),
        _ => how,
    }
}

/// Returns the note on a unit that did not end in time.
pub(super) fn of_kill(unit: &UnitProperties) -> String {
    format!(
        "systemd killed it: it did not end within TimeoutStopSec={}",
        spoken(unit.stop_limit.unwrap_or(0))
    )
}

fn of_result(spec: &UnitSpec, unit: &UnitProperties) -> String {
    let status = unit.exec_main_status.unwrap_or(0);
    match unit.result.as_deref().unwrap_or_default() {
        "exit-code" => match of_systemd(status) {
            Some(step) => format!("systemd could not start it: {step} ({status})"),
            None => format!("exit code {status}"),
        },
        "signal" => format!("killed by {}", signal_name(status)),
        "core-dump" => format!("killed by {}, with a core dump", signal_name(status)),
        "oom-kill" => "killed by the out-of-memory killer".to_owned(),
        "watchdog" => "systemd killed it: it gave no sign of life within WatchdogSec=".to_owned(),
        "timeout" if unit.exec_main_start_timestamp.is_some() => format!(
            "it was not ready within TimeoutStartSec={}, and systemd ended it",
            spoken(unit.start_limit.unwrap_or(0))
        ),
        "protocol" => "it did not tell systemd in the way of its Type= that it is ready".to_owned(),
        "resources" => "systemd could not set it up; see its journal".to_owned(),
        "start-limit-hit" => format!("it was started too often in a short time: systemd {}", no_more(spec)),
        "success" => format!("exit code {status}"),
        other => format!("systemd says: {other}"),
    }
}

fn no_more(spec: &UnitSpec) -> String {
    let reset = systemctl(spec, format_args!("reset-failed {}", quoted(&spec.unit)));
    format!("starts it no more until {reset}, or a start by hand")
}

pub(super) fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.as_str().to_owned())
}

/// Returns the step at which systemd failed before the program was there, by the codes of
/// systemd.exec(5).
fn of_systemd(status: i32) -> Option<&'static str> {
    Some(match status {
        200 => "its WorkingDirectory= is not there",
        203 => "its program cannot be executed",
        208 | 209 => "its standard input or output cannot be set up",
        216 => "its Group= is not there",
        217 => "its User= is not there",
        218 => "its capabilities cannot be set",
        219 => "its control group cannot be set up",
        226 => "its namespaces cannot be set up",
        233..=240 => "one of its directories cannot be set up",
        _ => return None,
    })
}

/// Returns a time of systemd, which counts microseconds.
fn spoken(us: u64) -> String {
    match us {
        u64::MAX => "infinity".to_owned(),
        us => humantime::format_duration(Duration::from_micros(us)).to_string(),
    }
}
