//! The evidence of an instance: all that its folder and the kernel tell of it.

use std::fmt::Display;

use crate::event::Want;
use crate::store::board::{self, Entry, Phase};
use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::store::{InstanceDir, ReadError, StateDir, ending, intent, launch, lock};
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};
use crate::sys::{clock, tree};

/// The outcome of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading<T> {
    Nothing,
    This(T),
    Damaged(String),
    /// A record could not be read, or was written by a newer gamectl.
    CannotTell(String),
}

impl<T> Reading<T> {
    fn of(read: Result<Option<T>, ReadError>) -> Self {
        match read {
            Ok(None) => Self::Nothing,
            Ok(Some(found)) => Self::This(found),
            Err(error @ ReadError::Damaged(..)) => Self::Damaged(error.to_string()),
            Err(error) => Self::CannotTell(error.to_string()),
        }
    }

    pub(super) fn this(&self) -> Option<&T> {
        match self {
            Self::This(found) => Some(found),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shim {
    /// A shim lives, and has reported this; `None` if it has reported nothing yet, or
    /// cannot.
    Lives(Option<Box<Entry>>),
    /// A shim lives and has reported this, but its folder was removed, and the one
    /// that stands in its place now has no launch on record.
    Detached(Box<Entry>),
    None,
    CannotTell(String),
}

/// The game of a launch of which no shim reports anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Game {
    /// The shim or an exit tells already.
    NotAsked,
    /// Its main process is alive, or another process of its tree.
    Alive,
    /// No process of its tree is left.
    Gone,
    CannotTell(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    pub intent: Option<Want>,
    /// The current or last launch.
    pub launch: Reading<Launch>,
    /// The last exit, which may be that of an earlier launch.
    pub exit: Reading<Exit>,
    /// True if the shim had written that exit, but was killed before it put it in
    /// its place.
    pub misplaced: bool,
    pub shim: Shim,
    pub game: Game,
    /// The boot and namespaces in which pids are read here.
    pub frame: Reading<Frame>,
    /// Milliseconds on the boot-time clock.
    pub now_boot_ms: u64,
}

impl Evidence {
    pub(super) fn never_started() -> Self {
        Self {
            intent: None,
            launch: Reading::Nothing,
            exit: Reading::Nothing,
            misplaced: false,
            shim: Shim::None,
            game: Game::NotAsked,
            frame: Reading::Nothing,
            now_boot_ms: 0,
        }
    }

    /// Gathers the evidence of an instance that has no folder.
    pub(super) fn without_folder(state: &StateDir, id: &str) -> Self {
        detached(state, id).map_or_else(Self::never_started, |entry| Self::of_shim(Shim::Detached(entry)))
    }

    /// Returns the evidence of a shim that tells all there is to know.
    fn of_shim(shim: Shim) -> Self {
        Self {
            shim,
            now_boot_ms: clock::boot_ms(),
            ..Self::never_started()
        }
    }

    /// Gathers the evidence in a folder. Takes no lock and changes nothing.
    pub(super) fn gather(state: &StateDir, dir: &InstanceDir, id: &str) -> Self {
        // The shim comes first: one that ends during this has then written its
        // exit before the exit is read.
        let shim = shim(state, dir, id);
        if matches!(&shim, Shim::Lives(Some(entry)) if entry.phase != Phase::Ended) {
            return Self::of_shim(shim);
        }
        let launch = Reading::of(launch::read(dir));
        if (&shim, &launch) == (&Shim::None, &Reading::Nothing)
            && let Some(entry) = detached(state, id)
        {
            // Unless it was launched meanwhile.
            return match launch::read(dir) {
                Ok(None) => Self::of_shim(Shim::Detached(entry)),
                _ => Self::gather(state, dir, id),
            };
        }
        let mut exit = Reading::of(ending::read(dir));
        let mut misplaced = false;
        if let (Shim::None, Some(launch)) = (&shim, launch.this())
            && exit_of(launch, &exit).is_none()
            && let Some(written) = ending::written(dir, launch.generation)
        {
            exit = Reading::This(written);
            misplaced = true;
        }
        let frame = match Frame::here() {
            Ok(frame) => Reading::This(frame),
            Err(error) => Reading::CannotTell(format!("/proc cannot be read: {error}")),
        };
        let game = match (&shim, launch.this(), frame.this()) {
            (Shim::None | Shim::Lives(None), Some(launch), Some(frame))
                if launch.frame == *frame && exit_of(launch, &exit).is_none() =>
            {
                game(dir, launch)
            }
            _ => Game::NotAsked,
        };
        Self {
            intent: intent::read(dir).ok().flatten().map(|intent| intent.want),
            launch,
            exit,
            misplaced,
            shim,
            game,
            frame,
            now_boot_ms: clock::boot_ms(),
        }
    }

    /// Returns the exit if it is that of this launch, or of a later one.
    pub(super) fn exit_of(&self, launch: &Launch) -> Option<&Exit> {
        exit_of(launch, &self.exit)
    }
}

fn exit_of<'a>(launch: &Launch, exit: &'a Reading<Exit>) -> Option<&'a Exit> {
    exit.this().filter(|exit| exit.generation >= launch.generation)
}

/// Returns true if nothing was launched there since the host booted: then no
/// plan is needed any more.
pub(super) fn nothing_of_this_boot(dir: &InstanceDir) -> bool {
    match (launch::read(dir), Frame::here()) {
        (Ok(None), _) => true,
        (Ok(Some(launch)), Ok(here)) => launch.frame.boot != here.boot,
        _ => false,
    }
}

fn shim(state: &StateDir, dir: &InstanceDir, id: &str) -> Shim {
    match lock::shim_lives(dir) {
        Ok(true) => {
            let entry = board::of(state, id);
            Shim::Lives(entry.map(Box::new))
        }
        Ok(false) => Shim::None,
        Err(error) => Shim::CannotTell(format!("lock: {error}")),
    }
}

/// Returns the report of a living shim that keeps a game which is not on record
/// here. A launch is recorded before its game executes, so that one was
/// launched from another folder, which had this name then.
fn detached(state: &StateDir, id: &str) -> Option<Box<Entry>> {
    let keeps = |entry: &Entry| matches!(entry.phase, Phase::Alive | Phase::Stopping);
    board::of(state, id).filter(keeps).map(Box::new)
}

fn game(dir: &InstanceDir, launch: &Launch) -> Game {
    let own = dir
        .tree_tag()
        .is_ok_and(|tag| launch.tree_tag.is_empty() || launch.tree_tag == tag);
    match identity::presence(launch.main) {
        Presence::Alive if own => return Game::Alive,
        // A copy of the record does not make its game ours.
        Presence::Alive => {
            let pid = launch.main.pid;
            return Game::CannotTell(format!(
                "its launch record was copied from another folder, whose game runs (pid {pid})"
            ));
        }
        Presence::CannotTell(why) => return Game::CannotTell(why),
        Presence::Gone => {}
    }
    let cannot = |error: &dyn Display| Game::CannotTell(format!("what is left of it: {error}"));
    match dir.tree_tag().and_then(|tag| tree::marked(&tag)) {
        Ok(survivors) if survivors.is_empty() => Game::Gone,
        Ok(_) => Game::Alive,
        Err(error) => cannot(&error),
    }
}
