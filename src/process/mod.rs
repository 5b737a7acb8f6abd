//! The process plane: games that are spawned processes of this host.

mod delegated;
mod derive;
mod environment;
mod evidence;
mod explain;
mod glance;
mod health;
mod looking;
mod planning;
mod sending;
pub mod shim;
mod standing;
mod starting;
mod stopping;
mod supervisor;
mod survey;
mod unseen;
mod user;
mod waiting;
mod watching;

pub use glance::Glance;
pub use supervisor::{PLANE, ProcessSupervisor};
