//! What a starter is told of a launch that came to nothing: at which stage, and
//! what the system said.

use std::io;

use super::wire::Started;
use crate::sys::exec;

/// The answer to a starter when something went wrong.
pub(super) fn failed(stage: &str, error: &io::Error, what: &str) -> Started {
    let errno = error.raw_os_error().unwrap_or(0);
    let mut what = what.to_owned();
    if errno == 0 {
        what = error.to_string();
    }
    Started::Failed {
        stage: stage.to_owned(),
        errno,
        what,
    }
}

pub(super) trait Stage<T> {
    fn stage(self, name: &str) -> Result<T, Started>;
}

impl<T> Stage<T> for io::Result<T> {
    fn stage(self, name: &str) -> Result<T, Started> {
        self.map_err(|error| failed(name, &error, ""))
    }
}

impl<T> Stage<T> for nix::Result<T> {
    fn stage(self, name: &str) -> Result<T, Started> {
        self.map_err(io::Error::from).stage(name)
    }
}

impl<T> Stage<T> for Result<T, crate::store::ReadError> {
    fn stage(self, name: &str) -> Result<T, Started> {
        self.map_err(|error| failed(name, &io::Error::other(error.to_string()), ""))
    }
}

/// What a stage of the child's is called, and what stands in its way.
pub(super) fn in_the_way(stage: exec::ChildStage, path: &[u8], cwd: &[u8]) -> String {
    let bytes = match stage {
        exec::ChildStage::Exec => path,
        exec::ChildStage::Cwd => cwd,
        _ => return String::new(),
    };
    String::from_utf8_lossy(bytes).into_owned()
}
