//! The records of one stack in the state directory.

use std::io;
use std::sync::Arc;

use super::origin;
use crate::event::Want;
use crate::failure::Failure;
use crate::inventory::ComposeSpec;
use crate::store;
use crate::store::intent::{self, Intent};
use crate::store::inventories;
use crate::store::stack::{self, Stack, StackStop};
use crate::store::{InstanceDir, StateDir, strangers};
use crate::sys::clock;

pub(super) struct StackRecords {
    id: String,
    place: Option<Arc<StateDir>>,
}

impl StackRecords {
    /// Creates the records of an instance. Without a state directory nothing was
    /// ever started.
    pub(super) fn new(id: String, place: Option<Arc<StateDir>>) -> Self {
        Self { id, place }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn intent(&self) -> Result<Option<Intent>, Failure> {
        let Some(place) = &self.place else { return Ok(None) };
        intent::peek(place, &self.id).map_err(|error| Failure::unknown(error.to_string()))
    }

    /// Returns true if the start under way is to give way to a stop.
    pub(super) fn is_stop_wanted(&self) -> bool {
        matches!(self.intent(), Ok(Some(intent)) if intent.want == Want::Stopped)
    }

    pub(super) fn last_start(&self) -> Result<Option<Stack>, Failure> {
        match self.dir()? {
            Some(dir) => stack::read(&dir).map_err(|error| Failure::unknown(error.to_string())),
            None => Ok(None),
        }
    }

    /// Returns the folder of an instance that is to be started.
    pub(super) fn create_dir(&self) -> Result<InstanceDir, Failure> {
        let place = self.place.as_ref();
        let place = place.ok_or_else(|| Failure::failed("there is no state directory"))?;
        place.create_instance(&self.id)
    }

    pub(super) fn record_start(&self, dir: &InstanceDir, stack: &Stack) -> Result<(), Failure> {
        stack::write(dir, stack).map_err(|error| not_recorded(&error))
    }

    /// Returns the sockets that others held before a start at the ports of its probes.
    pub(super) fn strangers(&self, stack: &Stack) -> Vec<u64> {
        let dir = self.dir().ok().flatten();
        dir.map(|dir| strangers::read(&dir, stack.started_wall_ms))
            .unwrap_or_default()
    }

    /// Puts on record what is started, if the instance has a folder.
    pub(super) fn record_origin(&self, spec: &ComposeSpec) -> Result<(), Failure> {
        let Some(dir) = self.dir()? else { return Ok(()) };
        store::origin::record(&dir, &origin::of_spec(spec)).map_err(|error| not_recorded(&error))
    }

    /// Puts on record which inventory starts it.
    pub(super) fn record_inventory(&self, dir: &InstanceDir) {
        if let Some(state) = &self.place {
            inventories::record(state, dir);
        }
    }

    /// Notes that this run is being stopped, so that its end is not taken for a
    /// crash, whatever is wanted of the instance after that.
    ///
    /// # Errors
    /// When that cannot be put on record.
    pub(super) fn record_stop(&self, spec: &ComposeSpec, run_ns: u64, now: bool) -> Result<(), Failure> {
        let Some(dir) = self.dir()? else { return Ok(()) };
        let never_started = || Stack {
            arrived: true,
            ..Stack::default()
        };
        let stack = match self.last_start()? {
            Some(stack) => stack,
            None => {
                self.record_origin(spec)?;
                never_started()
            }
        };
        let stop = StackStop {
            at_wall_ms: clock::wall_ms(),
            run_ns,
            now,
        };
        self.record_start(
            &dir,
            &Stack {
                stop: Some(stop),
                ..stack
            },
        )
    }

    /// Notes that nothing runs, so that no later look need ask the engine once
    /// the stack has left the inventory.
    pub(super) fn record_stopped(&self) {
        if let Ok(Some(dir)) = self.dir() {
            // Without the note the engine is asked.
            let _ = store::origin::record_stopped(&dir);
        }
    }

    /// Returns the folder of the instance, if it was ever started.
    fn dir(&self) -> Result<Option<InstanceDir>, Failure> {
        let Some(place) = &self.place else { return Ok(None) };
        let dir = place.instance(&self.id);
        dir.map_err(|error| Failure::unknown(format!("its records cannot be read: {error}")))
    }
}

fn not_recorded(error: &io::Error) -> Failure {
    Failure::failed(format!("the start cannot be put on record: {error}"))
}
