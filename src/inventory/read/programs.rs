//! Programs that are given by their bare name.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Returns a file of that name in `folder`, else a program on `path`. One that
/// is nowhere is taken to be in `folder`: its start reports that it is missing.
pub(super) fn find(name: &OsStr, folder: &Path, path: Option<OsString>) -> PathBuf {
    let here = folder.join(name);
    if here.is_file() {
        return here;
    }
    let can_run = |file: &PathBuf| {
        std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    // A relative entry would depend on where gamectl was called.
    std::env::split_paths(&path.unwrap_or_default())
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(can_run)
        .unwrap_or(here)
}
