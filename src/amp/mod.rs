//! The plane of CubeCoders AMP: an instance of AMP is one instance.
//!
//! ```text
//!   status, run, verbs ─▶ desk ─▶ controller ─▶ ADSModule/GetInstances   (one list for all)
//!                                    │
//!   start ─▶ ADSModule/StartInstance, Core/Start        wait for the state, by the list
//!   look ──▶ Core/GetTasks                             where AMP prepares the game
//!   logs ──▶ Core/GetUpdates      send ──▶ Core/SendConsoleMessage
//!   stop ──▶ Core/Stop, Core/Kill, ADSModule/StopInstance
//! ```
//!
//! An instance of AMP has two layers: a part of AMP of its own, which AMP calls the
//! instance, and the game, which it calls the application. The list of a controller tells
//! the state of both for all of its instances, so nothing else is asked for a look.
//!
//! The answer to an order is not believed: versions of AMP answer with an outcome, with a
//! bare `true` or `false`, with `{}`, or with nothing. The state is read again.
//!
//! Where the API cannot be asked, `ampinstmgr` is called as the user of AMP. It lists the
//! parts of AMP and starts and stops them, each with its game, of which it tells nothing.
//!
//! AMP alone decides the command line of the game, how it is stopped, and when it counts
//! as ready.

mod answer;
mod console;
mod controller;
mod desk;
#[cfg(fuzzing)]
pub mod fuzzing;
mod game;
mod health;
mod listing;
mod manager;
mod manager_listing;
mod order;
pub mod origin;
mod output;
mod phase;
mod planning;
mod players;
mod starting;
mod state;
mod stopping;
mod supervisor;
mod survey;
mod task;
mod updates;
mod usage;
mod watching;

pub use desk::AmpShare;
pub use supervisor::AmpSupervisor;

/// The name of this plane in the inventory.
pub const PLANE: &str = "amp";
