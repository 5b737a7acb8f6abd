//! gamectl: one set of verbs over game servers, however they are run.

pub mod channel;
pub mod check;
pub mod cli;
pub mod commands;
pub mod docker_compose;
pub mod event;
pub mod failure;
pub mod finding;
pub mod fleet;
pub mod games;
pub mod host;
pub mod instancecmd;
pub mod inventory;
pub mod players;
pub mod policy;
pub mod probe;
pub mod process;
pub mod resident;
pub mod store;
pub mod supervisor;
pub mod sys;
pub mod trust;
pub mod ui;
pub mod unmanaged;
pub mod watcher;
