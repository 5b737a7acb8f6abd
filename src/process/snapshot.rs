//! One look at all instances at once.

use std::collections::BTreeMap;
use std::io;

use crate::failure::Failure;
use crate::store::StateDir;
use crate::store::status_table::{self, ShimStatus};
use crate::sys::clock;

/// The reports of all living shims, read at one moment.
#[derive(Debug)]
pub struct Snapshot {
    entries: BTreeMap<String, ShimStatus>,
    /// The instances that have a folder; `None` if these are those of `entries`.
    folders: Option<io::Result<Vec<String>>>,
    now_boot_ms: u64,
}

impl Snapshot {
    pub fn take(state: &StateDir) -> Self {
        let mut entries = BTreeMap::new();
        for entry in status_table::read_all(state) {
            // Two entries of one instance are a shim that exits and its successor.
            entries.entry(entry.id.clone()).or_insert(entry);
        }
        let is_all = state.folder_count() == Some(entries.len());
        let folders = (!is_all).then(|| state.instance_ids());
        Self {
            entries,
            folders,
            now_boot_ms: clock::boot_ms(),
        }
    }

    /// Returns the report of the living shim of an instance.
    pub(super) fn of(&self, id: &str) -> Option<&ShimStatus> {
        self.entries.get(id)
    }

    /// Returns true if an instance has a living shim.
    pub fn has(&self, id: &str) -> bool {
        self.of(id).is_some()
    }

    pub(super) fn now_boot_ms(&self) -> u64 {
        self.now_boot_ms
    }

    /// Returns the ids of all instances that were ever started, in no
    /// particular order.
    ///
    /// # Errors
    /// When the state directory could not be read.
    pub fn ids(&self) -> Result<Vec<&str>, Failure> {
        match &self.folders {
            None => Ok(self.entries.keys().map(String::as_str).collect()),
            Some(Ok(folders)) => Ok(folders.iter().map(String::as_str).collect()),
            Some(Err(error)) => Err(Failure::unknown(format!("the state directory cannot be read: {error}"))),
        }
    }
}
