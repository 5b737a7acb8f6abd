//! The shim: one small process per started instance, the parent of the game.
//!
//! A shim is this same program in a hidden mode. It owns the game's console and
//! log, learns its exit code, ends its whole process tree on request, and
//! outlives the command that started it, the session and the resident supervisor.
//! It decides nothing: a restart is the matter of `run`.
//!
//! # How a game is started
//!
//! ```text
//!  starter                          shim                        child
//!  ───────                          ────                        ─────
//!  holds the instance's lock
//!  writes the intent, the plan
//!  has it forked, or spawns it ────▶ leaves the session
//!                                    takes the shim's lock
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
//! [`spawner`]. Each serves one launch and ends after it.
//!
//! # How a game is stopped
//!
//! The whole chain is handed to the shim before its first step, and the shim
//! alone keeps its time. Console lines and signals it carries out itself. What
//! needs the network or another program it offers to the gamectl that follows
//! the stop, in its reports:
//!
//! ```text
//!  shim ── report: step 1 ───▶ verb       5 s, and the next step is due
//!  shim ◀────── claim 1 ────── verb       claimed: 10 s, or the step's wait
//!                              verb ── line ──▶ game
//!  shim ◀──── complete 1 ───── verb       what is left of the step's wait
//! ```
//!
//! A verb that is lost at any of these points costs that much time, and the
//! game is stopped all the same: by the steps that the shim carries out alone,
//! and the kill.
//!
//! # When the shim is killed
//!
//! The game holds both ends of its pipes open, so it neither gets a SIGPIPE
//! nor an end of file; what it prints waits in the pipe. The next verb finds
//! the record's process alive, and starts a shim that takes it over, and finds
//! the pipe among the game's descriptors by the number on record. Such a
//! shim is not the parent: it learns the exit code from the kernel where that
//! keeps it for pidfds (Linux 6.15), and else says that it is unknown.

pub mod client;
pub mod entry;
mod event_source;
mod exit;
mod monitor;
mod output;
mod precheck;
mod publisher;
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
