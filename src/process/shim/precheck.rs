//! The checks before a launch. A shim may come late, where it was frozen or the
//! machine is busy, and the verb that made it has given up since.

use std::io;

use super::spec::{Command, Spec};
use super::stage::{Stage, failed};
use super::wire::{LaunchStage, Started};
use crate::event::Want;
use crate::store::launch::Launch;
use crate::store::{InstanceDir, ending, intent, launch, lock};
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};
use crate::sys::tree::{self, Mark};

/// Checks that the launch is still wanted: no stop was asked for, and no other verb
/// has held the instance's lock since the launch was decided on.
pub(super) fn still_wanted(command: &Command, dir: &InstanceDir) -> Result<(), Started> {
    let wish = intent::read(dir).stage(LaunchStage::Intent)?;
    let is_wanted = wish.is_none_or(|wish| wish.want != Want::Stopped);
    if is_wanted && lock::fencing_token(dir).stage(LaunchStage::Lock)? == command.fencing_token {
        return Ok(());
    }
    Err(Started::Cancelled)
}

/// Looks again, now that no other shim can come: at what is wanted, and for an
/// earlier game. Returns the record of the launch before.
pub(super) fn may_launch(
    spec: &Spec,
    command: &Command,
    dir: &InstanceDir,
    frame: &Frame,
) -> Result<Option<Launch>, Started> {
    still_wanted(command, dir)?;
    let previous = launch::read(dir).stage(LaunchStage::Record)?;
    let exit = ending::read(dir).ok().flatten();
    let ended = exit.map(|exit| exit.generation);
    let before = previous.as_ref().map(|record| record.generation).max(ended);
    if spec.generation != before.unwrap_or(0) + 1 {
        // We come late: what we were told to follow has been followed.
        return Err(Started::Busy);
    }
    let refuse = |why: String| failed(LaunchStage::Previous, &io::Error::other(why), "");
    let is_last = |token: &String| previous.as_ref().is_some_and(|record| record.token == *token);
    if let Some(token) = lock::launch_token(dir).stage(LaunchStage::Lock)?
        && !is_last(&token)
        && let Some(survivor) = survivor(&Mark::of_anybody(launch::token_entry(&token)))?
    {
        return Err(refuse(format!(
            "something of a run that is no longer on record still lives (pid {survivor})"
        )));
    }
    let Some(record) = &previous else { return Ok(None) };
    if record.frame.boot != frame.boot {
        return Ok(previous);
    }
    match identity::presence(record.main) {
        // Pids of another container mean nothing here.
        _ if record.frame.namespaces != frame.namespaces => {}
        Presence::Alive => {
            let why = format!("an earlier run still lives (pid {})", record.main.pid);
            return Err(refuse(why));
        }
        Presence::CannotTell(why) => return Err(refuse(format!("whether an earlier run still lives: {why}"))),
        Presence::Gone => {}
    }
    if ended != Some(record.generation)
        && let Some(survivor) = survivor(&record.mark(dir).stage(LaunchStage::Record)?)?
    {
        return Err(refuse(format!(
            "something of an earlier run still lives (pid {survivor})"
        )));
    }
    Ok(previous)
}

/// Returns the oldest process that carries a mark.
fn survivor(mark: &Mark) -> Result<Option<i32>, Started> {
    let survivors = tree::marked(mark).stage(LaunchStage::Previous)?;
    Ok(survivors.first().map(|survivor| survivor.pid))
}
