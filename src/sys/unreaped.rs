//! A process that has ended and that is not our child: how it ended is learnt from
//! the kernel, which tells whoever has held its pidfd.

use std::os::fd::{AsFd, BorrowedFd};

use super::clock;
use super::pidfd::Pidfd;
use super::procfs::{self, ProcessId};
use super::reaper::Ending;

/// The time in which its parent may reap it, in milliseconds: an init may look for
/// orphans at intervals only.
const REAP_MS: u64 = 3_000;

/// A process that has ended, and that its parent may not have reaped yet.
#[derive(Debug)]
pub struct Unreaped {
    id: ProcessId,
    fd: Pidfd,
    until: u64,
}

impl Unreaped {
    /// Takes the descriptor of a process that has ended by now.
    pub fn new(id: ProcessId, fd: Pidfd) -> Self {
        let until = clock::monotonic_ms() + REAP_MS;
        Self { id, fd, until }
    }

    /// Returns how the process has ended, `Some(None)` where that is not to be
    /// learnt any more, and `None` as long as it may be.
    ///
    /// A zombie's own record tells at once, where it is open to us. The descriptor
    /// tells once the parent has reaped it, on Linux 6.15 and later.
    pub fn settled(&self) -> Option<Option<Ending>> {
        let zombie = || procfs::zombie_status(self.id).map(Ending::from_wait_status);
        let ending = self.fd.ending().or_else(zombie);
        let is_lost = || !self.fd.tells_more() || self.fd.is_reaped() || clock::monotonic_ms() >= self.until;
        let settled = ending.is_some() || is_lost();
        // Once more: it may have been reaped between the two looks.
        settled.then(|| ending.or_else(|| self.fd.ending()))
    }

    /// Returns the time at which it is settled at the latest, on the monotonic clock in
    /// milliseconds. The descriptor hangs up (`POLLHUP`) when it is earlier.
    pub fn deadline(&self) -> u64 {
        self.until
    }
}

impl AsFd for Unreaped {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
