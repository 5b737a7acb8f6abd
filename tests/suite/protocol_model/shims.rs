//! The steps of a shim.

use super::state::{Game, LAUNCHES, Launch, Life, Shim, State, Without, Word};
use super::steps::{Step, push};

/// A shim that is over, with its lock free.
pub(crate) fn end(mut state: State, who: usize, word: Word) -> State {
    state.shims[who] = Shim::Over(word);
    if state.shim_lock == who as u8 + 1 {
        state.shim_lock = 0;
    }
    state
}

struct Shims<'a> {
    state: &'a State,
    who: usize,
    out: &'a mut Vec<Step>,
}

impl Shims<'_> {
    fn go(&mut self, what: &'static str, shim: Shim) {
        self.go_with(what, shim, *self.state);
    }

    fn go_with(&mut self, what: &'static str, shim: Shim, mut to: State) {
        to.shims[self.who] = shim;
        push(self.out, "shim", self.who + 1, what, false, to);
    }

    fn end(&mut self, what: &'static str, word: Word) {
        let to = end(*self.state, self.who, word);
        push(self.out, "shim", self.who + 1, what, false, to);
    }
}

/// The steps of one shim.
pub(crate) fn steps(state: &State, who: usize, without: Without, out: &mut Vec<Step>) {
    let mut s = Shims { state, who, out };
    match state.shims[who] {
        Shim::None | Shim::Over(_) => {}
        Shim::Lock { number, adopts } => lock(&mut s, number, adopts, without),
        // It was read too early; only now the lock is taken.
        Shim::Intent { number } if without == Without::IntentUnderLock => {
            if state.shim_lock == 0 {
                let to = State {
                    shim_lock: who as u8 + 1,
                    ..*state
                };
                s.go_with("takes its lock too late", Shim::Check { number }, to);
            } else {
                s.end("finds another shim", Word::Busy);
            }
        }
        Shim::Intent { .. } if !is_wanted(state, who, without) => s.end("is not wanted any more", Word::Cancelled),
        Shim::Intent { number } => s.go("is still wanted", Shim::Check { number }),
        Shim::Check { number } => check(&mut s, number, without),
        Shim::Fork { number } => fork(&mut s, number, without),
        Shim::Record { launch, before } => record(&mut s, launch, before, without),
        Shim::LastLook { launch, before } => last_look(&mut s, launch, before, without),
        Shim::Release { launch, before } => release(&mut s, launch, before, without),
        Shim::Undo { before, word } => {
            let to = State {
                record: before,
                ..end(*state, who, word)
            };
            push(s.out, "shim", who + 1, "restores the record", false, to);
        }
        Shim::Adopt { number } => adopt(&mut s, number, without),
        Shim::Keep { launch, stopping } => keep(&mut s, launch, stopping, without),
        Shim::Leaving => s.end("ends", Word::Ran),
    }
}

/// Returns true when no stop is wanted, and no other verb has come since.
fn is_wanted(state: &State, who: usize, without: Without) -> bool {
    let stop = state.wants_stop && without != Without::IntentReread;
    let late = state.late & (1 << who) != 0 && !matches!(without, Without::TurnCheck | Without::NumberAndTurn);
    !stop && !late
}

fn lock(s: &mut Shims<'_>, number: u8, adopts: Launch, without: Without) {
    if without == Without::IntentUnderLock && adopts == 0 {
        if is_wanted(s.state, s.who, without) {
            s.go("is wanted, so far", Shim::Intent { number });
        } else {
            s.end("is not wanted any more", Word::Cancelled);
        }
        return;
    }
    let after = if adopts > 0 {
        Shim::Adopt { number }
    } else {
        Shim::Intent { number }
    };
    if s.state.shim_lock == 0 {
        let to = State {
            shim_lock: s.who as u8 + 1,
            ..*s.state
        };
        s.go_with("takes its lock", after, to);
    } else if without == Without::ShimLock {
        s.go("goes on without the lock", after);
    } else {
        s.end("finds another shim", Word::Busy);
    }
}

fn check(s: &mut Shims<'_>, number: u8, without: Without) {
    let state = s.state;
    let before = state.game(state.record).number;
    if number != before.max(state.exit) + 1 && !matches!(without, Without::NumberCheck | Without::NumberAndTurn) {
        return s.end("comes too late", Word::Busy);
    }
    let there = state.record > 0 && state.main_is_there(state.record);
    let foreign = state.rebooted && without != Without::BootCheck;
    let marked = state.exit != before && state.any_marked() && without != Without::MarkScan;
    if (there || marked) && !foreign && without != Without::ShimScan {
        return s.end("finds an earlier game", Word::Failed);
    }
    s.go("finds no earlier game", Shim::Fork { number });
}

fn fork(s: &mut Shims<'_>, number: u8, without: Without) {
    let mut to = *s.state;
    let Some(at) = (0..LAUNCHES).find(|at| to.games[*at].main == Life::None) else {
        to.broken = Some("the model has no room for another launch");
        return s.go_with("forks", Shim::Leaving, to);
    };
    let main = if without == Without::Gate {
        Life::Alive
    } else {
        Life::Gated
    };
    to.games[at] = Game {
        number,
        main,
        child: Life::None,
    };
    let (launch, before) = (at as Launch + 1, to.record);
    let after = match without {
        Without::RecordFirst => Shim::Release { launch, before },
        _ => Shim::Record { launch, before },
    };
    s.go_with("forks", after, to);
}

fn record(s: &mut Shims<'_>, launch: Launch, before: Launch, without: Without) {
    let to = State {
        record: launch,
        rebooted: false,
        ..*s.state
    };
    let after = match without {
        Without::RecordFirst | Without::Gate => Shim::Keep {
            launch,
            stopping: false,
        },
        Without::LastLook | Without::IntentUnderLock => Shim::Release { launch, before },
        _ => Shim::LastLook { launch, before },
    };
    s.go_with("puts it on record", after, to);
}

fn last_look(s: &mut Shims<'_>, launch: Launch, before: Launch, without: Without) {
    if is_wanted(s.state, s.who, without) {
        return s.go("is still wanted at its gate", Shim::Release { launch, before });
    }
    let mut to = *s.state;
    if let Some(game) = to.game_mut(launch) {
        game.main = Life::Dead;
    }
    let word = Word::Cancelled;
    s.go_with("is not wanted any more at its gate", Shim::Undo { before, word }, to);
}

fn release(s: &mut Shims<'_>, launch: Launch, before: Launch, without: Without) {
    let opened = |main| {
        let mut to = *s.state;
        // Without both, what comes of it later is what is looked for.
        let is_old = to.overtaken & (1 << s.who) != 0 && without != Without::NumberAndTurn;
        if main == Life::Alive && is_old {
            to.broken = Some("what was launched is older than a later answer");
        }
        if let Some(game) = to.game_mut(launch) {
            game.main = main;
        }
        to
    };
    let after = match without {
        Without::RecordFirst => Shim::Record { launch, before },
        _ => Shim::Keep {
            launch,
            stopping: false,
        },
    };
    let (runs, failed) = (opened(Life::Alive), opened(Life::Dead));
    s.go_with("opens the gate", after, runs);
    // A record of an earlier boot cannot be told from its like once restored.
    if s.state.may_fail {
        let to = State {
            may_fail: false,
            ..failed
        };
        let word = Word::Failed;
        s.go_with("cannot execute it", Shim::Undo { before, word }, to);
    }
}

fn adopt(s: &mut Shims<'_>, number: u8, without: Without) {
    let launch = s.state.record;
    let game = s.state.game(launch);
    let keep = Shim::Keep {
        launch,
        stopping: false,
    };
    if without == Without::AdoptionCheck {
        return s.go("takes it over, whatever it is", keep);
    }
    if game.number != number {
        return s.end("finds another launch on record", Word::NothingLeft);
    }
    if s.state.main_is_there(launch) || s.state.any_marked() {
        s.go("takes it over", keep);
    } else {
        s.end("finds nothing to take over", Word::NothingLeft);
    }
}

fn keep(s: &mut Shims<'_>, launch: Launch, stopping: bool, without: Without) {
    let game = s.state.game(launch);
    let set = |main, child| {
        let mut to = *s.state;
        if let Some(game) = to.game_mut(launch) {
            (game.main, game.child) = (main, child);
        }
        to
    };
    let main_only = without == Without::WholeTree;
    if game.main == Life::Dead && (game.child != Life::Alive || main_only) {
        let mut to = *s.state;
        (to.exit, to.exit_of) = (game.number, launch);
        to.seen = to.seen.max(game.number);
        s.go_with("puts the end on record", Shim::Leaving, to);
    } else if stopping && game.main == Life::Alive {
        let to = set(Life::Dead, game.child);
        s.go_with("ends the game", Shim::Keep { launch, stopping }, to);
    } else if stopping && game.child == Life::Alive {
        let to = set(game.main, Life::Dead);
        s.go_with("ends what outlived it", Shim::Keep { launch, stopping }, to);
    }
}
