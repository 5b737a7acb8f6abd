//! The one place where a shim waits, and what it waits for.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::SigSet;
use nix::sys::time::TimeSpec;

use crate::sys::host;

/// Enough descriptors for a shim: its own, its clients, and one for each process
/// of a game that it has taken over.
const DESCRIPTORS: u64 = 1024;

/// The pause before a kernel that cannot wait is asked again.
const PAUSE: Duration = Duration::from_millis(10);

/// Raises the soft limit of open files to what a shim may need, where that is
/// allowed. Returns the limit of before, where it was changed.
pub(super) fn raise_open_files() -> Option<u64> {
    host::raise_open_files(DESCRIPTORS)
}

/// A source of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventSource {
    /// Signals, which also tell that a child has ended.
    Signals,
    /// The output of the game.
    Output,
    /// The listening socket and its connections.
    Clients,
    /// The members of a tree that this shim has not started, which have ended.
    Members,
    /// The main process that has ended and that another process reaps. It was
    /// readable when it ended; the event is that it hangs up.
    Reaping,
}

impl EventSource {
    /// Returns what is waited for, besides errors and hangups.
    fn wanted(self) -> PollFlags {
        match self {
            Self::Reaping => PollFlags::empty(),
            _ => PollFlags::POLLIN,
        }
    }
}

/// Waits until any of the sources has something, or the time is over. Returns those
/// that have something; all of them, after a moment, when the kernel would not say:
/// reading one in vain does not block.
pub(super) fn poll<'a>(
    sources: impl Iterator<Item = (EventSource, BorrowedFd<'a>)>,
    timeout: Option<Duration>,
) -> Vec<EventSource> {
    let poll_fd = |(source, fd): (EventSource, _)| (source, PollFd::new(fd, source.wanted()));
    let (mut sources, mut fds): (Vec<_>, Vec<_>) = sources.map(poll_fd).unzip();
    match nix::poll::ppoll(&mut fds, timeout.map(TimeSpec::from_duration), None::<SigSet>) {
        Ok(_) | Err(Errno::EINTR) => {
            let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(false));
            sources.retain(|_| ready.next().unwrap_or(false));
        }
        // ENOMEM, or EINVAL: the limit of open files has been set below the
        // number of descriptors.
        Err(errno) => {
            if errno == Errno::EINVAL {
                let _ = raise_open_files();
            }
            std::thread::sleep(timeout.unwrap_or(PAUSE).min(PAUSE));
        }
    }
    sources
}
