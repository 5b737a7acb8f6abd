//! The intent of an instance, as verbs read and set it.

use crate::event::Want;
use crate::failure::Failure;
use crate::store::intent::{self, Intent};
use crate::store::record::Durability;
use crate::store::{InstanceDir, ReadError};

/// Reads the intent. A damaged one is quarantined: the verb at hand is about to
/// write another.
pub(super) fn read(dir: &InstanceDir) -> Result<Option<Intent>, Failure> {
    match intent::read(dir) {
        Ok(known) => Ok(known),
        Err(ReadError::Damaged(_, why)) => {
            intent::quarantine(dir).map_err(|error| {
                Failure::failed(format!(
                    "its intent is damaged ({why}) and cannot be put aside: {error}"
                ))
            })?;
            // Another verb may have written one meanwhile.
            intent::read(dir).map_err(|error| Failure::failed(error.to_string()).hint("nothing was changed"))
        }
        Err(error) => Err(Failure::failed(error.to_string()).hint("nothing was changed")),
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Set {
    Written,
    /// The intent was there already.
    Kept,
}

/// Sets the intent, unless it is there already, set since the host booted.
pub(super) fn set(dir: &InstanceDir, want: Want, durability: Durability) -> Result<Set, Failure> {
    if read(dir)?.is_some_and(|known| known.want == want && known.is_of_this_boot()) {
        return Ok(Set::Kept);
    }
    intent::write(dir, Intent::now(want), durability).map_err(|error| not_on_record(&error))?;
    Ok(Set::Written)
}

pub(super) fn not_on_record(error: &std::io::Error) -> Failure {
    Failure::failed(format!("what is wanted of it cannot be put on record: {error}"))
        .hint("nothing was changed; free some space or mend the state directory")
}
