//! The program that a child becomes, with all that the child needs for it.

use std::ffi::CString;
use std::os::fd::OwnedFd;

/// The user and the groups that a child takes on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ids {
    /// The user.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
}

/// The standard streams of a child.
#[derive(Debug)]
pub enum Streams {
    /// Three descriptors of their own, so that a flag set on one of them
    /// (`O_NONBLOCK`) does not show on the others.
    Separate {
        /// Becomes descriptor 0.
        input: OwnedFd,
        /// Becomes descriptor 1.
        output: OwnedFd,
        /// Becomes descriptor 2.
        error: OwnedFd,
    },
    /// A pseudo-terminal, which becomes the controlling terminal.
    Terminal(OwnedFd),
}

/// Everything a child needs to become the game, made before the fork.
#[derive(Debug)]
pub struct Program {
    /// The file to execute.
    pub path: CString,
    /// Its arguments, the name by which it is called first.
    pub argv: Vec<CString>,
    /// Its whole environment.
    pub envp: Vec<CString>,
    /// Its working directory.
    pub cwd: CString,
    /// The user to become; `None` keeps our own.
    pub ids: Option<Ids>,
    /// Its standard streams.
    pub streams: Streams,
    /// Its file mode creation mask.
    pub umask: u32,
    /// The number of files it may have open, when our own limit was raised.
    pub open_files: Option<u64>,
}
