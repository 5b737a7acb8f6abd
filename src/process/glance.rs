//! One look at all instances at once.

use std::collections::HashMap;

use crate::failure::Failure;
use crate::store::StateDir;
use crate::store::board::{self, Entry};
use crate::sys::clock;

/// What all living shims say, taken in one look.
#[derive(Debug)]
pub struct Glance {
    pub(super) entries: HashMap<String, Entry>,
    folders: std::io::Result<Vec<String>>,
    pub(super) now_boot_ms: u64,
}

impl Glance {
    /// Takes the look.
    pub fn take(state: &StateDir) -> Self {
        let living = board::living(state).into_iter();
        let entries: HashMap<String, Entry> = living.map(|entry| (entry.id.clone(), entry)).collect();
        // Where all that were ever started are living, nobody else has a folder.
        let folders = if state.folder_count() == Some(entries.len()) {
            Ok(entries.keys().cloned().collect())
        } else {
            state.instance_ids()
        };
        Self {
            entries,
            folders,
            now_boot_ms: clock::boot_ms(),
        }
    }

    /// The ids of all instances that were ever started, in no particular order.
    ///
    /// # Errors
    /// When the state directory could not be read.
    pub fn ids(&self) -> Result<&[String], Failure> {
        let folders = self.folders.as_deref();
        folders.map_err(|error| Failure::unknown(format!("the state directory cannot be read: {error}")))
    }
}
