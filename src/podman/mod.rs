//! The podman plane: a container, or a pod, is one instance.
//!
//! ```text
//!   status ──────▶ snapshots ─┐
//!   run, watch ──▶ events ────┼─▶ engine ─▶ podman ps     (one list for all of a user)
//!   start, stop ──────────────┘      │
//!                                    ▼
//!                      target: which of them are the instance's
//!                                    │
//!                                    ▼
//!                     containers: many containers, one state
//!
//!   start ───────▶ engine ─▶ podman start, podman pod start
//!   stop ────────▶ chain, then engine ─▶ podman stop
//! ```
//!
//! Each user has a podman of its own, with its own containers. It is asked as that user,
//! in that user's runtime directory.
//!
//! What podman's exit codes and messages say is not relied upon: after a verb the list is
//! read again. A container that cannot be found is unknown and not stopped, unless a stop
//! of it is on record. What is common to all planes of containers is in
//! [`crate::containers`].

mod chain;
mod console;
mod described;
mod engine;
mod events;
#[cfg(fuzzing)]
pub mod fuzzing;
mod game;
mod input;
mod listing;
pub mod origin;
mod output;
mod planning;
mod share;
mod shared_answer;
mod snapshots;
mod starting;
mod stopping;
mod supervisor;
mod survey;
mod target;
mod usage;

pub use share::PodmanShare;
pub use supervisor::PodmanSupervisor;

/// The name of this plane in the inventory.
pub const PLANE: &str = "podman";
