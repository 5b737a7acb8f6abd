//! The docker-compose plane: a stack of containers is one instance.
//!
//! ```text
//!   status, run ─▶ engine ─▶ docker ps, docker inspect   (by label)
//!                    │
//!                    ▼
//!               aggregate: many containers, one state
//!
//!   start ───────▶ tool ───▶ docker compose config, up
//!   stop ────────▶ engine ─▶ docker stop, layer by layer
//! ```
//!
//! The engine is asked for containers by the labels that compose puts on them,
//! never by names and never through compose: that is faster, works alike with
//! every version of compose, and needs no compose file. A stop needs none
//! either, so a stack whose file is broken or gone can be stopped.
//!
//! The engine knows what happened to a container, but not whether that was
//! wanted: that is our intent; see [`crate::store::intent`]. What is common to
//! all container planes is in [`crate::containers`].
//!
//! With podman as the engine, compose reaches it through its socket. Where there is
//! none, `podman-compose` does: its exit code says nothing, and its containers do not
//! tell their order and grace periods, which are then read from the compose file.

mod channel;
mod compose_file;
#[cfg(fuzzing)]
pub mod fuzzing;
mod input;
mod labels;
mod order;
pub mod origin;
mod output;
mod planning;
mod podman_socket;
mod stack;
mod starting;
mod stopping;
mod supervisor;
mod survey;
mod tool;
mod usage;

pub use supervisor::DockerComposeSupervisor;

/// The name of this plane in the inventory.
pub const PLANE: &str = "docker_compose";
