//! Programs that are given by their bare name.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The programs that were looked for, with their paths.
#[derive(Default)]
pub(crate) struct Programs {
    known: BTreeMap<OsString, PathBuf>,
}

impl Programs {
    /// Returns a file of that name in `folder`, else a program on `path`. One
    /// that is nowhere is taken to be in `folder`: its start reports that it is
    /// missing.
    pub(crate) fn find(&mut self, name: &OsStr, folder: &Path, path: impl FnOnce() -> Option<OsString>) -> PathBuf {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let here = folder.join(name);
        let found = if here.is_file() {
            here
        } else {
            on_path(name, path()).unwrap_or(here)
        };
        self.known.insert(name.to_owned(), found.clone());
        found
    }
}

fn on_path(name: &OsStr, path: Option<OsString>) -> Option<PathBuf> {
    let path = path?;
    let can_run = |file: &PathBuf| {
        std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    // A relative entry would depend on where gamectl was called.
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(can_run)
}
