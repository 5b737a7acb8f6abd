//! The kernel's counters of a process.

use std::collections::BTreeMap;
use std::fs;

/// The memory of these processes in KiB, what is shared divided fairly (PSS).
pub(crate) fn memory(pids: &[i32]) -> f64 {
    pids.iter()
        .map(|pid| field(&format!("/proc/{pid}/smaps_rollup"), "Pss:"))
        .sum()
}

/// The number of times and the time that processes ran.
#[derive(Default, Clone, Copy)]
pub(crate) struct Activity {
    /// Wake-ups: every switch away from it followed one to it.
    pub(crate) wakeups: f64,
    /// Seconds of processor time.
    pub(crate) seconds: f64,
}

/// The activity of each of these processes since it began.
pub(crate) fn activity(pids: &[i32]) -> BTreeMap<i32, Activity> {
    pids.iter().map(|pid| (*pid, activity_of(*pid))).collect()
}

/// The activity of all between two looks. What was not there at the first did
/// all of it between.
pub(crate) fn between(before: &BTreeMap<i32, Activity>, after: &BTreeMap<i32, Activity>) -> Activity {
    after.iter().fold(Activity::default(), |sum, (pid, now)| {
        let then = before.get(pid).copied().unwrap_or_default();
        Activity {
            wakeups: sum.wakeups + now.wakeups - then.wakeups,
            seconds: sum.seconds + now.seconds - then.seconds,
        }
    })
}

fn activity_of(pid: i32) -> Activity {
    let status = format!("/proc/{pid}/status");
    // In nanoseconds; the times in `stat` are in ticks of 10 ms.
    let run = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let run: f64 = run
        .split_whitespace()
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0);
    Activity {
        wakeups: field(&status, "voluntary_ctxt_switches:") + field(&status, "nonvoluntary_ctxt_switches:"),
        seconds: run / 1e9,
    }
}

/// The number behind a word at the begin of a line; 0 without one.
fn field(path: &str, name: &str) -> f64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.unwrap_or(0.0)
}
