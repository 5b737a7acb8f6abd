//! The process plane: games that are spawned processes of this host.

pub mod shim;
