//! What a verb puts right before it goes on: an end that nobody put on record,
//! and a record that nobody can read.
//!
//! Both are done with the shim's lock held, so that no shim writes meanwhile,
//! and after another look: what was seen without the lock may have changed.

use std::io;

use crate::event::Want;
use crate::failure::Failure;
use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::store::{InstanceDir, ReadError, ending, intent, launch, lock};
use crate::sys::tree;

/// Puts the end of a launch on record that nobody saw, before another one.
/// False when it has been done meanwhile, or somebody is at work on it: then
/// all must be looked at again.
///
/// # Errors
/// When it cannot be put on record.
pub(super) fn record(dir: &InstanceDir, unseen: Option<&Launch>) -> Result<bool, Failure> {
    let Some(launch) = unseen else { return Ok(true) };
    let failed =
        |error: io::Error| Failure::failed(format!("the end of its last run cannot be put on record: {error}"));
    let Some(_lock) = lock::try_shim(dir).map_err(failed)? else {
        return Ok(false);
    };
    let same = |now: &Launch| (now.generation, now.main) == (launch.generation, launch.main);
    if !launch::read(dir).is_ok_and(|now| now.as_ref().is_some_and(same)) {
        return Ok(false);
    }
    match ending::read(dir) {
        Ok(Some(exit)) if exit.generation >= launch.generation => return Ok(false),
        // It may be of use to somebody who knows how to read it.
        Err(ReadError::Damaged(..)) => drop(ending::set_aside(dir).map_err(failed)?),
        // Nothing is put in the place of what a newer gamectl wrote.
        Err(error) => return Err(failed(io::Error::other(error.to_string()))),
        Ok(_) => {}
    }
    if let Some(exit) = ending::written(dir, launch.generation) {
        put(dir, &exit).map_err(failed)?;
        return Ok(true);
    }
    let stopped = intent::read(dir)
        .ok()
        .flatten()
        .is_some_and(|wish| wish.want == Want::Stopped);
    let mut exit = Exit::unseen(
        launch.generation,
        launch.frame.boot.clone(),
        stopped,
        "it ended after its shim was killed",
    );
    exit.was_ready = launch.ready.is_some();
    put(dir, &exit).map_err(failed)?;
    Ok(true)
}

/// Puts an exit on record in the room that its shim had reserved, or in any
/// other.
fn put(dir: &InstanceDir, exit: &Exit) -> io::Result<()> {
    ending::reserve(dir)
        .and_then(|room| ending::write(dir, &room, exit))
        .or_else(|_| ending::write_unreserved(dir, exit))?;
    dir.sync()
}

/// Puts a damaged record out of the way, when nothing of the instance runs.
///
/// # Errors
/// When something may still run, or the record cannot be put aside.
pub(super) fn set_damaged_aside(dir: &InstanceDir, why: &str) -> Result<(), Failure> {
    let unknown = |error: io::Error| Failure::unknown(format!("{why}; what runs cannot be told: {error}"));
    let Some(_lock) = lock::try_shim(dir).map_err(unknown)? else {
        return Ok(());
    };
    if !matches!(launch::read(dir), Err(ReadError::Damaged(..))) {
        return Ok(());
    }
    let mark = dir.mark().map_err(unknown)?;
    let survivors = tree::marked(&mark).map_err(unknown)?;
    if let Some(first) = survivors.first() {
        return Err(
            Failure::failed(format!("{why}, and something of it still runs (pid {})", first.pid))
                .hint("end that by hand; nothing else was touched"),
        );
    }
    launch::set_aside(dir)
        .map(drop)
        .map_err(|error| Failure::failed(format!("{why}, and it cannot be put aside: {error}")))
}
