//! The shared part of all planes whose instances are containers: an engine that
//! is asked, its containers, its events, and one state out of many containers.
//!
//! A plane brings an [`EngineKind`], which says how the engine is called, and a
//! [`Grouping`], which says which containers belong to an instance. This room
//! knows neither compose files nor inventories.

mod aggregate;
mod container;
mod engine;
mod events;
mod grouping;
mod kind;
mod snapshots;

pub use aggregate::{Aggregate, Circumstances, aggregate, too_short_grace};
pub use container::{Container, ContainerHealth, ContainerStatus, HostBinding, parse};
pub use engine::Engine;
pub use events::EngineEvents;
pub use grouping::{GroupMember, Grouping, Labels};
pub use kind::{DOCKER, EngineKind};
pub use snapshots::EngineSnapshots;
