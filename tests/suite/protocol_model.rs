//! The start and stop protocol, explored exhaustively.
//!
//! Up to three verbs on one instance, in the steps in which they really act on
//! what they share (locks, intent, record, exit, processes), in every order,
//! with a `kill -9` of a verb or a shim at every point; games fork, and end by
//! themselves, whenever they like. A look is several reads, with anything
//! happening between them. Checked in every state:
//!
//! - never two games at once, where a descendant counts as its game,
//! - never a game that is not on record, or whose end already is,
//! - never a game after an acknowledged stop, unless a start said what it
//!   wanted after that stop did,
//! - never a game that was asked for before a verb which has been answered since:
//!   that nothing runs, or that its own launch came to nothing,
//! - no exit code is told of another launch, and none that is on record is
//!   lost to somebody who did not see it,
//! - from everywhere the protocol's own steps lead to the end of all verbs: no
//!   verb depends on a kill, or on a game that happens to end,
//! - whatever is left behind, a stop typed later is acknowledged, and a start
//!   typed later leaves exactly one game.
//!
//! A shim that `run` makes for a verb adds no step: it has done nothing before the verb
//! tells it its task, which the verb does once it is there, or never.
//!
//! Each safeguard is then left out in turn, and the exploration must find what
//! goes wrong: a model that cannot fail proves nothing.

mod explore;
mod shims;
mod state;
mod steps;
mod verbs;

use explore::explore;
use state::Verb::{Nothing, Restart, Resume, Start, Stop, StopNow};
use state::{Scene, Verb, Without};

const fn scene(verbs: [Verb; 3]) -> Scene {
    Scene {
        verbs,
        kept: false,
        kills: 1,
        exec_fails: false,
        reboot: false,
        afterwards: true,
    }
}

const STARTS_AND_STOP: Scene = scene([Start, Start, Stop]);
const START_AND_STOP: Scene = scene([Start, Nothing, Stop]);
const START_AND_STOP_NOW: Scene = scene([Start, Nothing, StopNow]);

/// The protocol as it is holds in this scene, which has this many states, so
/// that nobody makes it small by mistake.
fn holds(scene: Scene, at_least: usize) {
    let found = explore(scene, Without::Nothing);
    if let Some((wrong, way)) = found.wrong {
        panic!("{scene:?}: {wrong}\n{way}");
    }
    assert!(found.states >= at_least, "{scene:?}: only {} states", found.states);
}

#[test]
fn two_starts_and_a_stop_with_two_kills() {
    holds(
        Scene {
            kills: 2,
            ..STARTS_AND_STOP
        },
        500_000,
    );
}

#[test]
fn two_starts_and_a_stop_of_a_running_game() {
    holds(
        Scene {
            kept: true,
            ..STARTS_AND_STOP
        },
        100_000,
    );
}

#[test]
fn a_start_and_a_stop_with_three_kills() {
    holds(
        Scene {
            kills: 3,
            ..START_AND_STOP
        },
        100_000,
    );
}

#[test]
fn two_starts_with_three_kills() {
    holds(
        Scene {
            kills: 3,
            ..scene([Start, Start, Nothing])
        },
        100_000,
    );
}

#[test]
fn a_stop_that_waits_for_no_lock() {
    holds(
        Scene {
            kills: 2,
            ..START_AND_STOP_NOW
        },
        100_000,
    );
    holds(
        Scene {
            kept: true,
            ..START_AND_STOP_NOW
        },
        10_000,
    );
}

#[test]
fn two_starts_and_a_stop_that_waits_for_no_lock() {
    let scene = scene([Start, Start, StopNow]);
    holds(
        Scene {
            afterwards: false,
            ..scene
        },
        400_000,
    );
}

#[test]
fn two_stops_and_a_start() {
    holds(
        Scene {
            kept: true,
            ..scene([Start, Stop, Stop])
        },
        10_000,
    );
    holds(
        Scene {
            kills: 0,
            kept: true,
            ..scene([Start, StopNow, Stop])
        },
        10_000,
    );
}

#[test]
fn a_restart_and_a_stop() {
    let kept = Scene {
        kept: true,
        ..scene([Restart, Nothing, Stop])
    };
    holds(Scene { kills: 2, ..kept }, 50_000);
    holds(
        Scene {
            verbs: [Restart, Nothing, StopNow],
            ..kept
        },
        40_000,
    );
    holds(
        Scene {
            verbs: [Restart, Start, Stop],
            ..kept
        },
        100_000,
    );
}

#[test]
fn two_restarts() {
    holds(
        Scene {
            kills: 2,
            kept: true,
            ..scene([Restart, Restart, Nothing])
        },
        100_000,
    );
}

#[test]
fn the_restart_that_run_does() {
    let kept = |verbs| Scene {
        kept: true,
        ..scene(verbs)
    };
    holds(
        Scene {
            kills: 2,
            ..kept([Resume, Nothing, Stop])
        },
        10_000,
    );
    holds(kept([Resume, Start, Stop]), 100_000);
    holds(kept([Resume, Nothing, StopNow]), 10_000);
    holds(kept([Resume, Restart, Nothing]), 10_000);
    holds(
        Scene {
            exec_fails: true,
            ..kept([Resume, Nothing, Stop])
        },
        10_000,
    );
}

#[test]
fn an_executable_that_cannot_be_executed() {
    holds(
        Scene {
            exec_fails: true,
            ..STARTS_AND_STOP
        },
        50_000,
    );
    holds(
        Scene {
            exec_fails: true,
            ..START_AND_STOP_NOW
        },
        10_000,
    );
}

#[test]
fn a_host_that_reboots() {
    holds(
        Scene {
            reboot: true,
            ..START_AND_STOP
        },
        5_000,
    );
    holds(
        Scene {
            reboot: true,
            kept: true,
            ..START_AND_STOP
        },
        10_000,
    );
}

/// Without this safeguard this goes wrong in this scene, and is found.
#[track_caller]
fn is_needed(without: Without, scene: Scene, expected: &str) {
    match explore(scene, without).wrong {
        None => panic!("without {without:?} nothing goes wrong in {scene:?}"),
        Some((wrong, way)) => assert_eq!(wrong, expected, "without {without:?}:\n{way}"),
    }
}

const NOT_ON_RECORD: &str = "a game runs that is not on record";
const AFTER_ITS_END: &str = "a game runs whose end is on record";
const AFTER_A_STOP: &str = "a game runs after a stop was acknowledged";
const OTHERS_CODE: &str = "an exit code is told of another launch";
const LOST_CODE: &str = "an exit code that was on record is lost";
const OLD: &str = "what was launched is older than a later answer";
const NOT_ONE: &str = "a fresh start has not left one game";

#[test]
fn every_safeguard_is_needed() {
    let reboot = Scene {
        reboot: true,
        kept: true,
        ..START_AND_STOP
    };
    is_needed(Without::IntentReread, START_AND_STOP_NOW, AFTER_A_STOP);
    is_needed(Without::IntentUnderLock, START_AND_STOP, AFTER_A_STOP);
    is_needed(Without::StopIntent, START_AND_STOP_NOW, AFTER_A_STOP);
    is_needed(Without::WaitForShim, START_AND_STOP, AFTER_A_STOP);
    is_needed(Without::ExitNumber, STARTS_AND_STOP, AFTER_A_STOP);
    is_needed(Without::ShimLock, STARTS_AND_STOP, NOT_ON_RECORD);
    is_needed(Without::Gate, START_AND_STOP, NOT_ON_RECORD);
    is_needed(Without::RecordFirst, START_AND_STOP, NOT_ON_RECORD);
    is_needed(Without::MarkScan, START_AND_STOP, AFTER_ITS_END);
    is_needed(Without::WholeTree, START_AND_STOP, AFTER_ITS_END);
    let fails = Scene {
        exec_fails: true,
        ..STARTS_AND_STOP
    };
    is_needed(Without::TurnCheck, fails, OLD);
    is_needed(Without::NumberAndTurn, STARTS_AND_STOP, OTHERS_CODE);
    is_needed(Without::LockForUnseen, STARTS_AND_STOP, LOST_CODE);
    is_needed(Without::SecondLook, STARTS_AND_STOP, LOST_CODE);
    is_needed(Without::AdoptionCheck, STARTS_AND_STOP, NOT_ONE);
    is_needed(Without::BootCheck, reboot, NOT_ONE);
}

/// Two games at once are what all of the above would come to; this makes sure
/// that they are noticed as such.
#[test]
fn two_games_are_noticed() {
    let mut state = state::State::first(Scene {
        kept: true,
        ..START_AND_STOP
    });
    assert_eq!(state.wrong(), None);
    state.games[1].child = state::Life::Alive;
    assert_eq!(state.wrong(), Some("two games at once"));
}

/// The verbs' lock is for people: it makes one verb wait for another instead of
/// failing. Nothing is unsafe without it, and `stop --now` relies on that. The
/// shim's comparison of numbers, and its own look for an earlier game, are walls
/// behind its look whose turn it is. Its last look before the gate is for a stop
/// that gave up while the shim held its lock, and was not acknowledged: here
/// nobody gives up.
#[test]
fn what_safety_does_not_depend_on() {
    let scene = Scene {
        afterwards: false,
        ..STARTS_AND_STOP
    };
    for without in [Without::ShimScan, Without::NumberCheck, Without::LastLook] {
        assert_eq!(explore(scene, without).wrong, None, "{without:?}");
    }
    assert_eq!(explore(Scene { kills: 0, ..scene }, Without::VerbLock).wrong, None);
}
