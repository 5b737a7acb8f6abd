//! The state directory: what outlives every process of ours.
//!
//! ```text
//! STATE/                     0700, ours alone
//!   run.lock                 held by the resident supervisor
//!   board, board.N           one slot per instance, for looking at many at once
//!   instances/ID/
//!     lock                   held by whoever carries out a verb; another byte of
//!                            it by the shim, for as long as it lives
//!     intent                 the wish: a link whose target is the text
//!     launch                 the current or last launch: who is the game
//!     plan                   how that launch is stopped and logged
//!     exit                   how the last launch ended
//!     restarts               what the resident supervisor knows of its crashes
//!     stack                  the last start of a stack of containers
//!     origin                 the plane of the last start, if it is not `process`
//!     launch.next, exit.next, restarts.next
//!                            room reserved for the next of each
//!     NAME.new-PID           what PID is writing, before it takes its place
//!     NAME.damaged-TIME      what was found damaged
//!     in                     the FIFO behind the game's standard input
//!     ctl                    the shim's socket
//!     console.log[.N]        what the game printed
//! ```
//!
//! The truth about an instance is in its own folder and in the kernel (locks,
//! processes). The board repeats what living shims say of themselves, so that
//! `status` of a thousand instances need not open four files for each; a slot
//! counts only while its writer is proven to live.
//!
//! Files are replaced atomically: a reader finds the old or the new one. What
//! is found damaged is reported and set aside, and never taken for "nothing".

pub mod board;
pub mod changes;
pub mod console;
pub mod dir;
pub mod ending;
mod entry;
pub mod folder;
pub mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod history;
pub mod intent;
pub mod launch;
pub mod lock;
pub mod origin;
pub mod plan;
mod quarantine;
pub mod record;
#[cfg(test)]
mod recorded;
pub mod stack;
mod stale_files;
pub mod tail;
pub mod times;

pub use dir::StateDir;
pub use folder::{InstanceDir, ReadError};
