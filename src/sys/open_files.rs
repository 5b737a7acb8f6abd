//! The number of files that this process itself may have open, beside that of the
//! programs that it begins.
//!
//! The soft limit is low for the sake of programs that use `select(2)`, which fails
//! beyond descriptor 1023: see `getrlimit(2)`. This one does not, and needs several
//! descriptors for each game that it watches; what it begins gets the limit of before.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use super::host;

/// The soft limit that this process had before it was raised.
static BEFORE: OnceLock<u64> = OnceLock::new();

/// Lets this process have as many files open as its hard limit allows.
pub fn raise() {
    if let Some(soft) = host::raise_open_files(u64::MAX) {
        let _ = BEFORE.set(soft);
    }
}

/// Has the program of this command begin with the soft limit of before.
pub fn hand_on(command: &mut Command) {
    if let Some(soft) = BEFORE.get() {
        let lower = || host::limit_open_files(*soft);
        // SAFETY: the child makes two system calls, and allocates nothing.
        unsafe { command.pre_exec(lower) };
    }
}
