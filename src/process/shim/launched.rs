//! A game that has just been launched or taken over.

use std::os::fd::OwnedFd;

use super::output::Output;
use super::serve::Server;
use super::tree::Tree;
use crate::store::launch::Launch;
use crate::store::record::Reserve;
use crate::sys::oom;

/// A game that was just launched or taken over, with what its shim holds for it.
pub(super) struct LaunchedGame {
    pub(super) record: Launch,
    pub(super) tree: Tree,
    pub(super) server: Server,
    pub(super) input: Option<OwnedFd>,
    pub(super) output: Output,
    /// The space for the record of its exit.
    pub(super) exit_reserve: Reserve,
    /// The counters of the out-of-memory killer at its start.
    pub(super) counters: oom::Counters,
}
