//! The facts of an instance: a rendering of its situation. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::evidence::{Evidence, Reading};
use super::situation::{Last, Situation};
use crate::event::Want;
use crate::inventory::RestartPolicy;
use crate::store::board::{Entry, Past, Phase};
use crate::store::ending::Exit;
use crate::store::launch::{Launch, ReadyAt};
use crate::supervisor::{Detail, Facts, InstanceState, LastExit, Observation};
use crate::sys::reaper::{Ending, signal_name};

const ENDED: &str = "its end is being put on record";
const DRAINING: &str = "its main process has ended; what outlived it is being cleared away";
const DETACHED: &str = "its folder in the state directory was removed: its log and console are lost, a stop ends it";
const ORPHAN: &str = "its shim was killed; the next verb takes it over";
const REBOOTED: &str = "what ran ended with a reboot of the host";

pub(super) fn observation(evidence: &Evidence, policy: &RestartPolicy) -> Observation {
    match facts(evidence, policy) {
        Ok(facts) => Observation::Known(Box::new(facts)),
        Err(reason) => Observation::Unknown { reason },
    }
}

fn facts(evidence: &Evidence, policy: &RestartPolicy) -> Result<Facts, String> {
    let now = evidence.now_boot_ms;
    let facts = match Situation::of(evidence) {
        Situation::Kept(entry) => of_entry(entry, now),
        Situation::Detached(entry) => Facts {
            note: Some(DETACHED.to_owned()),
            ..of_entry(entry, now)
        },
        Situation::Ended(launch, exit)
        | Situation::Transitional(Last::Ended { launch, exit, .. })
        | Situation::Free {
            last: Last::Ended { launch, exit, .. },
            ..
        } => of_exit(launch, exit, evidence.intent, policy),
        Situation::KeptSilently(launch) | Situation::Transitional(Last::Open(launch)) => {
            with_last_exit(evidence, of_launch(launch, now, None))
        }
        Situation::Orphan(launch) => with_last_exit(evidence, of_launch(launch, now, Some(ORPHAN.to_owned()))),
        Situation::Transitional(Last::Never) => bare(evidence, InstanceState::Starting, Some("being launched")),
        Situation::Transitional(Last::Unobserved(_)) => bare(evidence, InstanceState::Stopping, Some(ENDED)),
        Situation::Free {
            last: Last::Unobserved(launch),
            ..
        } => of_unobserved(launch, evidence),
        Situation::Transitional(Last::Rebooted)
        | Situation::Free {
            last: Last::Rebooted, ..
        } => bare(evidence, InstanceState::Stopped, Some(REBOOTED)),
        Situation::Free { .. } => bare(evidence, InstanceState::Stopped, None),
        Situation::Unclear(why) | Situation::Transitional(Last::Unclear(why)) => return Err(why.reason()),
    };
    Ok(facts)
}

/// Adds how an earlier launch ended.
fn with_last_exit(evidence: &Evidence, facts: Facts) -> Facts {
    Facts {
        last_exit: evidence.exit.this().map(last_exit),
        ..facts
    }
}

fn bare(evidence: &Evidence, state: InstanceState, note: Option<&str>) -> Facts {
    with_last_exit(evidence, Facts::bare(state, note.map(str::to_owned)))
}

fn of_unobserved(launch: &Launch, evidence: &Evidence) -> Facts {
    let (state, note) = match evidence.intent {
        Some(Want::Stopped) => (InstanceState::Stopped, "it ended after its shim was killed"),
        _ => (
            InstanceState::Crashed { exit_code: None },
            "nobody saw how it ended: its shim was killed too",
        ),
    };
    let note = match &evidence.exit {
        Reading::Damaged(why) => why,
        _ => note,
    };
    Facts {
        restarts: launch.restarts,
        ..bare(evidence, state, Some(note))
    }
}

fn of_exit(launch: &Launch, exit: &Exit, intent: Option<Want>, policy: &RestartPolicy) -> Facts {
    let deliberate = exit.was_ready && policy.policy.is_deliberate(exit.code(), &policy.success_exit_codes);
    let (state, note) = if exit.requested || intent == Some(Want::Stopped) {
        (InstanceState::Stopped, exit.note.clone())
    } else if deliberate {
        (
            InstanceState::Stopped,
            "it ended by itself, which its policy allows".to_owned(),
        )
    } else {
        let state = InstanceState::Crashed { exit_code: exit.code() };
        (state, crash_note(exit))
    };
    Facts {
        since: exit.at_wall_ms.map(wall),
        restarts: launch.restarts,
        last_exit: Some(last_exit(exit)),
        details: details(launch.generation, None, launch.adopted, exit.lost_output),
        ..Facts::bare(state, Some(note).filter(|note| !note.is_empty()))
    }
}

fn crash_note(exit: &Exit) -> String {
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
pub(super) fn of_entry(entry: &Entry, now_boot_ms: u64) -> Facts {
    let (state, since_ms, uptime) = match (entry.phase, entry.ready) {
        // Nothing to play on is left.
        _ if entry.is_clearing() => (InstanceState::Stopping, entry.phase_wall_ms, 0),
        (Phase::Stopping | Phase::Ended, _) => (InstanceState::Stopping, entry.phase_wall_ms, 0),
        (Phase::Alive, Some(ready)) => (InstanceState::Running, ready.wall_ms, uptime(ready, now_boot_ms)),
        (Phase::Alive | Phase::Launching, _) => (InstanceState::Starting, entry.launched_wall_ms, 0),
    };
    let note = match entry.phase {
        Phase::Stopping if !entry.step.is_empty() => Some(format!("waiting for {}", entry.step)),
        Phase::Ended => Some(ENDED.to_owned()),
        _ if entry.is_clearing() => Some(DRAINING.to_owned()),
        _ if entry.lost_output > 0 => Some(format!("{} bytes of its output could not be logged", entry.lost_output)),
        _ => None,
    };
    Facts {
        state,
        uptime_seconds: uptime,
        ends_by_itself: entry.is_clearing(),
        since: Some(wall(since_ms)),
        pid: u32::try_from(entry.main.pid).ok().filter(|_| !entry.main_ended),
        restarts: entry.restarts,
        last_exit: entry.past.as_ref().map(past_exit),
        note,
        details: details(entry.generation, Some(entry.shim_pid), entry.adopted, entry.lost_output),
    }
}

fn of_launch(launch: &Launch, now_boot_ms: u64, note: Option<String>) -> Facts {
    let (state, since_ms, uptime) = match launch.ready {
        Some(ready) => (InstanceState::Running, ready.wall_ms, uptime(ready, now_boot_ms)),
        None => (InstanceState::Starting, launch.launched_wall_ms, 0),
    };
    Facts {
        state,
        uptime_seconds: uptime,
        ends_by_itself: false,
        since: Some(wall(since_ms)),
        pid: u32::try_from(launch.main.pid).ok(),
        restarts: launch.restarts,
        last_exit: None,
        note,
        details: details(launch.generation, None, launch.adopted, 0),
    }
}

fn uptime(ready: ReadyAt, now_boot_ms: u64) -> u64 {
    now_boot_ms.saturating_sub(ready.boot_ms) / 1000
}

fn details(launch: u64, shim: Option<i32>, adopted: bool, lost_output: u64) -> Vec<(&'static str, Detail)> {
    let mut details = vec![("launch", Detail::Number(launch))];
    if let Some(pid) = shim.and_then(|pid| u64::try_from(pid).ok()) {
        details.push(("shim_pid", Detail::Number(pid)));
    }
    if adopted {
        details.push(("adopted", Detail::Flag(true)));
    }
    if lost_output > 0 {
        details.push(("lost_output_bytes", Detail::Number(lost_output)));
    }
    details
}

fn last_exit(exit: &Exit) -> LastExit {
    past_exit(&Past::from(exit))
}

fn past_exit(past: &Past) -> LastExit {
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
mod tests {
    use super::super::evidence::{Game, Shim};
    use super::*;
    use crate::inventory::RestartWhen;
    use crate::store::launch::LogPosition;
    use crate::sys::host::Frame;
    use crate::sys::procfs::ProcessId;

    fn frame() -> Frame {
        Frame {
            boot: "boot".into(),
            machine: "machine".into(),
            namespaces: "pid:1 time:1".into(),
        }
    }

    fn launch(ready: bool) -> Launch {
        Launch {
            generation: 4,
            frame: frame(),
            shim: ProcessId { pid: 10, start: 1 },
            main: ProcessId { pid: 11, start: 2 },
            launched_wall_ms: 1_000,
            launched_boot_ms: 1_000,
            log: LogPosition { inode: 1, offset: 0 },
            output: 0,
            ready: ready.then_some(ReadyAt {
                boot_ms: 2_000,
                wall_ms: 2_000,
            }),
            restarts: 2,
            adopted: false,
            tree_tag: "GAMECTL_TREE=1-2".into(),
        }
    }

    fn exit(generation: u64, ending: Option<Ending>, requested: bool) -> Exit {
        Exit {
            ending,
            was_ready: true,
            at_wall_ms: Some(5_000),
            ..Exit::unseen(generation, "boot".into(), requested, "")
        }
    }

    fn evidence(launch: Launch) -> Evidence {
        Evidence {
            launch: Reading::This(launch),
            frame: Reading::This(frame()),
            now_boot_ms: 12_345,
            ..Evidence::never_started()
        }
    }

    fn entry(phase: Phase) -> Entry {
        Entry {
            id: "a".into(),
            phase,
            phase_wall_ms: 1_000,
            generation: 4,
            shim_pid: 10,
            main: ProcessId { pid: 11, start: 2 },
            main_ended: false,
            launched_wall_ms: 1_000,
            launched_boot_ms: 1_000,
            ready: launch(true).ready,
            restarts: 2,
            adopted: false,
            lost_output: 0,
            past: None,
            step: String::new(),
            step_since_ms: 0,
            step_limit_ms: 0,
        }
    }

    fn state(evidence: &Evidence) -> String {
        state_under(evidence, &RestartPolicy::default())
    }

    fn state_under(evidence: &Evidence, policy: &RestartPolicy) -> String {
        match observation(evidence, policy) {
            Observation::Known(facts) => {
                let code = match facts.state {
                    InstanceState::Crashed { exit_code: Some(code) } => format!(" {code}"),
                    _ => String::new(),
                };
                format!("{}{code}: {}", facts.state, facts.note.unwrap_or_default())
            }
            Observation::Unknown { reason } => format!("unknown: {reason}"),
        }
    }

    #[test]
    fn never_started() {
        let mut evidence = Evidence::never_started();
        assert_eq!(state(&evidence), "stopped: ");
        evidence.shim = Shim::Lives(None);
        assert_eq!(state(&evidence), "starting: being launched");
    }

    #[test]
    fn a_detached_game_keeps_its_state_and_gets_a_note() {
        let entry = entry(Phase::Alive);
        let mut seen = Evidence::never_started();
        seen.shim = Shim::Detached(Box::new(entry.clone()));
        let told = state(&seen);
        assert!(
            told.starts_with("running: its folder in the state directory was removed"),
            "{told}"
        );
        assert_eq!(Situation::of(&seen), Situation::Detached(&entry));
    }

    #[test]
    fn a_shim_that_reports_an_end_which_is_not_on_record() {
        let mut seen = evidence(launch(true));
        seen.shim = Shim::Lives(Some(Box::new(entry(Phase::Ended))));
        assert_eq!(state(&seen), "stopping: its end is being put on record");
        seen.exit = Reading::This(exit(4, Some(Ending::Code(7)), false));
        assert_eq!(state(&seen), "crashed 7: exit code 7");
    }

    #[test]
    fn a_living_shim_without_a_report() {
        let mut seen = evidence(launch(true));
        seen.shim = Shim::Lives(None);
        assert_eq!(state(&seen), "running: ");
        let Observation::Known(facts) = observation(&seen, &RestartPolicy::default()) else {
            panic!()
        };
        assert_eq!((facts.uptime_seconds, facts.pid, facts.restarts), (10, Some(11), 2));
        assert_eq!(facts.since, Some(UNIX_EPOCH + Duration::from_secs(2)));
        let mut seen = evidence(launch(false));
        seen.shim = Shim::Lives(None);
        assert_eq!(state(&seen), "starting: ");
        // It can write nothing, neither there nor on record.
        seen.game = Game::Gone;
        assert_eq!(state(&seen), "stopping: its end is being put on record");
    }

    #[test]
    fn a_dead_shim() {
        let mut seen = evidence(launch(true));
        for (game, wanted) in [
            (Game::Alive, "running: its shim was killed; the next verb takes it over"),
            (Game::Gone, "crashed: nobody saw how it ended: its shim was killed too"),
            (Game::CannotTell("no".into()), "unknown: no"),
            (Game::NotAsked, "unknown: what is left of it could not be found out"),
        ] {
            seen.game = game;
            assert_eq!(state(&seen), wanted);
        }
        seen.game = Game::Gone;
        seen.intent = Some(Want::Stopped);
        assert_eq!(state(&seen), "stopped: it ended after its shim was killed");
        seen.exit = Reading::Damaged("exit is damaged".into());
        assert_eq!(state(&seen), "stopped: exit is damaged");
        seen.exit = Reading::CannotTell("a newer gamectl wrote exit".into());
        assert_eq!(state(&seen), "unknown: a newer gamectl wrote exit");
    }

    #[test]
    fn exits() {
        let code = |code| Some(Ending::Code(code));
        for (ending, requested, wanted) in [
            (code(0), true, "stopped: "),
            (code(0), false, "crashed 0: exit code 0"),
            (code(7), false, "crashed 7: exit code 7"),
            (
                Some(Ending::Signal(11, true)),
                false,
                "crashed: killed by SIGSEGV, core dumped",
            ),
            (None, false, "crashed: exit code not known"),
        ] {
            let mut seen = evidence(launch(true));
            seen.exit = Reading::This(exit(4, ending, requested));
            assert_eq!(state(&seen), wanted);
            // A stop after the crash acknowledges it.
            seen.intent = Some(Want::Stopped);
            assert!(state(&seen).starts_with("stopped"));
        }
    }

    #[test]
    fn an_exit_of_another_launch_says_nothing_of_this_one() {
        let mut seen = evidence(launch(true));
        seen.exit = Reading::This(exit(3, Some(Ending::Code(1)), false));
        seen.game = Game::Alive;
        assert!(state(&seen).starts_with("running"));
        let Observation::Known(facts) = observation(&seen, &RestartPolicy::default()) else {
            panic!()
        };
        assert_eq!(facts.last_exit.unwrap().code, Some(1));
    }

    #[test]
    fn policies_on_a_deliberate_end() {
        let on_failure = RestartPolicy {
            policy: RestartWhen::OnFailure,
            success_exit_codes: vec![0, 9],
            ..RestartPolicy::default()
        };
        let mut seen = evidence(launch(true));
        for (code, wanted) in [(0, "stopped"), (9, "stopped"), (1, "crashed")] {
            seen.exit = Reading::This(exit(4, Some(Ending::Code(code)), false));
            assert!(state_under(&seen, &on_failure).starts_with(wanted), "{code}");
        }
        let early = Exit {
            was_ready: false,
            ..exit(4, Some(Ending::Code(0)), false)
        };
        seen.exit = Reading::This(early);
        assert_eq!(
            state_under(&seen, &on_failure),
            "crashed 0: exit code 0 before it was ready"
        );
    }

    #[test]
    fn other_frames() {
        let mut seen = evidence(launch(true));
        seen.frame = Reading::This(Frame {
            boot: "later".into(),
            ..frame()
        });
        assert_eq!(state(&seen), "stopped: what ran ended with a reboot of the host");
        seen.frame = Reading::This(Frame {
            machine: "other".into(),
            ..frame()
        });
        assert!(state(&seen).starts_with("unknown: it was started on another machine"));
        seen.frame = Reading::This(Frame {
            namespaces: "other".into(),
            ..frame()
        });
        assert!(state(&seen).starts_with("unknown: it was started in another container"));
        seen.frame = Reading::CannotTell("no /proc".into());
        assert_eq!(state(&seen), "unknown: no /proc");
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let mut seen = evidence(launch(true));
        seen.launch = Reading::Damaged("launch is damaged".into());
        assert_eq!(state(&seen), "unknown: launch is damaged");
        seen.launch = Reading::CannotTell("permission denied".into());
        assert_eq!(state(&seen), "unknown: permission denied");
        seen.shim = Shim::CannotTell("lock: no".into());
        assert_eq!(state(&seen), "unknown: lock: no");
    }
}
