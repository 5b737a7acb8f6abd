//! The state directory: the files that outlive every process of ours.
//!
//! ```text
//! STATE/                     0700, ours alone
//!   run.lock                 held by the resident supervisor
//!   run.next                 held by one that is to take over from it
//!   run.socket               where that is asked for shims
//!   board, board.N           the status table: one slot per instance
//!   inventories/             links to the inventories that have started something
//!   instances/ID/
//!     lock                   held by a verb that acts on the instance; another byte
//!                            of it by the shim, for as long as it lives
//!     intent                 a link whose target is the text
//!     countdown              the countdown of a verb, for as long as its writer holds it
//!     intent.stop            a link for the next stop, where no inode is left
//!     launch                 the current or last launch
//!     plan                   the stop chain and the log settings of that launch
//!     exit                   the end of the last launch
//!     restarts               the crashes that `run` has counted
//!     stack                  the last start of a stack of containers
//!     requests               the requests that came over the link, until they expire
//!     log_file               where the game's own log file ended before that launch
//!     origin                 the plane and host of the last start, if not `process` here
//!     inventory              a link to the inventory of the last start
//!     launch.next, exit.next, restarts.next
//!                            the reserve of each
//!     NAME.new-PID           a file that PID writes, before it takes its place
//!     NAME.damaged-TIME      a damaged file in quarantine
//!     in                     the FIFO behind the game's standard input
//!     ctl                    the shim's socket
//!     console.log[.N]        the output of the game
//!     console.times[.1]      an index of that by time
//! ```
//!
//! The truth about an instance is in its own folder and in the kernel (locks,
//! processes). The status table, `board`, repeats the reports of living shims, so that `status` of a
//! thousand instances need not open four files for each; a slot counts only while
//! its writer is proven to live.
//!
//! Files are replaced atomically: a reader finds the old or the new one. A damaged
//! file is reported and quarantined, and never taken for "nothing".

pub mod changes;
pub mod claim;
pub mod console;
pub mod countdown;
pub mod dir;
pub mod ending;
pub mod file_end;
pub mod folder;
pub mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod history;
pub mod intent;
pub mod inventories;
pub mod launch;
pub mod lock;
pub mod origin;
pub mod plan;
pub mod preparation;
mod quarantine;
pub mod record;
#[cfg(test)]
mod recorded;
pub mod requests;
pub mod schedule;
mod shim_status;
pub mod stack;
mod stale_files;
pub mod stamped;
pub mod status_table;
pub mod strangers;
pub mod tail;
#[cfg(test)]
mod testing;
pub mod time_index;
pub mod times;

pub use dir::StateDir;
pub use folder::{InstanceDir, ReadError};
