//! From text to a tree, and what can be told of text alone.

pub(crate) mod duration;
pub(crate) mod expand;
mod explain;
pub(crate) mod lines;
mod mapping;
pub(crate) mod node;
pub(crate) mod screen;
pub(crate) mod size;
mod token;
pub(crate) mod yaml;
