//! A start that is on record, and under way.

use super::records::GroupRecords;
use crate::failure::Failure;
use crate::probe::HeldPort;
use crate::store::InstanceDir;
use crate::store::origin::Origin;
use crate::store::stack::Stack;
use crate::store::strangers;
use crate::sys::clock;

/// A start that is on record, before its engine is asked for it.
pub struct BegunStart<'a> {
    records: &'a GroupRecords,
    dir: InstanceDir,
    stack: Stack,
    /// The start before it.
    last: Option<Stack>,
}

impl<'a> BegunStart<'a> {
    /// Puts a start of `origin` on record, as one of now.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn record(records: &'a GroupRecords, origin: &Origin, start: Stack) -> Result<Self, Failure> {
        let dir = records.create_dir()?;
        let last = records.last_start()?;
        let stack = Stack {
            started_wall_ms: clock::wall_ms(),
            ..start
        };
        records.record_origin(origin)?;
        records.record_start(&dir, &stack)?;
        records.record_inventory(&dir);
        let start = Self {
            records,
            dir,
            stack,
            last,
        };
        Ok(start)
    }

    /// Returns the folder of the instance.
    pub fn dir(&self) -> &InstanceDir {
        &self.dir
    }

    /// Notes who holds the ports of its probes already. Without the note, a holder that
    /// may not be looked at counts as the game's own.
    pub fn note_strangers(&self, held: &[HeldPort]) {
        if held.is_empty() {
            return;
        }
        let sockets = held.iter().flat_map(|held| &held.sockets).copied();
        let _ = strangers::write(&self.dir, self.stack.started_wall_ms, sockets);
    }

    /// Notes the services that it has brought up.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn note_services(&mut self, services: Vec<String>) -> Result<(), Failure> {
        self.stack.services = services;
        self.records.record_start(&self.dir, &self.stack)
    }

    /// Notes that it was ready.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn note_arrival(&mut self) -> Result<(), Failure> {
        self.stack.arrived = true;
        self.records.record_start(&self.dir, &self.stack)
    }

    /// Takes back a start that has brought nothing up: the instance is as it was before,
    /// or over at least.
    pub fn take_back(self) {
        let over = Stack {
            arrived: true,
            ..self.stack
        };
        // The next look judges what there is.
        let _ = self.records.record_start(&self.dir, &self.last.unwrap_or(over));
    }
}
