//! The steps of start, stop and restart.

use super::state::{Launch, Pc, Phase, Shim, State, Verb, Without, Word};
use super::steps::{Step, push};

/// A verb that is over, with its lock free.
pub(crate) fn end(mut state: State, who: usize, how: Pc) -> State {
    state.actors[who] = how;
    if state.verb_lock == who as u8 + 1 {
        state.verb_lock = 0;
    }
    state
}

struct Verbs<'a> {
    state: &'a State,
    who: usize,
    verb: Verb,
    without: Without,
    out: &'a mut Vec<Step>,
}

impl Verbs<'_> {
    fn go(&mut self, what: &'static str, pc: Pc) {
        self.go_with(what, pc, *self.state);
    }

    fn go_with(&mut self, what: &'static str, pc: Pc, mut to: State) {
        if pc == Pc::Stopped {
            to.overtake();
        }
        if pc.is_over() {
            to = end(to, self.who, pc);
        } else {
            to.actors[self.who] = pc;
        }
        let name = match self.verb {
            Verb::Nothing => "nobody",
            Verb::Start => "start",
            Verb::Stop => "stop",
            Verb::StopNow => "stop --now",
            Verb::Restart => "restart",
            Verb::Resume => "run",
        };
        push(self.out, name, self.who + 1, what, false, to);
    }

    fn is_stop(&self) -> bool {
        matches!(self.verb, Verb::Stop | Verb::StopNow)
    }

    /// Says what this verb wants.
    fn said(&self) -> State {
        let mut to = *self.state;
        if self.is_stop() {
            to.wants_stop = self.without != Without::StopIntent;
            to.wanted_since &= !(1 << self.who);
        } else {
            to.wants_stop = false;
            to.wanted_since = u8::MAX;
        }
        to
    }

    fn takes_lock(&mut self, pc: Pc) {
        let free = self.state.verb_lock == 0;
        if self.without == Without::VerbLock {
            self.go("goes on without the lock", pc);
        } else if free {
            let to = State {
                verb_lock: self.who as u8 + 1,
                late: self.state.pending(),
                ..*self.state
            };
            self.go_with("takes the lock", pc, to);
        }
    }
}

/// The steps of one verb.
pub(crate) fn steps(state: &State, who: usize, verb: Verb, without: Without, out: &mut Vec<Step>) {
    let mut v = Verbs {
        state,
        who,
        verb,
        without,
        out,
    };
    match state.actors[who] {
        Pc::Typed if v.is_stop() => v.go("is typed", Pc::SayFirst),
        Pc::Typed => v.go(
            "is typed",
            Pc::Lock {
                stop_was_wanted: state.wants_stop,
            },
        ),
        Pc::SayFirst => {
            let to = v.said();
            let pc = Pc::Lock { stop_was_wanted: true };
            v.go_with("wants it stopped", pc, to);
        }
        Pc::Lock { .. } if v.is_stop() => {
            v.takes_lock(Pc::Say);
            if verb == Verb::StopNow && state.verb_lock != 0 {
                v.go("does not wait for the lock", Pc::Say);
            }
        }
        Pc::Lock { stop_was_wanted } => {
            v.takes_lock(Pc::GiveWay { stop_was_wanted });
            if state.wants_stop && !stop_was_wanted {
                v.go("gives way while it waits", Pc::Failed);
            }
        }
        Pc::GiveWay { stop_was_wanted } if state.wants_stop && !stop_was_wanted => v.go("gives way", Pc::Failed),
        Pc::GiveWay { .. } if verb == Verb::Resume && state.wants_stop => v.go("leaves it stopped", Pc::Failed),
        Pc::GiveWay { .. } if verb == Verb::Resume => v.go("is still wanted", Pc::LookShim { ending: false }),
        Pc::GiveWay { .. } => v.go("need not give way", Pc::Say),
        Pc::Say => {
            let to = v.said();
            v.go_with(
                "says what it wants",
                Pc::LookShim {
                    ending: verb != Verb::Start,
                },
                to,
            );
        }
        Pc::Between if state.wants_stop => v.go("leaves it stopped", Pc::Failed),
        Pc::Between => v.go("goes on to the start", Pc::LookShim { ending: false }),
        Pc::LookShim { .. }
        | Pc::LookRecord { .. }
        | Pc::LookExit { .. }
        | Pc::LookGame { .. }
        | Pc::Unseen { .. }
        | Pc::TakeOver { .. } => look(&mut v),
        Pc::Spawn { next } => spawn(
            &mut v,
            Shim::Lock {
                number: next,
                adopts: 0,
            },
            false,
        ),
        Pc::Ask { number } => ask(&mut v, number),
        Pc::Ending => {
            let stays = matches!(state.lock_holder(), Some((_, Shim::Keep { stopping: true, .. })));
            if !stays {
                v.go("looks again", Pc::LookShim { ending: true });
            }
        }
        Pc::Await { ending, shim } => wait(&mut v, ending, state.shims[usize::from(shim)]),
        Pc::Ran | Pc::Stopped | Pc::Failed | Pc::Killed => {}
    }
}

/// One look is several reads, and anything may happen between them.
fn look(v: &mut Verbs<'_>) {
    let state = v.state;
    match state.actors[v.who] {
        Pc::LookShim { ending } => look_shim(v, ending),
        Pc::LookRecord { ending } if state.record == 0 || (state.rebooted && v.without != Without::BootCheck) => {
            let next = state.game(state.record).number.max(state.exit) + 1;
            free(v, ending, next);
        }
        Pc::LookRecord { ending } => {
            v.go(
                "reads the record",
                Pc::LookExit {
                    ending,
                    launch: state.record,
                },
            );
        }
        Pc::LookExit { ending, launch } => {
            let number = state.game(launch).number;
            let has_ended = state.exit == number || (v.without == Without::ExitNumber && state.exit > 0);
            if has_ended {
                free(v, ending, number.max(state.exit) + 1);
            } else {
                v.go(
                    "reads the exit",
                    Pc::LookGame {
                        ending,
                        launch,
                        exit: state.exit,
                    },
                );
            }
        }
        Pc::LookGame { ending, launch, exit } => {
            let marked = state.any_marked() && v.without != Without::MarkScan;
            if state.main_is_there(launch) || marked {
                v.go("finds it running alone", Pc::TakeOver { ending, launch });
            } else {
                let next = state.game(launch).number.max(exit) + 1;
                v.go("finds nothing of it", Pc::Unseen { ending, launch, next });
            }
        }
        Pc::Unseen { ending, launch, next } => unseen(v, ending, launch, next),
        Pc::TakeOver { ending, launch } => {
            let number = state.game(launch).number;
            spawn(v, Shim::Lock { number, adopts: launch }, ending);
        }
        _ => {}
    }
}

fn look_shim(v: &mut Verbs<'_>, ending: bool) {
    match v.state.lock_holder() {
        None => v.go("sees no shim", Pc::LookRecord { ending }),
        Some((_, Shim::Keep { launch, .. })) if ending => {
            let number = v.state.game(launch).number;
            v.go("sees a shim", Pc::Ask { number });
        }
        Some((_, Shim::Keep { stopping: false, .. })) => v.go("finds it running", Pc::Ran),
        // Whoever types it later tries until it succeeds.
        Some((_, Shim::Keep { stopping: true, .. })) if v.state.phase == Phase::FreshStart => {}
        Some((_, Shim::Keep { stopping: true, .. })) => v.go("finds it stopping", Pc::Failed),
        Some(_) if ending && v.without == Without::WaitForShim => free(v, ending, 1),
        // About to launch or to end: it is waited for.
        Some(_) => {}
    }
}

fn free(v: &mut Verbs<'_>, ending: bool, next: u8) {
    match v.verb {
        Verb::Stop | Verb::StopNow => v.go("acknowledges", Pc::Stopped),
        Verb::Restart if ending => v.go("has it stopped", Pc::Between),
        _ => v.go("finds nothing running", Pc::Spawn { next }),
    }
}

/// Holding the lock of a shim it looks once more, since a shim may have come and gone.
fn unseen(v: &mut Verbs<'_>, ending: bool, launch: Launch, next: u8) {
    let state = v.state;
    let number = state.game(launch).number;
    let mut to = *state;
    (to.exit, to.exit_of) = (number, 0);
    let after = match v.verb {
        Verb::Stop | Verb::StopNow => Pc::Stopped,
        Verb::Restart if ending => Pc::Between,
        _ => Pc::Spawn { next },
    };
    let same = state.record == launch && state.exit < number && !state.main_is_there(launch) && !state.any_marked();
    let may = match v.without {
        // Without the scan the second look is as blind as the first.
        Without::LockForUnseen | Without::MarkScan => true,
        Without::SecondLook => state.shim_lock == 0,
        _ => state.shim_lock == 0 && same,
    };
    if may {
        v.go_with("puts an unseen end on record", after, to);
    } else {
        v.go("finds that it was overtaken", Pc::LookShim { ending });
    }
}

fn spawn(v: &mut Verbs<'_>, shim: Shim, ending: bool) {
    let mut to = *v.state;
    match to.shims.iter().position(|place| *place == Shim::None) {
        Some(at) => {
            to.shims[at] = shim;
            let pc = Pc::Await { ending, shim: at as u8 };
            v.go_with("spawns a shim", pc, to);
        }
        None => {
            to.broken = Some("the model has no room for another shim");
            v.go_with("spawns a shim", Pc::Failed, to);
        }
    }
}

fn ask(v: &mut Verbs<'_>, number: u8) {
    match v.state.lock_holder() {
        Some((at, Shim::Keep { launch, .. })) if v.state.game(launch).number == number => {
            let mut to = *v.state;
            to.shims[at] = Shim::Keep { launch, stopping: true };
            v.go_with("asks the shim", Pc::Ending, to);
        }
        _ => v.go("is not answered", Pc::LookShim { ending: true }),
    }
}

fn wait(v: &mut Verbs<'_>, ending: bool, shim: Shim) {
    match shim {
        Shim::Keep { .. } | Shim::Leaving | Shim::Over(Word::Ran) if !ending => {
            v.go("hears that it runs", Pc::Ran);
        }
        Shim::Keep { .. } | Shim::Leaving | Shim::Over(Word::Ran | Word::Busy | Word::Killed | Word::NothingLeft) => {
            v.go("looks again", Pc::LookShim { ending });
        }
        Shim::Over(Word::Cancelled) => v.go("hears that it is not wanted", Pc::Failed),
        Shim::Over(Word::Failed) => {
            let mut to = *v.state;
            to.overtake();
            v.go_with("hears that it failed", Pc::Failed, to);
        }
        _ => {}
    }
    if !ending && v.state.wants_stop {
        v.go("leaves it to the stop", Pc::Failed);
    }
}
