//! The shared part of all planes whose instances are containers: an engine that
//! is asked, its containers, its events, and one state out of many containers.
//!
//! A plane brings an [`EngineKind`], which says how the engine is called, and a
//! [`Grouping`], which says which containers belong to an instance, or finds them in
//! its own way. This room knows neither compose files nor names of containers.

mod aggregate;
mod begun_start;
mod container;
mod engine;
mod events;
mod group;
mod grouping;
mod kind;
mod pausing;
mod ports;
mod records;
mod runs;
mod snapshots;
mod start_wait;
mod stats;
mod turns;
mod waiting;
mod watching;

pub use aggregate::{Aggregate, Circumstances, aggregate, too_short_grace, was_crashed};
pub use begun_start::BegunStart;
pub use container::{Container, ContainerHealth, ContainerStatus, HostBinding, grace_seconds, parse};
pub use engine::Engine;
pub use events::{EngineEvents, next_event};
pub use group::{ContainerGroup, GroupLook, GroupPlace, run_ns};
pub use grouping::{GroupMember, Grouping, Labels};
pub use kind::{DOCKER, EngineKind, PODMAN};
pub use pausing::let_go_on;
pub use records::GroupRecords;
pub use snapshots::EngineSnapshots;
pub use start_wait::{StartWait, started};
pub use stats::{stats_words, usage_of_running};
pub use turns::output_in_turn;
pub use waiting::{GroupStart, START_LOOK, SeenGroup};
pub use watching::keep_watch;
