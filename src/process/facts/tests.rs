//! Tests of the facts of every situation.

use super::super::evidence::{Game, Shim};
use super::*;
use crate::inventory::RestartWhen;
use crate::store::ReadError;
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
        token: String::new(),
        users: Vec::new(),
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
        launch: recorded(launch),
        frame: Ok(frame()),
        now_boot_ms: 12_345,
        ..Evidence::never_started()
    }
}

fn entry(phase: Phase) -> ShimStatus {
    ShimStatus {
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
        unmarked_output: 0,
        past: None,
        step: String::new(),
        step_since_ms: 0,
        step_limit_ms: 0,
        entry: None,
    }
}

fn recorded<T>(record: T) -> Result<Option<T>, ReadError> {
    Ok(Some(record))
}

fn damaged(name: &str) -> ReadError {
    ReadError::Damaged(name.into(), "torn".into())
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
    assert!(matches!(Situation::of(&seen), Situation::Detached(found) if *found == entry));
}

#[test]
fn a_shim_that_reports_an_end_which_is_not_on_record() {
    let mut seen = evidence(launch(true));
    seen.shim = Shim::Lives(Some(Box::new(entry(Phase::Ended))));
    assert_eq!(state(&seen), "stopping: its end is being put on record");
    seen.exit = recorded(exit(4, Some(Ending::Code(7)), false));
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
    seen.exit = Err(damaged("exit"));
    assert_eq!(state(&seen), "stopped: exit is damaged: torn");
    seen.exit = Err(ReadError::Future("exit".into(), 9));
    assert_eq!(state(&seen), "unknown: exit was written by a newer gamectl (format 9)");
}

#[test]
fn an_end_that_nobody_saw_reads_the_same_once_it_is_on_record() {
    let intents = [None, Some(Want::Running), Some(Want::Stopped)];
    let endings = [None, Some(Ending::Code(7)), Some(Ending::Signal(9, false))];
    for (intent, ending) in intents
        .into_iter()
        .flat_map(|intent| endings.map(|ending| (intent, ending)))
    {
        let launch = launch(true);
        let exit = unobserved_exit(&launch, intent, ending);
        let mut seen = evidence(launch);
        (seen.game, seen.intent, seen.ending) = (Game::Gone, intent, ending);
        let before = observation(&seen, &RestartPolicy::default());
        seen.exit = recorded(exit);
        assert_eq!(observation(&seen, &RestartPolicy::default()), before);
    }
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
        seen.exit = recorded(exit(4, ending, requested));
        assert_eq!(state(&seen), wanted);
        // A stop after the crash acknowledges it.
        seen.intent = Some(Want::Stopped);
        assert!(state(&seen).starts_with("stopped"));
    }
}

#[test]
fn an_end_by_a_signal_to_the_shim_is_a_crash_of_this_boot_and_a_stop_of_an_earlier_one() {
    let mut seen = evidence(launch(true));
    let by_signal = Exit {
        by_signal: true,
        note: "its shim got SIGTERM, and stopped it".into(),
        ..exit(4, Some(Ending::Code(0)), false)
    };
    seen.exit = recorded(by_signal);
    for when in [RestartWhen::Always, RestartWhen::OnFailure] {
        let policy = RestartPolicy {
            policy: when,
            ..RestartPolicy::default()
        };
        let told = state_under(&seen, &policy);
        assert_eq!(told, "crashed 0: its shim got SIGTERM, and stopped it", "{when:?}");
    }
    let outside = |seen: &Evidence| match observation(seen, &RestartPolicy::default()) {
        Observation::Known(facts) => facts.ended_from_outside,
        Observation::Unknown { .. } => false,
    };
    assert!(outside(&seen));
    for later in [
        Frame {
            boot: "later".into(),
            ..frame()
        },
        Frame {
            namespaces: "other".into(),
            ..frame()
        },
    ] {
        seen.frame = Ok(later);
        assert_eq!(state(&seen), "stopped: its shim got SIGTERM, and stopped it");
    }
    for (signal, wanted) in [(libc::SIGHUP, true), (libc::SIGTERM, true), (libc::SIGSEGV, false)] {
        seen.exit = recorded(exit(4, Some(Ending::Signal(signal, false)), false));
        assert_eq!(outside(&seen), wanted, "{signal}");
    }
}

#[test]
fn a_stop_of_the_scope_is_a_stop_that_lasts_as_long_as_the_boot() {
    let mut seen = evidence(launch(true));
    let by_scope = Exit {
        by_signal: true,
        note: "systemd stopped its scope".into(),
        ..exit(4, Some(Ending::Code(0)), true)
    };
    seen.exit = recorded(by_scope);
    let stays_down = |seen: &Evidence| match observation(seen, &RestartPolicy::default()) {
        Observation::Known(facts) => facts.stays_down,
        Observation::Unknown { .. } => false,
    };
    assert_eq!(state(&seen), "stopped: systemd stopped its scope");
    assert!(stays_down(&seen));
    seen.frame = Ok(Frame {
        boot: "later".into(),
        ..frame()
    });
    assert_eq!(state(&seen), "stopped: systemd stopped its scope");
    assert!(!stays_down(&seen));
    seen.exit = recorded(exit(4, Some(Ending::Code(0)), true));
    assert!(!stays_down(&seen));
}

#[test]
fn an_exit_of_another_launch_says_nothing_of_this_one() {
    let mut seen = evidence(launch(true));
    seen.exit = recorded(exit(3, Some(Ending::Code(1)), false));
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
        seen.exit = recorded(exit(4, Some(Ending::Code(code)), false));
        assert!(state_under(&seen, &on_failure).starts_with(wanted), "{code}");
    }
    let early = Exit {
        was_ready: false,
        ..exit(4, Some(Ending::Code(0)), false)
    };
    seen.exit = recorded(early);
    assert_eq!(
        state_under(&seen, &on_failure),
        "crashed 0: exit code 0 before it was ready"
    );
}

#[test]
fn other_frames() {
    let mut seen = evidence(launch(true));
    seen.frame = Ok(Frame {
        boot: "later".into(),
        ..frame()
    });
    assert_eq!(state(&seen), "stopped: what ran ended with a reboot of the host");
    seen.frame = Ok(Frame {
        machine: "other".into(),
        ..frame()
    });
    assert!(state(&seen).starts_with("unknown: it was started on another machine"));
    seen.frame = Ok(Frame {
        namespaces: "other".into(),
        ..frame()
    });
    assert!(state(&seen).starts_with("unknown: it was started in another container"));
    seen.game = Game::Gone;
    assert_eq!(state(&seen), "stopped: what ran ended with its container");
    seen.frame = Err("no /proc".into());
    assert_eq!(state(&seen), "unknown: no /proc");
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let mut seen = evidence(launch(true));
    seen.launch = Err(damaged("launch"));
    assert_eq!(state(&seen), "unknown: launch is damaged: torn");
    seen.launch = Err(ReadError::Io(
        "launch".into(),
        std::io::ErrorKind::PermissionDenied.into(),
    ));
    assert_eq!(state(&seen), "unknown: launch: permission denied");
    seen.shim = Shim::CannotTell("lock: no".into());
    assert_eq!(state(&seen), "unknown: lock: no");
}
