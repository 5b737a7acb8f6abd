//! The shim: one small process per started instance, the parent of the game.
//!
//! It is this same program in a hidden mode. It owns the game's console and
//! log, learns its exit code, ends its whole process tree on request, and
//! outlives everybody else: the command that started it, the session, the
//! resident supervisor. It has no opinion: whether a game is started again is
//! decided elsewhere.
//!
//! # How a game is started
//!
//! ```text
//!  starter                          shim                        child
//!  ───────                          ────                        ─────
//!  holds the instance's lock
//!  writes the intent, the plan
//!  spawns ─────────────────────────▶ leaves the session
//!                                    takes shim.lock
//!                                    reads the intent again
//!                                    reserves room for the exit
//!                                    opens FIFOs, log, socket
//!                                    forks ─────────────────────▶ prepares itself
//!                                    writes the launch record     waits at the gate
//!                                    opens the gate ────────────▶ executes the game
//!  ◀─── ok, or stage and errno ─────
//! ```
//!
//! Killed at whatever point, this leaves at most one game, and none that is
//! not on record. `shim.lock` keeps a second shim out for as long as one
//! lives; the intent is read under it, so that no game starts after a stop was
//! acknowledged. The model in `tests/protocol_model.rs` walks through every
//! order of events, with a kill at every point.
//!
//! # When the shim is killed
//!
//! The game holds both ends of its FIFOs open, so it neither gets a SIGPIPE
//! nor an end of file; what it prints waits in the FIFO. The next verb finds
//! the record's process alive, and starts a shim that takes it over. Such a
//! shim is not the parent: it learns the exit code from the kernel where that
//! keeps it for pidfds (Linux 6.15), and else says that it is unknown.

pub mod client;
pub mod entry;
mod exit;
mod keeper;
mod output;
mod serve;
mod setup;
pub mod spec;
pub mod starter;
mod tree;
mod voice;
mod waker;
pub mod wire;
