//! The kubectl plane: a workload or a resource in a cluster of Kubernetes is one instance.
//!
//! ```text
//!   status ──────▶ snapshots ─┐
//!   run, watch ──▶ streams ───┤
//!   start, stop ──────────────┼─▶ reading ─▶ engine ─▶ kubectl get   (one for a context)
//!                             │
//!                             ▼
//!                 target: the object of the instance, and its pods
//!                             │
//!                             ▼
//!                          state: one state out of these
//!
//!   start ───────▶ kubectl patch ─▶ ready pods of the newest generation, and probes
//!   stop ────────▶ steps of the chain ─▶ kubectl patch ─▶ none of the pods is left
//! ```
//!
//! The context and the namespace are said with every call. What the exit codes of kubectl
//! say is not relied upon: an empty list may be one of a namespace that is not there, or
//! of one that may not be seen. A workload is stopped when none of its pods is left.

mod absence;
mod chain;
mod changing;
mod channel;
mod complaint;
mod engine;
mod entering;
mod explain;
mod input;
mod listing;
mod managed;
#[cfg(test)]
mod newer_tests;
mod object;
pub mod origin;
mod output;
mod plan;
mod planning;
mod players;
mod pod;
mod probing;
mod reading;
mod roster;
mod selector;
mod share;
mod snapshots;
mod starting;
mod state;
mod stopping;
mod streams;
mod supervisor;
mod survey;
mod target;
mod usage;
mod watching;

pub use share::KubectlShare;
pub use supervisor::KubectlSupervisor;

/// The name of this plane in the inventory.
pub const PLANE: &str = "kubectl";
