//! Finds what runs on this host without gamectl, and describes it as an instance of an
//! inventory: a container with the stack that it belongs to, or a unit of systemd.
//!
//! ```text
//!   docker inspect, podman inspect ─▶ container ─┐
//!                                                ├─▶ FoundInstance ─▶ YAML
//!   systemctl show ─────────────────▶ unit ──────┘
//! ```
//!
//! Nothing is changed, and nothing is started. Names and paths come from others: each is
//! written as a quoted text, in which no `$` stands for a variable.

mod container;
mod entry;
#[cfg(fuzzing)]
pub mod fuzzing;
mod unit;

pub use container::of_container;
pub use entry::FoundInstance;
pub use unit::of_unit;
