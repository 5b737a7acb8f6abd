//! From the tree to the model: every problem is collected, and an inventory
//! without any comes out. Each section has a file of its own; the collector of
//! problems is at the foot (`collector`), the reader of the whole at the head
//! (`document`).

mod address;
mod amp;
mod before_start;
mod channels;
pub(crate) mod collector;
mod compose;
pub(crate) mod document;
mod free;
mod game;
mod healthy;
mod hook;
mod hosts;
pub(crate) mod http;
mod kubectl;
mod limits;
mod link;
mod merge;
mod needs;
mod notify;
mod pattern;
mod plane;
mod players;
mod podman;
mod ports;
mod process;
mod ready;
mod restart;
mod schedule;
mod section;
mod settings;
mod signal;
mod stop;
mod unit;
mod unusable;
mod value;
mod warn;
