//! The status of an instance, as its shim publishes it: in the status table, and in
//! every report.

use super::spec::Spec;
use super::wire::Report;
use crate::policy::stop::Awaiting;
use crate::store::ending::Exit;
use crate::store::launch::{Launch, ReadyAt};
use crate::store::status_table::{Phase, PreviousExit, ShimStatus, Slot};
use crate::sys::clock;
use crate::sys::procfs::ProcessId;

/// Publishes the status of one instance.
pub(super) struct StatusPublisher {
    entry: ShimStatus,
    slot: Option<Slot>,
}

impl StatusPublisher {
    /// Publishes that the game is alive.
    pub(super) fn new(spec: &Spec, record: &Launch, past: Option<&Exit>, slot: Option<Slot>) -> Self {
        let entry = ShimStatus {
            id: spec.id.clone(),
            phase: Phase::Alive,
            phase_wall_ms: record.ready.map_or(record.launched_wall_ms, |ready| ready.wall_ms),
            generation: record.generation,
            shim_pid: record.shim.pid,
            main: record.main,
            main_ended: false,
            launched_wall_ms: record.launched_wall_ms,
            launched_boot_ms: record.launched_boot_ms,
            ready: record.ready,
            restarts: record.restarts,
            adopted: record.adopted,
            lost_output: 0,
            unmarked_output: 0,
            past: past.map(PreviousExit::from),
            step: String::new(),
            step_since_ms: 0,
            step_limit_ms: 0,
            entry: spec.entry,
        };
        let publisher = Self { entry, slot };
        publisher.write();
        publisher
    }

    fn write(&self) {
        if let Some(slot) = &self.slot {
            slot.write(&self.entry);
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.entry.phase = phase;
        self.entry.phase_wall_ms = clock::wall_ms();
    }

    pub(super) fn ready(&mut self, ready: ReadyAt) {
        self.entry.ready = Some(ready);
        if self.entry.phase == Phase::Alive {
            self.entry.phase_wall_ms = ready.wall_ms;
        }
        self.write();
    }

    pub(super) fn main(&mut self, main: ProcessId) {
        self.entry.main = main;
        self.write();
    }

    /// Publishes that the main process has ended by itself and left processes behind.
    pub(super) fn clearing(&mut self) {
        self.entry.main_ended = true;
        self.entry.phase_wall_ms = clock::wall_ms();
        self.write();
    }

    pub(super) fn stopping(&mut self) {
        self.enter(Phase::Stopping);
    }

    pub(super) fn step(&mut self, awaiting: Awaiting, now: u64) {
        self.entry.step = awaiting.label;
        self.entry.step_since_ms = now.saturating_sub(awaiting.elapsed_ms);
        self.entry.step_limit_ms = awaiting.limit_ms.unwrap_or(0);
        self.write();
    }

    /// Publishes the number of bytes of output that were lost by now, and how many of
    /// them the log does not tell of yet.
    pub(super) fn lost_output(&mut self, (bytes, unmarked): (u64, u64)) {
        if (self.entry.lost_output, self.entry.unmarked_output) != (bytes, unmarked) {
            (self.entry.lost_output, self.entry.unmarked_output) = (bytes, unmarked);
            self.write();
        }
    }

    pub(super) fn ended(&mut self) {
        self.enter(Phase::Ended);
        self.entry.step.clear();
        self.write();
    }

    /// Returns the status as a report.
    pub(super) fn report(&self) -> Report {
        Report::of_entry(&self.entry, clock::monotonic_ms())
    }
}
