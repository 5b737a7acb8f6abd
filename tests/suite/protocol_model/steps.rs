//! Every step that may be taken from a state, but for those of the verbs and
//! of the shims: kills, games that end or fork, a reboot, and who comes later.

use super::shims;
use super::state::{ACTORS, FRESH, Launch, Life, Pc, Phase, SHIMS, Scene, Shim, State, Verb, Without, Word};
use super::verbs;

/// A step, and where it leads.
pub(crate) struct Step {
    pub(crate) who: &'static str,
    pub(crate) number: usize,
    pub(crate) what: &'static str,
    /// True when the step may just as well never happen.
    pub(crate) chance: bool,
    pub(crate) to: State,
}

/// All steps.
pub(crate) fn steps(state: &State, scene: Scene, without: Without, out: &mut Vec<Step>) {
    for who in 0..ACTORS {
        verbs::steps(state, who, verb_of(state, who, scene), without, out);
    }
    for who in 0..SHIMS {
        shims::steps(state, who, without, out);
    }
    games(state, out);
    if state.kills > 0 {
        kills(state, out);
    }
    if scene.reboot && state.phase == Phase::Verbs && !state.rebooted {
        push(out, "host", 0, "reboots", true, reboot(*state));
    }
    if scene.afterwards && state.verbs_are_over() && is_settled(state) {
        afterwards(state, out);
    }
}

fn verb_of(state: &State, who: usize, scene: Scene) -> Verb {
    match state.phase {
        Phase::Verbs => scene.verbs[who],
        Phase::FreshStop => Verb::Stop,
        Phase::FreshStart | Phase::Over => Verb::Start,
    }
}

pub(crate) fn push(
    out: &mut Vec<Step>,
    who: &'static str,
    number: usize,
    what: &'static str,
    chance: bool,
    mut to: State,
) {
    tidy(&mut to);
    out.push(Step {
        who,
        number,
        what,
        chance,
        to,
    });
}

/// Forgets what nobody can see any more, so that states meet again.
fn tidy(state: &mut State) {
    for at in 0..SHIMS {
        let is_awaited = state
            .actors
            .iter()
            .any(|pc| matches!(pc, Pc::Await { shim, .. } if usize::from(*shim) == at));
        if matches!(state.shims[at], Shim::Over(_)) && !is_awaited {
            state.shims[at] = Shim::None;
        }
    }
    state.late &= state.pending();
    state.overtaken &= state.pending();
}

/// Returns true when an actor may yet open the gate of a launch.
fn has_gatekeeper(state: &State, launch: Launch) -> bool {
    state.shims.iter().any(
        |shim| matches!(shim, Shim::Record { launch: own, .. } | Shim::LastLook { launch: own, .. } | Shim::Release { launch: own, .. } if *own == launch),
    )
}

/// Returns true when every end has been noticed. A start that is typed between the
/// end of a game and its shim's notice of it rightly finds it running.
fn is_settled(state: &State) -> bool {
    let mut launches = (1..).zip(&state.games);
    let gate_is_gone = launches.any(|(launch, game)| game.main == Life::Gated && !has_gatekeeper(state, launch));
    let unnoticed = |shim: &Shim| matches!(shim, Shim::Keep { launch, .. } if !state.game(*launch).runs());
    !gate_is_gone && !state.shims.iter().any(unnoticed)
}

fn games(state: &State, out: &mut Vec<Step>) {
    for (at, game) in state.games.iter().enumerate() {
        let launch = at as Launch + 1;
        let with = |main: Life, child: Life| {
            let mut to = *state;
            to.games[at].main = main;
            to.games[at].child = child;
            to
        };
        if game.main == Life::Gated && !has_gatekeeper(state, launch) {
            push(
                out,
                "game",
                at + 1,
                "finds its gate gone",
                false,
                with(Life::Dead, game.child),
            );
        }
        if game.main == Life::Alive && game.child == Life::None {
            push(out, "game", at + 1, "forks", true, with(game.main, Life::Alive));
        }
        // The last game is to be there at the end, to be counted.
        if state.phase == Phase::FreshStart || state.phase == Phase::Over {
            continue;
        }
        if game.main == Life::Alive {
            push(out, "game", at + 1, "ends", true, with(Life::Dead, game.child));
        }
        if game.child == Life::Alive {
            push(out, "descendant", at + 1, "ends", true, with(game.main, Life::Dead));
        }
    }
}

fn kills(state: &State, out: &mut Vec<Step>) {
    let fewer = State {
        kills: state.kills - 1,
        ..*state
    };
    for who in 0..ACTORS {
        if !state.actors[who].is_over() {
            let to = verbs::end(fewer, who, Pc::Killed);
            push(out, "verb", who + 1, "is killed", true, to);
        }
    }
    for who in 0..SHIMS {
        if !matches!(state.shims[who], Shim::None | Shim::Over(_)) {
            let to = shims::end(fewer, who, Word::Killed);
            push(out, "shim", who + 1, "is killed", true, to);
        }
    }
}

fn reboot(mut state: State) -> State {
    for game in &mut state.games {
        for life in [&mut game.main, &mut game.child] {
            if *life != Life::None {
                *life = Life::Dead;
            }
        }
    }
    State {
        actors: [Pc::Killed; ACTORS],
        shims: [Shim::None; SHIMS],
        verb_lock: 0,
        shim_lock: 0,
        late: 0,
        overtaken: 0,
        rebooted: true,
        kills: 0,
        ..state
    }
}

/// Types another verb once all have ended: a stop and then a start, or a start at
/// once. Shims may still be on their way.
fn afterwards(state: &State, out: &mut Vec<Step>) {
    let fresh = |phase| {
        let mut to = State {
            phase,
            kills: 0,
            may_fail: false,
            ..*state
        };
        to.actors = [Pc::Failed; ACTORS];
        to.actors[FRESH] = Pc::Typed;
        to
    };
    match (state.phase, state.actors[FRESH]) {
        (Phase::Verbs, _) => {
            push(out, "later", 0, "a stop is typed", false, fresh(Phase::FreshStop));
            push(out, "later", 0, "a start is typed", false, fresh(Phase::FreshStart));
        }
        (Phase::FreshStop, Pc::Stopped) => {
            push(out, "later", 0, "a start is typed", false, fresh(Phase::FreshStart));
        }
        (Phase::FreshStart, Pc::Ran) => {
            let games = state
                .games
                .iter()
                .filter(|game| game.main == Life::Alive || game.child == Life::Alive);
            let broken = (games.count() != 1).then_some("a fresh start has not left one game");
            let over = State {
                phase: Phase::Over,
                broken,
                ..*state
            };
            push(out, "later", 0, "one game is counted", false, over);
        }
        (Phase::FreshStop | Phase::FreshStart, _) => {
            let broken = Some("a fresh verb has failed");
            push(
                out,
                "later",
                0,
                "a failure is noticed",
                false,
                State { broken, ..*state },
            );
        }
        (Phase::Over, _) => {}
    }
}
