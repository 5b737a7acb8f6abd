//! What wakes a shim: the one place where it waits.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::SigSet;
use nix::sys::time::TimeSpec;

use crate::sys::host;

/// So many descriptors are enough for a shim: its own, its clients, and one for
/// each process of a game that it has taken over.
const DESCRIPTORS: u64 = 1024;

/// How long a kernel that cannot wait for us is left alone.
const PAUSE: Duration = Duration::from_millis(10);

/// Lets us have as many open as we need, where that is ours to say. Returns the
/// limit that we had, where it was changed.
pub(super) fn raise_open_files() -> Option<u64> {
    host::raise_open_files(DESCRIPTORS)
}

/// Who has something for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waker {
    /// A signal has come; that a child has ended is told by one too.
    Signals,
    /// The game has printed something.
    Output,
    /// Somebody connects, or says something.
    Clients,
    /// A member of a tree that is not ours has ended.
    Members,
}

/// Who woke us; nobody when the time was over.
#[derive(Debug)]
pub(super) struct Woken(Vec<Waker>);

impl Woken {
    /// Whether it was this one, among others.
    pub(super) fn by(&self, waker: Waker) -> bool {
        self.0.contains(&waker)
    }
}

/// Waits until any of these has something, or the time is over. Returns who;
/// everybody, after a moment, when the kernel would not say. None of them blocks
/// who reads it in vain.
pub(super) fn wait<'a>(sources: impl Iterator<Item = (Waker, BorrowedFd<'a>)>, timeout: Option<Duration>) -> Woken {
    let poll_fd = |(waker, fd)| (waker, PollFd::new(fd, PollFlags::POLLIN));
    let (wakers, mut fds): (Vec<_>, Vec<_>) = sources.map(poll_fd).unzip();
    match nix::poll::ppoll(&mut fds, timeout.map(TimeSpec::from_duration), None::<SigSet>) {
        Ok(_) | Err(Errno::EINTR) => {}
        // ENOMEM, or EINVAL: our limit of open files has been set below the
        // number of these.
        Err(errno) => {
            if errno == Errno::EINVAL {
                let _ = raise_open_files();
            }
            std::thread::sleep(timeout.unwrap_or(PAUSE).min(PAUSE));
            return Woken(wakers);
        }
    }
    let ready = fds.iter().map(|fd| fd.any().unwrap_or(false));
    Woken(
        wakers
            .into_iter()
            .zip(ready)
            .filter_map(|(waker, ready)| ready.then_some(waker))
            .collect(),
    )
}
