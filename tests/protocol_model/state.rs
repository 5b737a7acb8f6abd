//! What the actors share, and how far each of them is.

/// What takes part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene {
    /// How many starts: one or two.
    pub(crate) starts: usize,
    /// Whether there is a stop.
    pub(crate) stop: bool,
    /// Whether the stop is a `stop --now`, which waits for no lock.
    pub(crate) now: bool,
    /// How many kills there may be, of anybody, anywhere.
    pub(crate) kills: u8,
}

/// The safeguards of the protocol; all are there, but for a test of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) shim_reads_intent: bool,
    pub(crate) shim_lock: bool,
    pub(crate) shim_looks_for_game: bool,
    pub(crate) record_before_gate: bool,
    pub(crate) gate: bool,
    pub(crate) stop_waits_for_shim: bool,
    pub(crate) stop_sets_intent: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            shim_reads_intent: true,
            shim_lock: true,
            shim_looks_for_game: true,
            record_before_gate: true,
            gate: true,
            stop_waits_for_shim: true,
            stop_sets_intent: true,
        }
    }
}

/// So many launches and shims fit into the model; a state that would need more
/// goes on without them.
pub(crate) const LAUNCHES: usize = 4;
pub(crate) const SHIMS: usize = 4;

/// A launch is known by its number; 0 is none.
pub(crate) type Generation = u8;

/// What becomes of the process of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Game {
    None,
    /// Forked, and waiting at its gate.
    Gated,
    Running,
    Dead,
}

/// How far a start is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Start {
    /// About to take the lock. Remembers whether a stop was wanted already.
    Lock {
        stop_was_wanted: bool,
    },
    /// Holds it; about to look whether a stop came meanwhile.
    GiveWay {
        stop_was_wanted: bool,
    },
    /// About to say what it wants.
    Intent,
    /// About to look.
    Look,
    /// Waits for the word of this shim.
    Wait {
        shim: u8,
    },
    Done,
}

/// How far a stop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stop {
    /// About to say what it wants.
    Intent,
    Lock,
    IntentAgain,
    Look,
    /// Waits for the end of this shim.
    Wait {
        shim: u8,
    },
    Acknowledged,
    Done,
}

/// How far a shim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shim {
    None,
    /// About to take its lock.
    Lock {
        generation: Generation,
        adopts: bool,
    },
    /// Holds it; about to read the intent.
    Intent {
        generation: Generation,
    },
    /// About to look for an earlier game.
    Check {
        generation: Generation,
    },
    /// About to fork the game.
    Fork {
        generation: Generation,
    },
    /// About to put it on record.
    Record {
        generation: Generation,
    },
    /// About to open the gate.
    Release {
        generation: Generation,
    },
    /// About to look whether what it takes over still lives.
    Adopt {
        generation: Generation,
    },
    /// Keeps the game; `stopping` when it was asked to end it.
    Keep {
        generation: Generation,
        stopping: bool,
    },
    /// About to put the end on record.
    Exit {
        generation: Generation,
    },
    /// Over, without having launched anything.
    Refused,
    /// Over: killed, or at the end of its work.
    Gone,
}

/// Everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) starts: [Start; 2],
    pub(crate) stop: Stop,
    pub(crate) shims: [Shim; SHIMS],
    pub(crate) games: [Game; LAUNCHES],
    /// Who holds the verb's lock: 0 nobody, 1 and 2 the starts, 3 the stop.
    pub(crate) lock: u8,
    /// The shim that holds the shim's lock, counted from 1; 0 nobody.
    pub(crate) shim_lock: u8,
    pub(crate) wants_running: bool,
    pub(crate) record: Generation,
    pub(crate) exit: Generation,
    /// Whether a start has asked for a game since the stop said what it wants.
    pub(crate) wanted_since: bool,
    pub(crate) kills: u8,
}

impl State {
    pub(crate) fn first(scene: Scene) -> Self {
        let start = Start::Lock { stop_was_wanted: false };
        Self {
            starts: [start, if scene.starts > 1 { start } else { Start::Done }],
            stop: if scene.stop { Stop::Intent } else { Stop::Done },
            shims: [Shim::None; SHIMS],
            games: [Game::None; LAUNCHES],
            lock: 0,
            shim_lock: 0,
            wants_running: true,
            record: 0,
            exit: 0,
            wanted_since: true,
            kills: scene.kills,
        }
    }

    pub(crate) fn game(&self, generation: Generation) -> Game {
        match generation.checked_sub(1) {
            Some(index) => self.games.get(usize::from(index)).copied().unwrap_or(Game::None),
            None => Game::None,
        }
    }

    pub(crate) fn set_game(&mut self, generation: Generation, game: Game) {
        if let Some(place) = generation
            .checked_sub(1)
            .and_then(|index| self.games.get_mut(usize::from(index)))
        {
            *place = game;
        }
    }

    /// The number of the next launch.
    pub(crate) fn next(&self) -> Generation {
        self.record.max(self.exit) + 1
    }

    /// What is wrong with this state, if anything.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        let running = self.games.iter().filter(|game| **game == Game::Running).count();
        if running > 1 {
            return Some("two games run at once");
        }
        let kept = |generation: Generation| {
            // A shim about to write the record has opened no gate yet; one
            // that works the other way round has.
            self.record == generation
        };
        for (index, game) in self.games.iter().enumerate() {
            let generation = index as Generation + 1;
            if *game == Game::Running && !kept(generation) {
                return Some("a game runs that is not on record");
            }
        }
        if self.stop == Stop::Acknowledged && running > 0 && !self.wanted_since {
            return Some("a game runs after the stop was acknowledged");
        }
        None
    }

    /// Whether all verbs have come to their end.
    pub(crate) fn is_over(&self) -> bool {
        self.starts.iter().all(|start| *start == Start::Done) && matches!(self.stop, Stop::Done | Stop::Acknowledged)
    }
}
