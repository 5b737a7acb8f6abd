//! Where an instance stands, as a verb must know it: whether it may launch,
//! whom to ask to stop, what to take over. Pure.

use super::evidence::{Evidence, Found, Game, Shim, has_ended};
use crate::failure::{Failure, FailureKind};
use crate::store::board::{Entry, Phase};
use crate::store::launch::Launch;

/// Where an instance stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    /// Nothing of it runs; the next launch has this number. Holds the launch
    /// whose end nobody put on record, if there is one.
    Free {
        /// The number of the next launch.
        next: u64,
        /// A launch that ended unseen.
        unseen: Option<Box<Launch>>,
    },
    /// A shim is about to launch it, or to put its end on record: soon it will
    /// stand elsewhere.
    Passing,
    /// Its end is on record, and its shim is there for a moment still: for
    /// whoever launched it, to launch it again. To anybody else it is passing.
    Ended {
        /// The launch that has ended.
        generation: u64,
    },
    /// A shim keeps it.
    Kept {
        /// The launch.
        generation: u64,
        /// Whether it is on its way through its stop chain.
        stopping: bool,
    },
    /// Its main process has ended by itself, and its shim clears away what has
    /// outlived it.
    Clearing {
        /// The launch.
        generation: u64,
    },
    /// It runs, and its shim is gone.
    Orphan(Box<Launch>),
    /// It runs, and its folder is gone: nobody can talk to its shim.
    Strayed(Box<Entry>),
    /// Nothing runs that we know of, but the record that would tell is
    /// damaged.
    Damaged(String),
}

/// Finds out where an instance stands.
///
/// # Errors
/// When that cannot be told; then nothing may be started or called stopped.
pub(super) fn standing(evidence: &Evidence) -> Result<Standing, Failure> {
    match &evidence.shim {
        Shim::CannotTell(why) => return Err(Failure::unknown(why.clone())),
        Shim::Strayed(entry) => return Ok(Standing::Strayed(entry.clone())),
        Shim::Lives(entry) => {
            return Ok(match entry {
                Some(entry) if entry.phase == Phase::Ended => of_ended(entry.generation, evidence),
                Some(entry) if entry.is_clearing() => Standing::Clearing {
                    generation: entry.generation,
                },
                Some(entry) => Standing::Kept {
                    generation: entry.generation,
                    stopping: entry.phase == Phase::Stopping,
                },
                None => match evidence.launch.this() {
                    // Its shim can put nothing on record, and says so when it is
                    // asked.
                    Some(_) if evidence.game == Game::Gone => Standing::Passing,
                    Some(launch) if !has_ended(launch, &evidence.exit) && is_here(launch, evidence) => Standing::Kept {
                        generation: launch.generation,
                        stopping: false,
                    },
                    _ => Standing::Passing,
                },
            });
        }
        Shim::None => {}
    }
    match &evidence.launch {
        Found::Nothing => free(evidence, None),
        Found::Damaged(why) => Ok(Standing::Damaged(why.clone())),
        // A record of a newer gamectl is as good as one that cannot be read.
        Found::CannotTell(why) => Err(Failure::failed(why.clone()).hint(UNREADABLE)),
        Found::This(launch) => of_launch(launch, evidence),
    }
}

/// Of a living shim that says that its game has ended.
fn of_ended(generation: u64, evidence: &Evidence) -> Standing {
    let launch = evidence.launch.this().map(|launch| launch.generation);
    let exit = evidence.exit.this().map(|exit| exit.generation);
    if launch == Some(generation) && exit == launch {
        Standing::Ended { generation }
    } else {
        Standing::Passing
    }
}

const UNREADABLE: &str = "nothing was changed; use the gamectl that wrote it, or mend what is in the way";

fn is_here(launch: &Launch, evidence: &Evidence) -> bool {
    evidence.frame.this() == Some(&launch.frame)
}

fn of_launch(launch: &Launch, evidence: &Evidence) -> Result<Standing, Failure> {
    if has_ended(launch, &evidence.exit) {
        return free(evidence, evidence.misplaced.then(|| Box::new(launch.clone())));
    }
    let frame = match &evidence.frame {
        Found::This(frame) => frame,
        Found::CannotTell(why) | Found::Damaged(why) => return Err(Failure::unknown(why.clone())),
        Found::Nothing => return Err(Failure::unknown("/proc cannot be read")),
    };
    let elsewhere = |place| {
        Failure::new(
            FailureKind::Unknown,
            format!("it was started {place} that shares this state directory"),
        )
        .hint("stop it there, or give this one another state directory with --state-dir")
    };
    if launch.frame.machine != frame.machine {
        return Err(elsewhere("on another machine"));
    }
    if launch.frame.boot != frame.boot {
        return free(evidence, None);
    }
    if launch.frame.namespaces != frame.namespaces {
        return Err(elsewhere("in another container or pid namespace"));
    }
    match &evidence.game {
        Game::Alive => Ok(Standing::Orphan(Box::new(launch.clone()))),
        Game::Gone => free(evidence, Some(Box::new(launch.clone()))),
        Game::CannotTell(why) => Err(Failure::unknown(why.clone())),
        Game::NotAsked => Err(Failure::unknown("what is left of it could not be found out")),
    }
}

fn free(evidence: &Evidence, unseen: Option<Box<Launch>>) -> Result<Standing, Failure> {
    // The next end would be put on record in its place.
    if let Found::CannotTell(why) = &evidence.exit {
        return Err(Failure::failed(why.clone()).hint(UNREADABLE));
    }
    let launch = evidence.launch.this().map(|launch| launch.generation);
    let exit = evidence.exit.this().map(|exit| exit.generation);
    Ok(Standing::Free {
        next: launch.max(exit).unwrap_or(0) + 1,
        unseen,
    })
}
