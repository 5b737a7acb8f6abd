//! What can be found out about an instance, from its folder and the kernel.

use std::fmt::Display;

use crate::event::Want;
use crate::store::board::{self, Entry, Phase};
use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::store::{InstanceDir, ReadError, StateDir, ending, intent, launch, lock};
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};
use crate::sys::{clock, tree};

/// What could be read, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// It is not there.
    Nothing,
    /// It is there.
    This(T),
    /// It is there, and damaged.
    Damaged(String),
    /// It cannot be told.
    CannotTell(String),
}

impl<T> Found<T> {
    fn of(read: Result<Option<T>, ReadError>) -> Self {
        match read {
            Ok(None) => Self::Nothing,
            Ok(Some(found)) => Self::This(found),
            Err(error @ ReadError::Damaged(..)) => Self::Damaged(error.to_string()),
            Err(error) => Self::CannotTell(error.to_string()),
        }
    }

    /// What is there.
    pub(super) fn this(&self) -> Option<&T> {
        match self {
            Self::This(found) => Some(found),
            _ => None,
        }
    }
}

/// The shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shim {
    /// It lives, and says this on the board; `None` when it says nothing yet, or
    /// cannot.
    Lives(Option<Box<Entry>>),
    /// One lives that keeps a game of this name, and says this on the board; but
    /// its folder was removed, and what stands in its place knows nothing of it.
    Strayed(Box<Entry>),
    /// There is none.
    None,
    /// It cannot be told.
    CannotTell(String),
}

/// The game of a launch of which no shim speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Game {
    /// Nobody looked, because the shim or an exit tells already.
    NotAsked,
    /// Its main process is alive, or something else of its tree.
    Alive,
    /// Nothing of it is left.
    Gone,
    /// It cannot be told.
    CannotTell(String),
}

/// Everything a state is derived from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The wish.
    pub intent: Option<Want>,
    /// The current or last launch.
    pub launch: Found<Launch>,
    /// The last exit, which may be that of an earlier launch. Where its shim is
    /// gone, also one that the shim had written and not yet put in its place.
    pub exit: Found<Exit>,
    /// Whether that is such a one.
    pub misplaced: bool,
    /// The shim.
    pub shim: Shim,
    /// The game, where its shim is gone or says nothing.
    pub game: Game,
    /// The frame in which pids are read here.
    pub frame: Found<Frame>,
    /// Now, on the boot-time clock, in milliseconds.
    pub now_boot_ms: u64,
}

impl Evidence {
    /// What there is about an instance that was never started.
    pub(super) fn never_started() -> Self {
        Self {
            intent: None,
            launch: Found::Nothing,
            exit: Found::Nothing,
            misplaced: false,
            shim: Shim::None,
            game: Game::NotAsked,
            frame: Found::Nothing,
            now_boot_ms: 0,
        }
    }

    /// What there is about an instance that has no folder.
    pub(super) fn without_folder(state: &StateDir, id: &str) -> Self {
        strayed(state, id).map_or_else(Self::never_started, Self::of_strayed)
    }

    fn of_strayed(entry: Box<Entry>) -> Self {
        Self {
            shim: Shim::Strayed(entry),
            now_boot_ms: clock::boot_ms(),
            ..Self::never_started()
        }
    }

    /// Gathers what there is. Takes no lock and changes nothing.
    pub(super) fn gather(state: &StateDir, dir: &InstanceDir, id: &str) -> Self {
        // The shim first: one that ends while we read has then written its
        // exit before we come to it.
        let shim = shim(state, dir, id);
        if matches!(&shim, Shim::Lives(Some(entry)) if entry.phase != Phase::Ended) {
            // Nobody knows better than a shim that keeps it, so nothing else is
            // asked.
            return Self {
                shim,
                now_boot_ms: clock::boot_ms(),
                ..Self::never_started()
            };
        }
        let launch = Found::of(launch::read(dir));
        if (&shim, &launch) == (&Shim::None, &Found::Nothing)
            && let Some(entry) = strayed(state, id)
        {
            // Unless it was launched since we looked.
            return match launch::read(dir) {
                Ok(None) => Self::of_strayed(entry),
                _ => Self::gather(state, dir, id),
            };
        }
        let mut exit = Found::of(ending::read(dir));
        let mut misplaced = false;
        if let (Shim::None, Some(launch)) = (&shim, launch.this())
            && !has_ended(launch, &exit)
            && let Some(written) = ending::written(dir, launch.generation)
        {
            exit = Found::This(written);
            misplaced = true;
        }
        let frame = match Frame::here() {
            Ok(frame) => Found::This(frame),
            Err(error) => Found::CannotTell(format!("/proc cannot be read: {error}")),
        };
        let game = match (&shim, launch.this(), frame.this()) {
            (Shim::None | Shim::Lives(None), Some(launch), Some(frame))
                if launch.frame == *frame && !has_ended(launch, &exit) =>
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
}

/// Whether the exit is that of this launch, or of a later one.
pub(super) fn has_ended(launch: &Launch, exit: &Found<Exit>) -> bool {
    exit.this().is_some_and(|exit| exit.generation >= launch.generation)
}

/// Whether nothing has been launched there since the host booted, so that no
/// plan is of use.
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

/// What a living shim says of a game that is not on record here. A game is put on
/// record before it is let go, so that this one was launched from another folder,
/// which had the name then.
fn strayed(state: &StateDir, id: &str) -> Option<Box<Entry>> {
    let plays = |entry: &Entry| matches!(entry.phase, Phase::Alive | Phase::Stopping);
    board::of(state, id).filter(plays).map(Box::new)
}

fn game(dir: &InstanceDir, launch: &Launch) -> Game {
    let own = dir
        .mark()
        .is_ok_and(|mark| launch.mark.is_empty() || launch.mark == mark);
    match identity::presence(launch.main) {
        Presence::Alive if own => return Game::Alive,
        // Whoever copied the record has not made its game ours.
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
    match dir.mark().and_then(|mark| tree::marked(&mark)) {
        Ok(survivors) if survivors.is_empty() => Game::Gone,
        Ok(_) => Game::Alive,
        Err(error) => cannot(&error),
    }
}
