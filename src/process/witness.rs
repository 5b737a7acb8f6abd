//! A witness of the end of a game: `run` holds a descriptor of each main process that it
//! watches, so that an ending is known although shim and game went together.

use std::time::Duration;

use crate::sys::pidfd::Pidfd;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;
use crate::sys::unreaped::Unreaped;

/// The pause between two looks at whether the main process was reaped.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A descriptor of a main process, opened while that lived.
#[derive(Debug)]
pub(super) struct Witness {
    main: ProcessId,
    fd: Pidfd,
}

impl Witness {
    /// Returns the witness of a process; `None` where that is gone, or no descriptor is
    /// to be had: then nobody knows how it ends but its shim.
    pub(super) fn of(main: ProcessId) -> Option<Self> {
        let fd = Pidfd::open_identified(main).ok().flatten()?;
        Some(Self { main, fd })
    }

    pub(super) fn is_of(&self, main: ProcessId) -> bool {
        self.main == main
    }

    /// Returns how the process, which has ended, did so. Where init reaps late, and hides
    /// the ending till then, this takes up to three seconds.
    pub(super) async fn ending(self) -> Option<Ending> {
        let unreaped = Unreaped::new(self.main, self.fd);
        loop {
            if let Some(settled) = unreaped.settled() {
                return settled;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
