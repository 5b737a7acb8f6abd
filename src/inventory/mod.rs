//! The inventory: from YAML text to a validated model.
//!
//! ```text
//! source ──▶ parse ─▶ syntax ─▶ yaml ─▶ check ─▶ model
//!             │      (screen)  (tree)     │
//!             └───────────────────────────┴─▶ problem (excerpt, secret)
//! ```
//!
//! The text becomes a tree that knows where each word stands. Everything else
//! is done on the tree, so that all problems come at once and each has its
//! exact place.

mod address;
mod channels;
mod check;
mod common;
mod compose;
mod duration;
mod entries;
mod excerpt;
mod expand;
mod fields;
mod game;
mod halves;
mod healthy;
mod hook;
mod http;
mod lines;
mod lookup;
mod mask;
mod model;
mod nearest;
mod node;
mod parse;
mod pattern;
mod problem;
mod process;
mod ready;
pub mod reference;
mod remote;
mod restart;
mod secret;
mod signal;
mod size;
mod source;
mod stop;
mod syntax;
mod value;
mod yaml;

pub use channels::*;
pub use compose::ComposeSpec;
pub use hook::{Alarm, Hook};
pub use mask::Mask;
pub use model::*;
pub use nearest::nearest;
pub use parse::parse;
pub use problem::{Problem, Problems};
pub use source::{Source, Unchecked, find, read};
