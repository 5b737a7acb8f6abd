//! Every step that may be taken from a state.

use super::state::{Game, Generation, LAUNCHES, Rules, Scene, Shim, Start, State, Stop};

/// A step by its name, with where it leads.
pub(crate) type Step = (String, State);

/// All steps.
pub(crate) fn steps(state: &State, scene: Scene, rules: Rules) -> Vec<Step> {
    let mut out = Vec::new();
    for who in 0..state.starts.len() {
        start(state, who, rules, &mut out);
    }
    stop(state, scene, rules, &mut out);
    for who in 0..state.shims.len() {
        shim(state, who, rules, &mut out);
    }
    gated_children(state, rules, &mut out);
    if state.kills > 0 {
        kills(state, &mut out);
    }
    out
}

/// What a verb sees when it looks.
enum Seen {
    /// A shim is about to launch or to end: look again later.
    Passing,
    Kept {
        shim: u8,
        generation: Generation,
    },
    Orphan {
        generation: Generation,
    },
    Free,
}

fn look(state: &State) -> Seen {
    let generation = state.record;
    let ended = generation == 0 || state.exit >= generation;
    if let Some(holder) = state.shim_lock.checked_sub(1) {
        return match state.shims.get(usize::from(holder)) {
            Some(Shim::Keep { generation, .. }) => Seen::Kept {
                shim: holder,
                generation: *generation,
            },
            _ => Seen::Passing,
        };
    }
    match state.game(generation) {
        Game::Running | Game::Gated if !ended => Seen::Orphan { generation },
        _ => Seen::Free,
    }
}

fn spawn(state: &mut State, shim: Shim) -> Option<u8> {
    let free = state.shims.iter().position(|one| *one == Shim::None)?;
    state.shims[free] = shim;
    u8::try_from(free).ok()
}

fn start(state: &State, who: usize, rules: Rules, out: &mut Vec<Step>) {
    let me = who as u8 + 1;
    let mut next = *state;
    let mut step = |name: &str, now: Start, mut next: State| {
        next.starts[who] = now;
        if now == Start::Done && next.lock == me {
            next.lock = 0;
        }
        out.push((format!("start {me}: {name}"), next));
    };
    let stop_is_wanted = !state.wants_running;
    match state.starts[who] {
        Start::Lock { stop_was_wanted } => {
            if state.lock == 0 {
                next.lock = me;
                step("takes the lock", Start::GiveWay { stop_was_wanted }, next);
            } else if stop_is_wanted && !stop_was_wanted {
                step("gives way while it waits", Start::Done, next);
            }
        }
        Start::GiveWay { stop_was_wanted } if stop_is_wanted && !stop_was_wanted => {
            step("gives way", Start::Done, next);
        }
        Start::GiveWay { .. } => step("goes on", Start::Intent, next),
        Start::Intent => {
            next.wants_running = true;
            next.wanted_since = true;
            step("wants it to run", Start::Look, next);
        }
        Start::Look => match look(state) {
            Seen::Passing => {}
            Seen::Kept { .. } => step("finds it running", Start::Done, next),
            Seen::Orphan { generation } => {
                if let Some(shim) = spawn(
                    &mut next,
                    Shim::Lock {
                        generation,
                        adopts: true,
                    },
                ) {
                    step("has it taken over", Start::Wait { shim }, next);
                } else {
                    step("goes beyond the model", Start::Done, next);
                }
            }
            Seen::Free => {
                let generation = state.next();
                let fits = usize::from(generation) <= LAUNCHES;
                if let Some(shim) = spawn(
                    &mut next,
                    Shim::Lock {
                        generation,
                        adopts: false,
                    },
                )
                .filter(|_| fits)
                {
                    step("starts a shim", Start::Wait { shim }, next);
                } else {
                    step("goes beyond the model", Start::Done, *state);
                }
            }
        },
        Start::Wait { shim } => {
            match state.shims[usize::from(shim)] {
                Shim::Keep { .. } | Shim::Exit { .. } => step("hears that it runs", Start::Done, next),
                Shim::Gone | Shim::Refused if stop_is_wanted => step("was cancelled", Start::Done, next),
                Shim::Gone | Shim::Refused => step("looks again", Start::Look, next),
                _ => {}
            }
            // A start that waits gives way as soon as it sees the intent.
            if stop_is_wanted {
                step("leaves it to the stop", Start::Done, *state);
            }
        }
        Start::Done => {}
    }
    let _ = rules;
}

fn stop(state: &State, scene: Scene, rules: Rules, out: &mut Vec<Step>) {
    const ME: u8 = 3;
    let next = *state;
    let mut step = |name: &str, now: Stop, mut next: State| {
        next.stop = now;
        if now == Stop::Acknowledged && next.lock == ME {
            next.lock = 0;
        }
        out.push((format!("stop: {name}"), next));
    };
    let set = |mut next: State| {
        if rules.stop_sets_intent {
            next.wants_running = false;
        }
        next.wanted_since = false;
        next
    };
    match state.stop {
        Stop::Intent if scene.now => step("wants it to stop", Stop::Look, set(next)),
        Stop::Intent => step("wants it to stop", Stop::Lock, set(next)),
        Stop::Lock => {
            if state.lock == 0 {
                step("takes the lock", Stop::IntentAgain, State { lock: ME, ..next });
            }
        }
        Stop::IntentAgain => step("wants it to stop, again", Stop::Look, set(next)),
        Stop::Look => match look(state) {
            Seen::Passing if !rules.stop_waits_for_shim => step("sees nothing", Stop::Acknowledged, next),
            Seen::Passing => {}
            Seen::Kept { shim, generation } => {
                let mut next = next;
                next.shims[usize::from(shim)] = Shim::Keep {
                    generation,
                    stopping: true,
                };
                step("asks the shim", Stop::Wait { shim }, next);
            }
            Seen::Orphan { generation } => {
                let mut next = next;
                if let Some(shim) = spawn(
                    &mut next,
                    Shim::Lock {
                        generation,
                        adopts: true,
                    },
                ) {
                    step("has it taken over", Stop::Wait { shim }, next);
                } else {
                    step("goes beyond the model", Stop::Done, State { lock: 0, ..next });
                }
            }
            Seen::Free => step("acknowledges", Stop::Acknowledged, next),
        },
        Stop::Wait { shim } => match state.shims[usize::from(shim)] {
            Shim::Gone | Shim::Refused => step("looks again", Stop::Look, next),
            // The one that takes it over is there: it can be asked.
            Shim::Keep { stopping: false, .. } => step("looks again", Stop::Look, next),
            _ => {}
        },
        Stop::Acknowledged | Stop::Done => {}
    }
}

fn shim(state: &State, who: usize, rules: Rules, out: &mut Vec<Step>) {
    let me = who as u8 + 1;
    let mut next = *state;
    let mut step = |name: &str, now: Shim, mut next: State| {
        next.shims[who] = now;
        if matches!(now, Shim::Refused | Shim::Gone) && next.shim_lock == me {
            next.shim_lock = 0;
        }
        out.push((format!("shim {me}: {name}"), next));
    };
    match state.shims[who] {
        Shim::Lock { generation, adopts } => {
            if state.shim_lock != 0 && rules.shim_lock {
                step("finds another", Shim::Refused, next);
                return;
            }
            next.shim_lock = me;
            let now = if adopts {
                Shim::Adopt { generation }
            } else {
                Shim::Intent { generation }
            };
            step("takes its lock", now, next);
        }
        Shim::Intent { .. } if rules.shim_reads_intent && !state.wants_running => {
            step("sees that it is not wanted", Shim::Refused, next);
        }
        Shim::Intent { generation } => step("reads the intent", Shim::Check { generation }, next),
        Shim::Check { generation } => {
            let before = state.game(state.record);
            let lives = matches!(before, Game::Running | Game::Gated) && state.exit < state.record;
            let late = generation != state.next();
            if rules.shim_looks_for_game && (lives || late) {
                step("finds an earlier game", Shim::Refused, next);
            } else {
                step("finds no earlier game", Shim::Fork { generation }, next);
            }
        }
        Shim::Fork { generation } => {
            next.set_game(generation, if rules.gate { Game::Gated } else { Game::Running });
            let now = if rules.record_before_gate {
                Shim::Record { generation }
            } else {
                Shim::Release { generation }
            };
            step("forks", now, next);
        }
        Shim::Record { generation } => {
            next.record = generation;
            let now = if rules.record_before_gate {
                Shim::Release { generation }
            } else {
                Shim::Keep {
                    generation,
                    stopping: false,
                }
            };
            step("puts it on record", now, next);
        }
        Shim::Release { generation } => {
            if next.game(generation) == Game::Gated {
                next.set_game(generation, Game::Running);
            }
            let now = if rules.record_before_gate {
                Shim::Keep {
                    generation,
                    stopping: false,
                }
            } else {
                Shim::Record { generation }
            };
            step("opens the gate", now, next);
        }
        Shim::Adopt { generation } => {
            let same = state.record == generation && state.exit < generation;
            if same && state.game(generation) == Game::Running {
                step(
                    "takes it over",
                    Shim::Keep {
                        generation,
                        stopping: false,
                    },
                    next,
                );
            } else {
                step("finds nothing to take over", Shim::Refused, next);
            }
        }
        Shim::Keep { generation, stopping } => {
            if stopping && state.game(generation) == Game::Running {
                next.set_game(generation, Game::Dead);
                step("ends the game", Shim::Exit { generation }, next);
            } else if matches!(state.game(generation), Game::Dead) {
                step("sees that the game has ended", Shim::Exit { generation }, next);
            }
        }
        Shim::Exit { generation } => {
            next.exit = next.exit.max(generation);
            step("puts the end on record, and ends", Shim::Gone, next);
        }
        Shim::None | Shim::Refused | Shim::Gone => {}
    }
}

/// A child at its gate whose shim is gone ends by itself.
fn gated_children(state: &State, rules: Rules, out: &mut Vec<Step>) {
    for generation in 1..=LAUNCHES as Generation {
        let opens = |shim: &Shim| matches!(shim, Shim::Record { generation: own } | Shim::Release { generation: own } if *own == generation);
        if state.game(generation) == Game::Gated && !state.shims.iter().any(opens) {
            let mut next = *state;
            next.set_game(generation, Game::Dead);
            out.push((format!("child {generation}: nobody opens its gate"), next));
        }
    }
    let _ = rules;
}

/// A kill of anybody who lives.
fn kills(state: &State, out: &mut Vec<Step>) {
    let fewer = State {
        kills: state.kills - 1,
        ..*state
    };
    for (who, start) in state.starts.iter().enumerate() {
        if *start != Start::Done {
            let mut next = fewer;
            next.starts[who] = Start::Done;
            if next.lock == who as u8 + 1 {
                next.lock = 0;
            }
            out.push((format!("kill start {}", who + 1), next));
        }
    }
    for (who, shim) in state.shims.iter().enumerate() {
        if !matches!(shim, Shim::None | Shim::Refused | Shim::Gone) {
            let mut next = fewer;
            next.shims[who] = Shim::Gone;
            if next.shim_lock == who as u8 + 1 {
                next.shim_lock = 0;
            }
            out.push((format!("kill shim {}", who + 1), next));
        }
    }
    for generation in 1..=LAUNCHES as Generation {
        if state.game(generation) == Game::Running {
            let mut next = fewer;
            next.set_game(generation, Game::Dead);
            out.push((format!("kill game {generation}"), next));
        }
    }
}
