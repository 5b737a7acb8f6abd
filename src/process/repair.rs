//! The repairs of a verb before it goes on: of an end that is not on record, and
//! of a record that cannot be read.
//!
//! Both hold the shim's lock, so that no shim writes meanwhile, and look again
//! under it: what was seen without the lock may have changed.

use std::io;

use crate::event::Want;
use crate::failure::Failure;
use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::store::record::Durability;
use crate::store::{InstanceDir, ReadError, ending, intent, launch, lock};
use crate::sys::reaper::Ending;
use crate::sys::tree;

/// Puts the end of a launch on record that no shim has recorded, with what is known of
/// how it ended. Returns false if that was done meanwhile, or another process is at it:
/// then all must be looked at again.
///
/// # Errors
/// When it cannot be put on record.
pub(super) fn record_end(
    dir: &InstanceDir,
    unrecorded: Option<&Launch>,
    seen: Option<Ending>,
) -> Result<bool, Failure> {
    let Some(launch) = unrecorded else { return Ok(true) };
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
        // A person may still make use of it.
        Err(ReadError::Damaged(..)) => drop(dir.quarantine(ending::NAME).map_err(failed)?),
        // A record of a newer gamectl is not replaced.
        Err(error) => return Err(failed(io::Error::other(error.to_string()))),
        Ok(_) => {}
    }
    let exit = ending::written(dir, launch.generation).unwrap_or_else(|| unobserved(dir, launch, seen));
    let reserve = ending::reserve(dir).ok();
    ending::write(dir, reserve.as_ref(), &exit, Durability::Now).map_err(failed)?;
    Ok(true)
}

fn unobserved(dir: &InstanceDir, launch: &Launch, ending: Option<Ending>) -> Exit {
    let intent = intent::read(dir).ok().flatten();
    unobserved_exit(launch, intent.map(|intent| intent.want), ending)
}

/// Returns the exit of a launch that no shim has seen end.
pub(super) fn unobserved_exit(launch: &Launch, intent: Option<Want>, ending: Option<Ending>) -> Exit {
    let requested = intent == Some(Want::Stopped);
    let note = "it ended after its shim was killed";
    Exit {
        was_ready: launch.ready.is_some(),
        ending,
        ..Exit::unseen(launch.generation, launch.frame.boot.clone(), requested, note)
    }
}

/// Quarantines a damaged launch record, if nothing of the instance runs.
///
/// # Errors
/// When something may still run, or the record cannot be moved.
pub(super) fn quarantine(dir: &InstanceDir, why: &ReadError) -> Result<(), Failure> {
    let unknown = |error: io::Error| Failure::unknown(format!("{why}; what runs cannot be told: {error}"));
    let Some(_lock) = lock::try_shim(dir).map_err(unknown)? else {
        return Ok(());
    };
    if !matches!(launch::read(dir), Err(ReadError::Damaged(..))) {
        return Ok(());
    }
    let mark = lock::mark_of_last(dir).map_err(unknown)?;
    let survivors = tree::marked(&mark).map_err(unknown)?;
    if let Some(first) = survivors.first() {
        return Err(
            Failure::failed(format!("{why}, and something of it still runs (pid {})", first.pid))
                .hint("end that by hand; nothing else was touched"),
        );
    }
    dir.quarantine(launch::NAME)
        .map(drop)
        .map_err(|error| Failure::failed(format!("{why}, and it cannot be put aside: {error}")))
}
