//! The evidence of an instance: all that its folder and the kernel tell of it.

use std::os::fd::AsFd;

use crate::event::Want;
use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::store::status_table::{self, Phase, ShimStatus};
use crate::store::{InstanceDir, ReadError, StateDir, ending, intent, launch, lock};
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};
use crate::sys::reaper::Ending;
use crate::sys::{clock, pipe, procfs, tree};

/// A record that was read; `None` if there is none.
pub(super) type Reading<T> = Result<Option<T>, ReadError>;

#[derive(Debug)]
pub(super) enum Shim {
    /// A shim lives, and has reported this; `None` if it has reported nothing yet, or
    /// cannot.
    Lives(Option<Box<ShimStatus>>),
    /// A shim lives and has reported this, but its folder was removed, and the one
    /// that stands in its place now has no launch on record.
    Detached(Box<ShimStatus>),
    None,
    CannotTell(String),
}

/// The game of a launch of which no shim reports anything.
#[derive(Debug)]
pub(super) enum Game {
    /// The shim or an exit tells already.
    NotAsked,
    /// Its main process is alive, or another process of its tree.
    Alive,
    /// No process of its tree is left.
    Gone,
    CannotTell(String),
}

#[derive(Debug)]
pub(super) struct Evidence {
    pub intent: Option<Want>,
    /// The current or last launch.
    pub launch: Reading<Launch>,
    /// The last exit, which may be that of an earlier launch.
    pub exit: Reading<Exit>,
    /// True if the shim had written that exit, but was killed before it put it in
    /// its place.
    pub uncommitted: bool,
    pub shim: Shim,
    pub game: Game,
    /// The ending of the main process of such a launch, as long as nobody has reaped it.
    pub ending: Option<Ending>,
    /// The reason why nothing may be launched although no launch is on record.
    pub stray: Option<String>,
    /// The boot and namespaces in which pids are read here, or why they are not
    /// known.
    pub frame: Result<Frame, String>,
    /// Milliseconds on the boot-time clock.
    pub now_boot_ms: u64,
}

impl Evidence {
    pub(super) fn never_started() -> Self {
        Self {
            intent: None,
            launch: Ok(None),
            exit: Ok(None),
            uncommitted: false,
            shim: Shim::None,
            game: Game::NotAsked,
            ending: None,
            stray: None,
            frame: Err("/proc was not read".to_owned()),
            now_boot_ms: 0,
        }
    }

    /// Gathers the evidence of a living shim that keeps a game which is not on
    /// record here. A launch is recorded before its game executes, so that one was
    /// launched from another folder, which had this name then.
    pub(super) fn detached(state: &StateDir, id: &str) -> Option<Self> {
        let keeps = |entry: &ShimStatus| matches!(entry.phase, Phase::Alive | Phase::Stopping);
        let entry = status_table::read(state, id).filter(keeps)?;
        Some(Self::of_shim(Shim::Detached(Box::new(entry))))
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
        if matches!(&shim, Shim::Lives(Some(entry)) if tells_all(entry)) {
            return Self::of_shim(shim);
        }
        let launch = launch::read(dir);
        if matches!((&shim, &launch), (Shim::None, Ok(None)))
            && let Some(detached) = Self::detached(state, id)
        {
            // Unless it was launched meanwhile.
            return match launch::read(dir) {
                Ok(None) => detached,
                _ => Self::gather(state, dir, id),
            };
        }
        let mut evidence = Self {
            launch,
            exit: ending::read(dir),
            intent: intent::read(dir).ok().flatten().map(|intent| intent.want),
            frame: Frame::here().map_err(|error| format!("/proc cannot be read: {error}")),
            ..Self::of_shim(shim)
        };
        let is_alone = matches!(evidence.shim, Shim::None);
        if is_alone && matches!(evidence.launch, Ok(None)) {
            evidence.stray = stray(dir, evidence.last_exit().is_some());
            // What was found may be a launch that began meanwhile.
            let begun = || !matches!((lock::shim_lives(dir), launch::read(dir)), (Ok(false), Ok(None)));
            if evidence.stray.is_some() && begun() {
                return Self::gather(state, dir, id);
            }
        }
        if let Ok(Some(launch)) = &evidence.launch
            && evidence.exit_of(launch).is_none()
        {
            let written = is_alone.then(|| ending::written(dir, launch.generation)).flatten();
            if written.is_some() {
                evidence.exit = Ok(written);
                evidence.uncommitted = true;
            } else if (is_alone || matches!(evidence.shim, Shim::Lives(None)))
                && evidence.frame.as_ref() == Ok(&launch.frame)
            {
                evidence.game = game(dir, launch);
                evidence.ending = zombie(&evidence.game, launch);
            } else if is_alone && is_in_other_namespaces(&evidence.frame, launch) {
                evidence.game = game_elsewhere(dir, launch);
            }
        }
        evidence
    }

    /// Returns the last exit, if one is on record and can be read.
    pub(super) fn last_exit(&self) -> Option<&Exit> {
        self.exit.as_ref().ok()?.as_ref()
    }

    /// Returns the number of the next launch.
    pub(super) fn next_generation(&self) -> u64 {
        let launch = self.launch.as_ref().ok().and_then(Option::as_ref);
        let launch = launch.map(|launch| launch.generation);
        let exit = self.last_exit().map(|exit| exit.generation);
        launch.max(exit).unwrap_or(0) + 1
    }

    /// Returns the exit if it is that of this launch, or of a later one.
    pub(super) fn exit_of(&self, launch: &Launch) -> Option<&Exit> {
        self.last_exit().filter(|exit| exit.generation >= launch.generation)
    }
}

/// Returns true unless a shim reports the end of its game: of that the records
/// tell more.
pub(super) fn tells_all(entry: &ShimStatus) -> bool {
    entry.phase != Phase::Ended
}

fn shim(state: &StateDir, dir: &InstanceDir, id: &str) -> Shim {
    match lock::shim_lives(dir) {
        Ok(true) => {
            let entry = status_table::read(state, id);
            Shim::Lives(entry.map(Box::new))
        }
        Ok(false) => Shim::None,
        Err(error) => Shim::CannotTell(format!("lock: {error}")),
    }
}

/// Looks for processes of a launch whose record was lost. Where there never was a
/// launch, none is looked for: that takes a look at every process.
fn stray(dir: &InstanceDir, has_exit: bool) -> Option<String> {
    let was_launched = has_exit || !matches!(lock::launch_token(dir), Ok(None));
    let found = was_launched.then(|| lock::mark_of_last(dir).and_then(|mark| tree::marked(&mark)))?;
    match found {
        Ok(strays) => strays.first().map(|first| {
            format!(
                "its launch record is gone, and something of it still runs (pid {}); end that by hand",
                first.pid
            )
        }),
        Err(error) => Some(format!(
            "its launch record is gone, and what runs of it cannot be told: {error}"
        )),
    }
}

/// Returns true for a launch on this boot of this machine whose pids are not those
/// that are seen here.
fn is_in_other_namespaces(here: &Result<Frame, String>, launch: &Launch) -> bool {
    let there = &launch.frame;
    here.as_ref().is_ok_and(|here| {
        (&here.machine, &here.boot) == (&there.machine, &there.boot) && here.namespaces != there.namespaces
    })
}

/// Judges the game of a launch in other namespaces, whose processes may not be seen from
/// here. They have its standard input open, unless it is a terminal: in whatever
/// namespace they live, the kernel knows that of the FIFO.
fn game_elsewhere(dir: &InstanceDir, launch: &Launch) -> Game {
    if launch.output == 0 || !launch.is_of(dir) {
        return Game::NotAsked;
    }
    let seen = launch.mark(dir).and_then(|mark| tree::marked(&mark));
    match (seen, pipe::has_reader(dir.as_fd(), launch::INPUT)) {
        (Ok(seen), Ok(false)) if seen.is_empty() => Game::Gone,
        _ => Game::NotAsked,
    }
}

/// Returns how the main process of a game that is gone ended, where its parent has not
/// reaped it: an init may do so late, or never.
fn zombie(game: &Game, launch: &Launch) -> Option<Ending> {
    let is_gone = matches!(game, Game::Gone);
    let status = is_gone.then(|| procfs::zombie_status(launch.main)).flatten();
    status.map(Ending::from_wait_status)
}

fn game(dir: &InstanceDir, launch: &Launch) -> Game {
    match identity::presence(launch.main) {
        Presence::Alive if launch.is_of(dir) => return Game::Alive,
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
    match launch.mark(dir).and_then(|mark| tree::marked(&mark)) {
        Ok(survivors) if survivors.is_empty() => Game::Gone,
        Ok(_) => Game::Alive,
        Err(error) => Game::CannotTell(format!("what is left of it: {error}")),
    }
}
