//! Tells of a `main` that matches nothing: the launcher then passes for the game, and
//! its end for that of the game.

use regex::bytes::Regex;

use super::game::ManagedGame;
use super::situation::Situation;
use crate::store::status_table::Phase;
use crate::sys::clock;
use crate::sys::procfs;

/// The time after a launch within which the real game is to be found.
const FOUND_WITHIN_MS: u64 = 60_000;

/// Returns the remark on a game that runs, and whose main process is none that `main`
/// matches. Where that process may not be looked at, there is none.
pub(super) fn remark(game: &ManagedGame, situation: &Situation<'_>) -> Option<String> {
    let pattern = game.plan.main.as_deref()?;
    let (main, launched_boot_ms) = match situation {
        Situation::Kept(entry) if entry.phase == Phase::Alive && !entry.main_ended => {
            (entry.main, entry.launched_boot_ms)
        }
        Situation::KeptSilently(launch) => (launch.main, launch.launched_boot_ms),
        _ => return None,
    };
    if clock::boot_ms().saturating_sub(launched_boot_ms) < FOUND_WITHIN_MS {
        return None;
    }
    let executable = procfs::executable(main.pid)?;
    let called = procfs::first_argument(main.pid)?;
    let pattern = Regex::new(pattern).ok()?;
    let is_found = pattern.is_match(&executable) || pattern.is_match(&called);
    let shown = String::from_utf8_lossy(&executable);
    (!is_found).then(|| format!("`main` matches none of its processes: {shown} passes for the game"))
}
