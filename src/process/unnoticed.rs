//! The end of a game that its shim has not noticed yet: it was stopped by a signal, or
//! is about to wake up.

use super::game::ManagedGame;
use crate::store::status_table::{Phase, ShimStatus};
use crate::store::{InstanceDir, launch};
use crate::supervisor::Observation;
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};
use crate::sys::procfs;

/// Returns true if the main process has ended, and its shim reports that it lives. The
/// pids on record must be those that are seen here.
pub(super) fn has_ended(dir: &InstanceDir, entry: &ShimStatus) -> bool {
    may_have_ended(entry) && are_pids_of_here(dir)
}

/// Returns what is to be said instead of the report of such a shim, if that is frozen.
pub(super) fn correction(game: &ManagedGame, entry: &ShimStatus) -> Option<Observation> {
    // Of most games this is all that is asked.
    if !may_have_ended(entry) {
        return None;
    }
    let folder = game.find_folder().ok()??;
    if !are_pids_of_here(&folder.dir) {
        return None;
    }
    let pid = entry.shim_pid;
    // Any other shim is about to put on record how the game has ended.
    let is_frozen = procfs::stat(pid).is_ok_and(|stat| matches!(stat.state, b'T' | b't'));
    is_frozen.then(|| Observation::Unknown {
        reason: format!(
            "its main process has ended, and its shim (pid {pid}) is frozen, so that nobody knows how; \
             a stop or a start wakes it, as `kill -CONT {pid}` does"
        ),
    })
}

fn may_have_ended(entry: &ShimStatus) -> bool {
    entry.phase == Phase::Alive && !entry.main_ended && identity::presence(entry.main) == Presence::Gone
}

fn are_pids_of_here(dir: &InstanceDir) -> bool {
    let launch = launch::read(dir).ok().flatten();
    launch.is_some_and(|launch| Frame::here().is_ok_and(|here| launch.frame == here))
}
