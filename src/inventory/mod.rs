//! The inventory: from YAML text to a validated model.

pub mod model;

pub use model::*;
