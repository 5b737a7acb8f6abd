//! The state that the actors share, and the place that each has reached. Small and
//! `Copy`: there are hundreds of thousands of these.

/// The verbs and events that take part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene {
    /// The verbs that are typed at the same time.
    pub(crate) verbs: [Verb; 3],
    /// True when a game and its shim are there before the first verb.
    pub(crate) kept: bool,
    /// The number of kills, at any point. Games need no kill: they may always end
    /// by themselves.
    pub(crate) kills: u8,
    /// True when the executable may fail to be executed, once.
    pub(crate) exec_fails: bool,
    /// True when the host may reboot, once, which is the end of all verbs.
    pub(crate) reboot: bool,
    /// True when a fresh stop and a fresh start may follow later.
    pub(crate) afterwards: bool,
}

/// A verb that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Nothing,
    Start,
    Stop,
    StopNow,
    Restart,
    /// The start that `run` does after a crash.
    Resume,
}

/// The safeguards of the protocol: a test leaves each of them out in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Without {
    Nothing,
    /// The shim does not read the intent.
    IntentReread,
    /// The shim looks what is wanted before it takes its lock, and not again.
    IntentUnderLock,
    /// Nobody takes the lock of a shim.
    ShimLock,
    /// A late shim does not compare its number with what is on record; see the
    /// test.
    NumberCheck,
    /// A late shim does not look whether it is still its verb's turn.
    TurnCheck,
    /// A record holds neither.
    NumberAndTurn,
    /// The shim does not look at the wish and the turn once more before it opens
    /// the gate; see the test.
    LastLook,
    /// Nobody looks for processes that carry the mark.
    MarkScan,
    /// A record of an earlier boot is read as if it were of this one.
    BootCheck,
    /// The child executes the game at once.
    Gate,
    /// The gate is opened before the record is written.
    RecordFirst,
    /// A stop does not wait for a shim that has not launched yet.
    WaitForShim,
    /// A stop does not say what it wants.
    StopIntent,
    /// The exit is written when the main process is gone.
    WholeTree,
    /// A verb puts an unseen end on record without holding the lock of a
    /// shim.
    LockForUnseen,
    /// A verb that puts an unseen end on record does not look again, once it
    /// holds the lock of a shim.
    SecondLook,
    /// An adopting shim does not look whether anything is left to adopt.
    AdoptionCheck,
    /// An exit counts for whatever launch is on record.
    ExitNumber,
    /// The verbs take no lock. Nothing is unsafe without it; see the test.
    VerbLock,
    /// The shim's own look for an earlier game; see the test.
    ShimScan,
}

/// Launches and shims that fit. More than a scene can need: a step that would
/// need another is a violation, not an end.
pub(crate) const LAUNCHES: usize = 6;
pub(crate) const SHIMS: usize = 4;
pub(crate) const ACTORS: usize = 3;

/// The first actor after the verbs have ended.
pub(crate) const FRESH: usize = 0;

/// A launch by its place in `State::games`, counted from 1; 0 is none.
pub(crate) type Launch = u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Life {
    #[default]
    None,
    /// Forked, and waiting at its gate.
    Gated,
    Alive,
    Dead,
}

/// A launch: its main process and one descendant, in a session of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Game {
    pub(crate) number: u8,
    pub(crate) main: Life,
    pub(crate) child: Life,
}

impl Game {
    pub(crate) fn runs(self) -> bool {
        self.main == Life::Alive || self.child == Life::Alive
    }
}

/// The place that a verb has reached. `ending` tells what it works towards: a
/// restart first ends, then starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pc {
    /// About to see what was wanted so far.
    Typed,
    /// A stop, about to say what it wants.
    SayFirst,
    /// About to take the lock. Remembers whether a stop was wanted already.
    Lock {
        stop_was_wanted: bool,
    },
    /// Holds it, about to see whether a stop came meanwhile.
    GiveWay {
        stop_was_wanted: bool,
    },
    /// Holds it, about to say what it wants.
    Say,
    /// About to look whether a shim lives.
    LookShim {
        ending: bool,
    },
    /// No shim lived; about to read the launch record.
    LookRecord {
        ending: bool,
    },
    /// About to read the exit.
    LookExit {
        ending: bool,
        launch: Launch,
    },
    /// About to look for the game.
    LookGame {
        ending: bool,
        launch: Launch,
        exit: u8,
    },
    /// About to put an unseen end on record.
    Unseen {
        ending: bool,
        launch: Launch,
        next: u8,
    },
    /// About to have this launch taken over.
    TakeOver {
        ending: bool,
        launch: Launch,
    },
    /// About to have this number launched.
    Spawn {
        next: u8,
    },
    /// About to ask the shim to end this number.
    Ask {
        number: u8,
    },
    /// Asked; waits for the end.
    Ending,
    /// A restart between its halves, about to look at the intent.
    Between,
    /// Waits for the word of this shim.
    Await {
        ending: bool,
        shim: u8,
    },
    /// Over.
    Ran,
    Stopped,
    Failed,
    Killed,
}

impl Pc {
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Ran | Self::Stopped | Self::Failed | Self::Killed)
    }
}

/// The place that a shim has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shim {
    None,
    /// About to take its lock; to launch this number, or to adopt (launch and
    /// number).
    Lock {
        number: u8,
        adopts: Launch,
    },
    /// Holds it; about to read the intent.
    Intent {
        number: u8,
    },
    /// About to look for an earlier game.
    Check {
        number: u8,
    },
    Fork {
        number: u8,
    },
    /// About to put the child on record; with the launch before it.
    Record {
        launch: Launch,
        before: Launch,
    },
    /// About to look once more whether it is wanted.
    LastLook {
        launch: Launch,
        before: Launch,
    },
    /// About to open the gate.
    Release {
        launch: Launch,
        before: Launch,
    },
    /// The executable could not be executed, or is not wanted any more: about to
    /// restore the record.
    Undo {
        before: Launch,
        word: Word,
    },
    Adopt {
        number: u8,
    },
    Keep {
        launch: Launch,
        stopping: bool,
    },
    /// The exit is on record, and the lock still held.
    Leaving,
    /// Over, with this last word.
    Over(Word),
}

impl Shim {
    /// Returns true when it may still launch its game.
    pub(crate) fn is_pending(self) -> bool {
        match self {
            Self::Lock { adopts, .. } => adopts == 0,
            Self::Intent { .. } | Self::Check { .. } | Self::Fork { .. } => true,
            Self::Record { .. } | Self::LastLook { .. } | Self::Release { .. } => true,
            _ => false,
        }
    }
}

/// The last word of a shim to its starter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    Ran,
    Busy,
    Cancelled,
    Failed,
    NothingLeft,
    /// None at all.
    Killed,
}

/// The verbs, and what comes after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Verbs,
    FreshStop,
    FreshStart,
    Over,
}

/// Everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) actors: [Pc; ACTORS],
    pub(crate) shims: [Shim; SHIMS],
    pub(crate) games: [Game; LAUNCHES],
    /// Which verb holds it, counted from 1; 0 none.
    pub(crate) verb_lock: u8,
    pub(crate) shim_lock: u8,
    pub(crate) wants_stop: bool,
    /// The shims whose verb's turn is over, as another has taken the lock since;
    /// a bit each.
    pub(crate) late: u8,
    /// Those of them that had still to look when another verb was answered: that
    /// nothing runs, or that its launch came to nothing.
    pub(crate) overtaken: u8,
    pub(crate) record: Launch,
    /// The record and the exit are of an earlier boot, and their pids belong
    /// to strangers by now.
    pub(crate) rebooted: bool,
    /// The number of the last exit, and whose exit code it holds; 0 none.
    pub(crate) exit: u8,
    pub(crate) exit_of: Launch,
    /// The highest number whose exit code a shim has put on record.
    pub(crate) seen: u8,
    /// Since which stops a start has said what it wants, a bit each.
    pub(crate) wanted_since: u8,
    pub(crate) kills: u8,
    pub(crate) may_fail: bool,
    pub(crate) phase: Phase,
    /// A step had no room, or a fresh verb failed.
    pub(crate) broken: Option<&'static str>,
}

impl State {
    pub(crate) fn first(scene: Scene) -> Self {
        let mut state = Self {
            actors: scene
                .verbs
                .map(|verb| if verb == Verb::Nothing { Pc::Failed } else { Pc::Typed }),
            shims: [Shim::None; SHIMS],
            games: [Game::default(); LAUNCHES],
            verb_lock: 0,
            shim_lock: 0,
            wants_stop: false,
            late: 0,
            overtaken: 0,
            record: 0,
            rebooted: false,
            exit: 0,
            exit_of: 0,
            seen: 0,
            wanted_since: u8::MAX,
            kills: scene.kills,
            may_fail: scene.exec_fails,
            phase: Phase::Verbs,
            broken: None,
        };
        if scene.kept {
            state.games[0] = Game {
                number: 1,
                main: Life::Alive,
                child: Life::None,
            };
            state.shims[0] = Shim::Keep {
                launch: 1,
                stopping: false,
            };
            (state.shim_lock, state.record) = (1, 1);
        }
        state
    }

    pub(crate) fn game(&self, launch: Launch) -> Game {
        launch
            .checked_sub(1)
            .and_then(|at| self.games.get(usize::from(at)).copied())
            .unwrap_or_default()
    }

    pub(crate) fn game_mut(&mut self, launch: Launch) -> Option<&mut Game> {
        launch.checked_sub(1).and_then(|at| self.games.get_mut(usize::from(at)))
    }

    /// Returns true when any process carries the mark. A child at its gate has not
    /// got the game's environment yet.
    pub(crate) fn any_marked(&self) -> bool {
        self.games.iter().any(|game| game.runs())
    }

    /// Returns true when the recorded main process of a launch is there.
    pub(crate) fn main_is_there(&self, launch: Launch) -> bool {
        self.rebooted || matches!(self.game(launch).main, Life::Alive | Life::Gated)
    }

    /// Returns the shim that holds the lock, and the place that it has reached.
    pub(crate) fn lock_holder(&self) -> Option<(usize, Shim)> {
        let at = usize::from(self.shim_lock.checked_sub(1)?);
        self.shims.get(at).map(|shim| (at, *shim))
    }

    /// The shims of which that holds, a bit each.
    fn shims_that(&self, holds: impl Fn(&Shim) -> bool) -> u8 {
        let shims = self.shims.iter().enumerate();
        shims.fold(0, |bits, (at, shim)| bits | u8::from(holds(shim)) << at)
    }

    /// The shims that may still launch something.
    pub(crate) fn pending(&self) -> u8 {
        self.shims_that(|shim| shim.is_pending())
    }

    /// A verb is answered that has found nothing: what is late and has still to
    /// look must not launch any more.
    pub(crate) fn overtake(&mut self) {
        let has_looked = self.shims_that(|shim| matches!(shim, Shim::Release { .. }));
        self.overtaken |= self.late & !has_looked;
    }

    pub(crate) fn verbs_are_over(&self) -> bool {
        self.actors.iter().all(|actor| actor.is_over())
    }

    /// Returns the rule that this state breaks, if any.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        if self.games.iter().filter(|game| game.runs()).count() > 1 {
            return Some("two games at once");
        }
        let running = self
            .games
            .iter()
            .position(|game| game.runs())
            .map(|at| at as Launch + 1);
        if let Some(launch) = running {
            if self.record != launch || self.rebooted {
                return Some("a game runs that is not on record");
            }
            if self.exit == self.game(launch).number {
                return Some("a game runs whose end is on record");
            }
            let mut actors = self.actors.iter().enumerate();
            if actors.any(|(who, pc)| *pc == Pc::Stopped && self.wanted_since & (1 << who) == 0) {
                return Some("a game runs after a stop was acknowledged");
            }
        }
        if self.exit_of != 0 && self.exit == self.game(self.record).number && self.exit_of != self.record {
            return Some("an exit code is told of another launch");
        }
        if self.seen > self.exit || (self.seen == self.exit && self.seen > 0 && self.exit_of == 0) {
            return Some("an exit code that was on record is lost");
        }
        self.broken
    }
}
