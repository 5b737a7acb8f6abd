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
//! What runs is asked of the engine by the labels that compose puts on its
//! containers, never by names and never through compose: that is faster, is the
//! same for every version of compose, and needs no compose file. A stop needs
//! none either, so a stack whose file is broken or gone can be stopped.
//!
//! The engine keeps what happened to a container. What it cannot know, whether
//! somebody wanted that, is our intent; see [`crate::store::intent`].

mod aggregate;
mod announcer;
mod call;
mod container;
mod engine;
#[cfg(fuzzing)]
pub mod fuzzing;
mod order;
mod planning;
mod printed;
mod starting;
mod stopping;
mod supervisor;
mod survey;
mod tool;
mod watching;

pub use announcer::Announcers;
pub use engine::Engines;
pub use supervisor::DockerComposeSupervisor;

/// The name of this plane in the inventory.
pub const PLANE: &str = "docker_compose";
