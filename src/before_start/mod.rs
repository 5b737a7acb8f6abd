//! The command that must succeed before each start, such as an update.
//!
//! ```text
//!   start, restart, run, schedule, link ─▶ PreparedSupervisor ─▶ the plane
//!                                                  │
//!                                                  ▼
//!                                     Preparation: the command, its time,
//!                                     its last lines, and its record
//! ```
//!
//! It stands between whoever starts an instance and its plane, so that no way of starting
//! one goes round it. The lock of the verb is held meanwhile, and a stop that somebody asks
//! for ends the command.

mod last_lines;
mod preparation;
mod prepared;
mod slots;

pub use prepared::PreparedSupervisor;
pub use slots::PreparationSlots;
