//! A main process that has ended and that another process reaps: only then does
//! the kernel tell how it ended.

use crate::sys::clock;
use crate::sys::pidfd::Pidfd;
use crate::sys::procfs::{self, ProcessId};
use crate::sys::reaper::Ending;

/// The time in which its parent may reap it, in milliseconds.
const REAP_MS: u64 = 3_000;

/// The pause between two looks at that, in milliseconds.
const REAP_EVERY_MS: u64 = 20;

#[derive(Debug)]
pub(super) struct Unreaped {
    fd: Pidfd,
    until: u64,
}

impl Unreaped {
    pub(super) fn new(fd: Pidfd) -> Self {
        let until = clock::monotonic_ms() + REAP_MS;
        Self { fd, until }
    }

    /// Returns how the process has ended, `Some(None)` where that is not to be
    /// learnt any more, and `None` as long as it may be.
    pub(super) fn settled(&self, id: ProcessId) -> Option<Option<Ending>> {
        let zombie = || procfs::zombie_status(id).map(Ending::from_wait_status);
        let ending = self.fd.ending().or_else(zombie);
        let settled = ending.is_some() || self.fd.is_reaped() || clock::monotonic_ms() >= self.until;
        // Once more: it may have been reaped between the two looks.
        settled.then(|| ending.or_else(|| self.fd.ending()))
    }

    /// Returns the time of the next look.
    pub(super) fn deadline(&self) -> u64 {
        clock::monotonic_ms() + REAP_EVERY_MS
    }
}
