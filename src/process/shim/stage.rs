//! The report of a failed launch: its stage, and the error of the system.

use std::io;

use super::wire::{LaunchStage, Started};
use crate::sys::exec;

/// Returns the answer to a starter after a failure.
pub(super) fn failed(stage: LaunchStage, error: &io::Error, what: &str) -> Started {
    let errno = error.raw_os_error().unwrap_or(0);
    let mut what = what.to_owned();
    if errno == 0 {
        what = error.to_string();
    }
    Started::Failed { stage, errno, what }
}

pub(super) trait Stage<T> {
    fn stage(self, stage: LaunchStage) -> Result<T, Started>;
}

impl<T> Stage<T> for io::Result<T> {
    fn stage(self, stage: LaunchStage) -> Result<T, Started> {
        self.map_err(|error| failed(stage, &error, ""))
    }
}

impl<T> Stage<T> for nix::Result<T> {
    fn stage(self, stage: LaunchStage) -> Result<T, Started> {
        self.map_err(io::Error::from).stage(stage)
    }
}

impl<T> Stage<T> for Result<T, crate::store::ReadError> {
    fn stage(self, stage: LaunchStage) -> Result<T, Started> {
        self.map_err(|error| failed(stage, &io::Error::other(error.to_string()), ""))
    }
}

/// Returns the path at which a stage of the child fails.
pub(super) fn in_the_way(stage: exec::ChildStage, path: &[u8], cwd: &[u8]) -> String {
    let bytes = match stage {
        exec::ChildStage::Exec => path,
        exec::ChildStage::Cwd => cwd,
        _ => return String::new(),
    };
    String::from_utf8_lossy(bytes).into_owned()
}
