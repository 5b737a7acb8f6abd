//! From text to a tree, and what can be told of text alone.

pub(crate) mod duration;
pub(crate) mod expand;
mod explain;
pub(crate) mod lines;
pub(crate) mod node;
pub(crate) mod screen;
pub(crate) mod size;
pub(crate) mod written;
pub(crate) mod yaml;
