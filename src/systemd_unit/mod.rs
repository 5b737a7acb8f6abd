//! The systemd plane: a service of systemd is one instance.
//!
//! ```text
//!   status, run ─▶ properties of the unit, signals of their changes ─▶ state
//!
//!   start ───────▶ a job of systemd ─▶ ready, by `active` and the probes on top
//!   stop ────────▶ steps of the chain ─▶ a job of systemd
//!   logs ────────▶ the journal
//! ```
//!
//! systemd keeps what happened to a unit, how it is stopped, and often also who restarts
//! it. All of that is left to it. What it does not know is whether an end was wanted of
//! gamectl, and if players can join: that is our intent, and our probes.
//!
//! A quadlet is a unit that podman has written, and nothing else.

mod bound;
mod chain;
mod channel;
mod explain;
mod managed;
pub mod origin;
mod output;
mod planning;
mod starting;
mod state;
mod stopping;
mod supervisor;
mod survey;
mod usage;
mod watching;
mod words;

pub use supervisor::SystemdUnitSupervisor;

/// The name of this plane in the inventory.
pub const PLANE: &str = "systemd";
