//! The shim: one small process per started instance, the parent of the game.
//!
//! A shim is this same program in a hidden mode. It owns the game's console and
//! log, learns its exit code, ends its whole process tree on request, and
//! outlives the command that started it, the session and the resident supervisor.
//! It decides nothing: a restart is the matter of `run`.
//!
//! ```text
//!  starter                          shim                        child
//!  ───────                          ────                        ─────
//!  holds the instance's lock
//!  writes the intent, the plan
//!  has it forked, or spawns it ────▶ leaves the session
//!  ◀─── that it is there ───────────
//!  what it is to launch ───────────▶ takes the shim's lock
//!                                    reads the intent again
//!                                    reserves room for the exit
//!                                    opens pipes, log, socket
//!                                    forks ─────────────────────▶ waits at the gate
//!                                    writes the launch record
//!                                    reads the intent once more
//!                                    opens the gate ────────────▶ prepares itself
//!                                                                 executes the game
//!  ◀─── ok, or stage and errno ─────
//! ```
//!
//! Killed at whatever point, this leaves at most one game, and none that is
//! not on record. The shim's lock keeps a second shim out for as long as one
//! lives; the intent is read under it, so that no game starts after a stop was
//! acknowledged. A shim that was begun by a verb which gave up may come late:
//! it launches only if no other verb has held the instance's lock since, and
//! no stop has been asked for, which it looks at last of all. The model in
//! `tests/suite/protocol_model.rs` walks through every order of events, with a kill at
//! every point.
//!
//! The first shim of a command is executed; further ones are forked by a
//! [`spawner`]. Where a `run` watches the state directory, it makes those of every verb:
//! [`borrowing`]. Each serves one launch and ends after it.
//!
//! ARCHITECTURE.md follows the life of a stop, of a crash and of a takeover.

pub mod borrowing;
pub mod client;
pub mod entry;
mod event_source;
mod exit;
pub mod lending;
mod monitor;
mod output;
mod precheck;
mod publisher;
mod reason;
mod search;
mod serve;
mod setup;
pub mod spawner;
pub mod spec;
mod stage;
pub mod starter;
mod tree;
pub mod wire;
mod workplace;
