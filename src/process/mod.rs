//! The process plane: games that are spawned processes of this host.

mod carrying;
mod derive;
mod environment;
mod evidence;
mod explain;
mod sending;
pub mod shim;
mod standing;
mod starting;
mod stopping;
mod supervisor;
mod user;

pub use supervisor::{Glance, PLANE, ProcessSupervisor};
