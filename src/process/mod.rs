//! The process plane: games that are spawned processes of this host.

mod delegated;
mod env_file;
mod environment;
mod evidence;
mod explain;
mod facts;
mod game;
mod input;
mod launcher;
mod limits;
mod live;
mod main_pattern;
mod observer;
mod pause;
mod planning;
mod probing;
mod repair;
pub mod shim;
mod situation;
mod snapshot;
mod starting;
mod stopping;
mod supervisor;
mod survey;
mod unnoticed;
mod usage;
mod waiting;
mod watching;
mod witness;

pub use game::PLANE;
pub use snapshot::Snapshot;
pub use supervisor::ProcessSupervisor;
