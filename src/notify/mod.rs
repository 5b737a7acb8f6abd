//! Messages to people: what `run` tells the targets of `notify` over HTTP.
//!
//! # Theory of operation
//!
//! [`Notifier::take`] is told of every event, as the screen is, and waits for nobody. Each
//! target has a tray with what it is to be told, and a task of its own that empties it, so
//! that a target that hangs holds up no other.
//!
//! ```text
//! ResidentEvent ─▶ tray of a target ─▶ its task ─▶ HTTP
//! ```
//!
//! A tray is bounded by the number of instances: of each it holds the newest notice, and how
//! many of what kind were held back before it. An instance tells a target something once a
//! minute at most. A message that a target does not take is sent again, with growing pauses,
//! and then given up; that is said once, until the target takes one again.

mod delivery;
mod notice;
mod notifier;
mod post;
mod retry;
mod tray;
mod trial;

pub use notifier::Notifier;
pub use trial::try_out;
