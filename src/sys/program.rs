//! The program that a child becomes, with all that the child needs for it.

use std::ffi::CString;
use std::os::fd::OwnedFd;

/// The user and the groups that a child takes on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ids {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

#[derive(Debug)]
pub enum Streams {
    /// Three descriptors of their own, so that a flag set on one of them
    /// (`O_NONBLOCK`) does not show on the others.
    Separate {
        input: OwnedFd,
        output: OwnedFd,
        error: OwnedFd,
    },
    /// A pseudo-terminal, which becomes the controlling terminal.
    Terminal(OwnedFd),
}

/// Everything a child needs to become the game, made before the fork.
#[derive(Debug)]
pub struct Program {
    pub path: CString,
    /// Its arguments, the name by which it is called first.
    pub argv: Vec<CString>,
    pub envp: Vec<CString>,
    pub cwd: CString,
    /// The user to become; `None` keeps our own.
    pub ids: Option<Ids>,
    pub streams: Streams,
    pub umask: u32,
    /// The number of files it may have open, when our own limit was raised.
    pub open_files: Option<u64>,
}
