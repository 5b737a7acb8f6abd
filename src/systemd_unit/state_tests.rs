use super::*;
use crate::inventory::UnitScope;

const SECOND: u64 = 1_000_000;
/// The time of the start of each unit here, on both clocks.
const START: u64 = 100 * SECOND;

fn spec() -> UnitSpec {
    UnitSpec {
        unit: "pal.service".to_owned(),
        scope: UnitScope::System,
    }
}

/// A unit that was started at 100 s, and is active since 101 s.
fn unit(active: &str, sub: &str, result: &str) -> UnitProperties {
    UnitProperties {
        load_state: Some("loaded".to_owned()),
        active_state: Some(active.to_owned()),
        sub_state: Some(sub.to_owned()),
        result: Some(result.to_owned()),
        kind: Some("simple".to_owned()),
        restart: Some("no".to_owned()),
        restart_delay: Some(5 * SECOND),
        start_limit: Some(90 * SECOND),
        stop_limit: Some(2 * SECOND),
        runtime_limit: Some(u64::MAX),
        inactive_exit_timestamp: Some(START),
        inactive_exit_timestamp_monotonic: Some(START),
        exec_main_start_timestamp: Some(START),
        exec_main_start_timestamp_monotonic: Some(START),
        active_enter_timestamp: Some(START + SECOND),
        active_enter_timestamp_monotonic: Some(START + SECOND),
        main_pid: Some(0),
        restarts: Some(0),
        ..UnitProperties::default()
    }
}

/// Gives it an end: `left` is when it left `active`, `ended` when its process was gone.
fn ended_at(mut unit: UnitProperties, left: u64, ended: u64, code: i32, status: i32) -> UnitProperties {
    unit.active_exit_timestamp_monotonic = Some(left);
    unit.exec_main_exit_timestamp = Some(ended);
    unit.exec_main_exit_timestamp_monotonic = Some(ended);
    unit.exec_main_code = Some(code);
    unit.exec_main_status = Some(status);
    unit
}

/// Ended by itself, 50 s after its start.
fn by_itself(unit: UnitProperties, code: i32, status: i32) -> UnitProperties {
    ended_at(unit, START + 50 * SECOND + 1, START + 50 * SECOND, code, status)
}

/// Stopped through systemd, 50 s after its start.
fn by_stop(unit: UnitProperties, code: i32, status: i32) -> UnitProperties {
    ended_at(unit, START + 50 * SECOND, START + 51 * SECOND, code, status)
}

fn wants(want: Want, at_ms: u64) -> UnitCircumstances<'static> {
    UnitCircumstances {
        intent: Some((want, at_ms)),
        ..UnitCircumstances::default()
    }
}

fn judged(unit: &UnitProperties, wanted: &UnitCircumstances<'_>) -> Facts {
    judge(&spec(), unit, wanted).unwrap()
}

#[test]
fn the_states_of_what_is_alive() {
    for (active, sub, state, note) in [
        ("active", "running", InstanceState::Running, None),
        (
            "active",
            "exited",
            InstanceState::Running,
            Some("none of its processes is left, and systemd calls it active: RemainAfterExit="),
        ),
        ("reloading", "reload", InstanceState::Running, None),
        ("refreshing", "refresh", InstanceState::Running, None),
        ("activating", "start", InstanceState::Starting, Some("systemd: start")),
        (
            "activating",
            "start-pre",
            InstanceState::Starting,
            Some("systemd: start-pre"),
        ),
        ("deactivating", "stop-sigterm", InstanceState::Stopping, None),
    ] {
        let facts = judged(&unit(active, sub, "success"), &UnitCircumstances::default());
        assert_eq!((facts.state, facts.note.as_deref()), (state, note), "{active} {sub}");
    }
    let mut waiting = by_itself(unit("failed", "failed", "exit-code"), 1, 3);
    waiting.job = Some((7, "/org/freedesktop/systemd1/job/7".try_into().unwrap()));
    assert_eq!(
        judged(&waiting, &UnitCircumstances::default()).state,
        InstanceState::Starting
    );
    assert!(is_up(&waiting));
    for odd in ["maintenance", "", "dreaming"] {
        assert!(
            judge(&spec(), &unit(odd, "x", "success"), &UnitCircumstances::default()).is_err(),
            "{odd}"
        );
    }
}

#[test]
fn the_crashes() {
    let crash = |code| InstanceState::Crashed { exit_code: code };
    for (result, code, status, exit_code, note) in [
        ("exit-code", 1, 3, Some(3), "exit code 3"),
        (
            "exit-code",
            1,
            203,
            Some(203),
            "systemd could not start it: its program cannot be executed (203)",
        ),
        ("signal", 2, 9, None, "killed by SIGKILL"),
        ("core-dump", 3, 11, None, "killed by SIGSEGV, with a core dump"),
        ("oom-kill", 2, 9, None, "killed by the out-of-memory killer"),
        (
            "watchdog",
            2,
            6,
            None,
            "systemd killed it: it gave no sign of life within WatchdogSec=",
        ),
        (
            "start-limit-hit",
            1,
            3,
            Some(3),
            "it was started too often in a short time: systemd starts it no more until \
             `systemctl reset-failed pal.service`, or a start by hand",
        ),
        ("dreamt", 1, 0, Some(0), "systemd says: dreamt"),
    ] {
        let unit = by_itself(unit("failed", "failed", result), code, status);
        for wanted in [UnitCircumstances::default(), wants(Want::Running, 1)] {
            let facts = judged(&unit, &wanted);
            assert_eq!(
                (facts.state, facts.note.as_deref()),
                (crash(exit_code), Some(note)),
                "{result}"
            );
            let exit = facts.last_exit.unwrap();
            assert_eq!((exit.code, exit.requested), (exit_code, false), "{result}");
            assert_eq!(exit.oom_killed, result == "oom-kill");
        }
        // A stop acknowledges it.
        assert_eq!(
            judged(&unit, &wants(Want::Stopped, 160_000)).state,
            InstanceState::Stopped
        );
        // Somebody has started it since.
        assert_eq!(judged(&unit, &wants(Want::Stopped, 99_000)).state, crash(exit_code));
    }
}

#[test]
fn what_systemd_restarts_has_crashed_until_then() {
    let mut waiting = by_itself(unit("activating", "auto-restart", "exit-code"), 1, 3);
    waiting.restart = Some("on-failure".to_owned());
    waiting.restarts = Some(2);
    let facts = judged(&waiting, &wants(Want::Running, 1));
    assert_eq!(facts.state, InstanceState::Crashed { exit_code: Some(3) });
    assert_eq!(
        facts.note.as_deref(),
        Some("exit code 3; systemd restarts it 5s after its end")
    );
    assert_eq!((facts.restarts, facts.restarts_itself), (2, true));
    let mut given_up = by_itself(unit("failed", "failed", "exit-code"), 1, 3);
    (given_up.restarts, given_up.start_limit_burst) = (Some(5), Some(5));
    assert_eq!(
        judged(&given_up, &wants(Want::Running, 1)).note.as_deref(),
        Some(
            "exit code 3; systemd has restarted it 5 times, and starts it no more until \
             `systemctl reset-failed pal.service`, or a start by hand"
        )
    );
    // Newer ones have a second word for it.
    waiting.sub_state = Some("auto-restart-queued".to_owned());
    let again = judged(&waiting, &wants(Want::Running, 1));
    assert_eq!(
        (again.state, again.since, again.details),
        (facts.state, facts.since, facts.details)
    );
}

#[test]
fn a_stop_through_systemd_is_no_crash() {
    for (active, result, code, status, note) in [
        ("inactive", "success", 2, 15, "it was stopped through systemd"),
        ("inactive", "success", 1, 0, "it was stopped through systemd"),
        ("failed", "exit-code", 1, 1, "it was stopped through systemd"),
        (
            "failed",
            "timeout",
            2,
            9,
            "systemd killed it: it did not end within TimeoutStopSec=2s",
        ),
    ] {
        let facts = judged(
            &by_stop(unit(active, active, result), code, status),
            &wants(Want::Running, 1),
        );
        assert_eq!(
            (facts.state, facts.note.as_deref()),
            (InstanceState::Stopped, Some(note)),
            "{result}"
        );
        assert!(facts.stays_down && facts.last_exit.unwrap().requested, "{result}");
    }
    // The first half of a restart of ours.
    let restart = UnitCircumstances {
        stop: Some(StackStop {
            at_wall_ms: 1,
            run_ns: START,
            now: false,
        }),
        ..wants(Want::Running, 1)
    };
    let facts = judged(&by_stop(unit("inactive", "dead", "success"), 2, 15), &restart);
    assert_eq!((facts.state, facts.stays_down), (InstanceState::Stopped, false));
    // A limit of its own run time is no stop that somebody asked for.
    let mut limited = by_stop(unit("failed", "failed", "timeout"), 2, 15);
    limited.runtime_limit = Some(50 * SECOND);
    let facts = judged(&limited, &wants(Want::Running, 1));
    assert_eq!(facts.state, InstanceState::Crashed { exit_code: None });
}

#[test]
fn a_start_that_fails_is_a_crash_though_an_earlier_run_was_stopped() {
    let mut late = unit("failed", "failed", "timeout");
    late.kind = Some("notify".to_owned());
    // It was active before, and not in this run.
    late.active_enter_timestamp_monotonic = Some(10 * SECOND);
    let late = ended_at(late, 20 * SECOND, START + 90 * SECOND, 2, 15);
    let facts = judged(&late, &wants(Want::Running, 1));
    assert_eq!(facts.state, InstanceState::Crashed { exit_code: None });
    assert_eq!(
        facts.note.as_deref(),
        Some("it was not ready within TimeoutStartSec=1m 30s, and systemd ended it")
    );
    // A restart by systemd that fails does not leave `inactive` before.
    let mut again = unit("failed", "failed", "exit-code");
    again.exec_main_start_timestamp_monotonic = Some(START + 60 * SECOND);
    let again = ended_at(again, START + 50 * SECOND, START + 61 * SECOND, 1, 3);
    let facts = judged(&again, &wants(Want::Running, 1));
    assert_eq!(facts.state, InstanceState::Crashed { exit_code: Some(3) });
}

#[test]
fn an_end_with_success_is_judged_by_the_policy_or_left_to_systemd() {
    let done = by_itself(unit("inactive", "dead", "success"), 1, 0);
    let running = || wants(Want::Running, 1);
    let crashed = judged(&done, &running());
    assert_eq!(crashed.state, InstanceState::Crashed { exit_code: Some(0) });
    assert_eq!(
        judged(&done, &UnitCircumstances::default()).state,
        InstanceState::Stopped
    );
    let allowed = UnitCircumstances {
        success_codes: &[0],
        ..running()
    };
    let facts = judged(&done, &allowed);
    assert_eq!((facts.state, facts.ended_as_allowed), (InstanceState::Stopped, true));
    let mut of_systemd = done;
    of_systemd.restart = Some("on-failure".to_owned());
    let facts = judged(&of_systemd, &running());
    assert_eq!((facts.state, facts.ended_as_allowed), (InstanceState::Stopped, true));
}

#[test]
fn a_unit_that_was_never_started_is_stopped() {
    let mut never = unit("inactive", "dead", "success");
    never.inactive_exit_timestamp_monotonic = Some(0);
    never.inactive_exit_timestamp = Some(0);
    never.exec_main_start_timestamp_monotonic = Some(0);
    never.exec_main_start_timestamp = Some(0);
    for wanted in [
        UnitCircumstances::default(),
        wants(Want::Running, 1),
        wants(Want::Stopped, 1),
    ] {
        let facts = judged(&never, &wanted);
        assert_eq!(
            (facts.state, facts.last_exit, facts.run),
            (InstanceState::Stopped, None, None)
        );
        assert!(!facts.stays_down);
        assert_eq!(facts.note, None);
    }
    let forgotten = UnitCircumstances {
        was_started: true,
        ..wants(Want::Running, 1)
    };
    assert_eq!(judged(&never, &forgotten).note.as_deref(), Some(FORGOTTEN));
    let bare = UnitProperties {
        active_state: Some("inactive".to_owned()),
        ..UnitProperties::default()
    };
    assert_eq!(
        judged(&bare, &UnitCircumstances::default()).state,
        InstanceState::Stopped
    );
}

#[test]
fn what_ends_by_itself_is_told_from_what_is_stopped() {
    let mut stopping = unit("deactivating", "stop-sigterm", "success");
    stopping.active_exit_timestamp_monotonic = Some(START + 50 * SECOND);
    stopping.exec_main_exit_timestamp_monotonic = Some(0);
    assert!(!judged(&stopping, &UnitCircumstances::default()).ends_by_itself);
    let crashing = by_itself(unit("deactivating", "stop-sigterm", "exit-code"), 1, 3);
    assert!(judged(&crashing, &UnitCircumstances::default()).ends_by_itself);
    stopping.result = Some("watchdog".to_owned());
    assert!(judged(&stopping, &UnitCircumstances::default()).ends_by_itself);
}

#[test]
fn a_stop_that_was_begun_ends_a_run_until_something_else_is_wanted() {
    let stop = |run_ns, at_wall_ms| {
        let now = false;
        Some(StackStop {
            at_wall_ms,
            run_ns,
            now,
        })
    };
    for (intent, stop, is_to_end) in [
        (None, stop(START, 5), true),
        (Some((Want::Stopped, 9)), stop(START, 5), true),
        (Some((Want::Running, 5)), stop(START, 5), true),
        (Some((Want::Running, 9)), stop(START, 5), false),
        (Some((Want::Stopped, 9)), stop(START + 1, 5), false),
        (Some((Want::Stopped, 9)), None, false),
    ] {
        let wanted = UnitCircumstances {
            intent,
            stop,
            ..UnitCircumstances::default()
        };
        assert_eq!(wanted.is_to_end(START), is_to_end, "{wanted:?}");
    }
}
