//! State directories for tests.

use super::{InstanceDir, StateDir};

pub(crate) fn state() -> (tempfile::TempDir, StateDir) {
    let tmp = tempfile::tempdir().unwrap();
    let state = StateDir::create(&tmp.path().join("s")).unwrap();
    (tmp, state)
}

/// Makes the folder of the instance `a`.
pub(crate) fn instance() -> (tempfile::TempDir, InstanceDir) {
    let (tmp, state) = state();
    let dir = state.create_instance("a").unwrap();
    (tmp, dir)
}
