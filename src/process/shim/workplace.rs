//! The place where a shim works.

use std::time::Duration;

use super::stage::Stage;
use super::wire::{LaunchStage, Started};
use crate::store::lock::{self, ShimLock};
use crate::store::{InstanceDir, StateDir};
use crate::sys::clock;
use crate::sys::signals::Signals;

/// The time that another shim has to end.
const OTHER_SHIM: Duration = Duration::from_secs(2);

/// The place of a shim, which it holds alone: no second shim gets the lock.
pub(super) struct Workplace {
    pub(super) state: StateDir,
    pub(super) dir: InstanceDir,
    pub(super) signals: Signals,
    pub(super) shim_lock: ShimLock,
}

impl Workplace {
    /// Takes the lock of the instance's shim, for which one that is about to end is
    /// waited for.
    pub(super) fn take(state: StateDir, dir: InstanceDir, signals: Signals) -> Result<Self, Started> {
        let deadline = clock::monotonic_ms() + OTHER_SHIM.as_millis() as u64;
        let shim_lock = loop {
            match lock::try_shim(&dir).stage(LaunchStage::Lock)? {
                Some(taken) => break taken,
                None if clock::monotonic_ms() >= deadline => return Err(Started::Busy),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        Ok(Self {
            state,
            dir,
            signals,
            shim_lock,
        })
    }
}
