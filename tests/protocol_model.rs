//! The start and stop protocol, explored exhaustively.
//!
//! Two starts and a stop of the same instance, each in the steps in which they
//! really act on what they share (locks, intent, record, exit, processes), in
//! every order, with a `kill -9` at every point, and another. What must hold is checked in
//! every state:
//!
//! - never two games at once,
//! - never a running game that is not on record,
//! - never a game after an acknowledged stop, unless a start asked for one
//!   after the stop had said what it wanted,
//! - nobody waits for ever.
//!
//! Each safeguard of the protocol is then left out in turn, and the
//! exploration must find what goes wrong: a model that cannot fail proves
//! nothing.

mod protocol_model {
    pub(crate) mod explore;
    pub(crate) mod state;
    pub(crate) mod steps;
}

use protocol_model::explore::explore;
use protocol_model::state::{Rules, Scene};

const STARTS_AND_A_STOP: Scene = Scene {
    starts: 2,
    stop: true,
    now: false,
    kills: 2,
};

/// The protocol as it is holds in this scene. Returns how many states it has.
fn holds(scene: Scene) -> usize {
    match explore(scene, Rules::default()) {
        Ok(states) => states,
        Err(trace) => panic!("{scene:?}:\n{trace}"),
    }
}

#[test]
fn two_starts_and_a_stop_with_two_kills_anywhere() {
    let states = holds(STARTS_AND_A_STOP);
    assert!(states > 10_000, "only {states} states were seen");
}

#[test]
fn a_start_and_a_stop_with_three_kills_anywhere() {
    holds(Scene {
        starts: 1,
        kills: 3,
        ..STARTS_AND_A_STOP
    });
}

#[test]
fn a_stop_that_waits_for_no_lock() {
    holds(Scene {
        now: true,
        ..STARTS_AND_A_STOP
    });
}

#[test]
fn starts_alone() {
    holds(Scene {
        stop: false,
        kills: 3,
        ..STARTS_AND_A_STOP
    });
}

/// Without this safeguard something goes wrong, and is found.
fn is_needed(name: &str, rules: Rules, scenes: &[Scene]) {
    let found = scenes.iter().any(|scene| explore(*scene, rules).is_err());
    assert!(
        found,
        "without {name} nothing goes wrong: the model cannot see it, or it is not needed"
    );
}

#[test]
fn every_safeguard_is_needed() {
    let now = Scene {
        now: true,
        ..STARTS_AND_A_STOP
    };
    let all = Rules::default();
    let scenes = [STARTS_AND_A_STOP, now];
    let without = [
        (
            "the shim's look at the intent",
            Rules {
                shim_reads_intent: false,
                ..all
            },
        ),
        (
            "the shim's lock",
            Rules {
                shim_lock: false,
                ..all
            },
        ),
        (
            "the shim's look for an earlier game",
            Rules {
                shim_looks_for_game: false,
                ..all
            },
        ),
        (
            "the record before the gate",
            Rules {
                record_before_gate: false,
                ..all
            },
        ),
        ("the gate", Rules { gate: false, ..all }),
        (
            "the stop's wait for a shim that has not launched yet",
            Rules {
                stop_waits_for_shim: false,
                ..all
            },
        ),
        (
            "the intent before the stop's look",
            Rules {
                stop_sets_intent: false,
                ..all
            },
        ),
    ];
    for (name, rules) in without {
        is_needed(name, rules, &scenes);
    }
}
