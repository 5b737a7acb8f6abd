//! Programs that are given by their bare name.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A program of an inventory that is given without a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BareName {
    pub name: OsString,
    /// The folder of the inventory.
    pub folder: PathBuf,
}

impl BareName {
    /// Returns true if a file of that name is in the folder of the inventory: then that
    /// is meant, whatever `PATH` is.
    pub fn is_in_folder(&self) -> bool {
        self.folder.join(&self.name).is_file()
    }

    /// Returns a file of that name in the folder of the inventory, else a program on
    /// `path`. One that is nowhere is taken to be in that folder: its start reports that
    /// it is missing.
    pub fn find(&self, path: Option<&OsStr>) -> PathBuf {
        let here = self.folder.join(&self.name);
        if here.is_file() {
            return here;
        }
        let can_run = |file: &PathBuf| {
            std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        };
        // A relative entry would depend on where gamectl was called.
        std::env::split_paths(path.unwrap_or_default())
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&self.name))
            .find(can_run)
            .unwrap_or(here)
    }
}
