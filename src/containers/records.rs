//! The records of one group in the state directory.

use std::io;
use std::sync::Arc;

use crate::event::Want;
use crate::failure::Failure;
use crate::store;
use crate::store::intent::{self, Intent};
use crate::store::inventories;
use crate::store::origin::Origin;
use crate::store::stack::{self, Stack, StackStop};
use crate::store::{InstanceDir, StateDir, strangers};
use crate::sys::clock;

/// The records of a group: its intent, its last start, and where it came from.
pub struct GroupRecords {
    id: String,
    place: Option<Arc<StateDir>>,
}

impl GroupRecords {
    /// Creates the records of an instance. Without a state directory nothing was
    /// ever started.
    pub fn new(id: String, place: Option<Arc<StateDir>>) -> Self {
        Self { id, place }
    }

    /// Returns the id of the instance.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the intent on record.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn intent(&self) -> Result<Option<Intent>, Failure> {
        let Some(place) = &self.place else { return Ok(None) };
        intent::peek(place, &self.id).map_err(|error| Failure::unknown(error.to_string()))
    }

    /// Returns true if the start under way is to give way to a stop.
    pub fn is_stop_wanted(&self) -> bool {
        matches!(self.intent(), Ok(Some(intent)) if intent.want == Want::Stopped)
    }

    /// Returns true while a verb is at work on it.
    pub fn is_at_work(&self) -> bool {
        let dir = self.dir().ok().flatten();
        dir.is_some_and(|dir| store::lock::is_at_work(&dir).unwrap_or(false))
    }

    /// Returns the last start on record.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_start(&self) -> Result<Option<Stack>, Failure> {
        match self.dir()? {
            Some(dir) => stack::read(&dir).map_err(|error| Failure::unknown(error.to_string())),
            None => Ok(None),
        }
    }

    /// Returns the folder of an instance that is to be started.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create_dir(&self) -> Result<InstanceDir, Failure> {
        let place = self.place.as_ref();
        let place = place.ok_or_else(|| Failure::failed("there is no state directory"))?;
        place.create_instance(&self.id)
    }

    /// Puts a start on record.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn record_start(&self, dir: &InstanceDir, stack: &Stack) -> Result<(), Failure> {
        stack::write(dir, stack).map_err(|error| not_recorded(&error))
    }

    /// Returns the sockets that others held before a start at the ports of its probes.
    pub fn strangers(&self, stack: &Stack) -> Vec<u64> {
        let dir = self.dir().ok().flatten();
        dir.map(|dir| strangers::read(&dir, stack.started_wall_ms))
            .unwrap_or_default()
    }

    /// Puts on record what is started, if the instance has a folder.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn record_origin(&self, origin: &Origin) -> Result<(), Failure> {
        let Some(dir) = self.dir()? else { return Ok(()) };
        store::origin::record(&dir, origin).map_err(|error| not_recorded(&error))
    }

    /// Puts on record which inventory starts it.
    pub fn record_inventory(&self, dir: &InstanceDir) {
        if let Some(state) = &self.place {
            inventories::record(state, dir);
        }
    }

    /// Notes that this run is being stopped, so that its end is not taken for a
    /// crash, whatever is wanted of the instance after that.
    ///
    /// # Errors
    /// When that cannot be put on record.
    pub fn record_stop(&self, origin: &Origin, run_ns: u64, now: bool) -> Result<(), Failure> {
        let Some(dir) = self.dir()? else { return Ok(()) };
        let never_started = || Stack {
            arrived: true,
            ..Stack::default()
        };
        let stack = match self.last_start()? {
            Some(stack) => stack,
            None => {
                self.record_origin(origin)?;
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

    /// Returns true if a stop of it is on record as complete.
    pub fn is_stopped(&self) -> bool {
        let origin = self.dir().ok().flatten().map(|dir| store::origin::read(&dir));
        matches!(origin, Some(Ok(Some(origin))) if origin.is_stopped())
    }

    /// Notes that nothing runs, so that no later look need ask the engine once
    /// the group has left the inventory.
    pub fn record_stopped(&self) {
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
