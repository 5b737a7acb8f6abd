//! Problems as people see them, and the table of keys.

pub(crate) mod excerpt;
pub(crate) mod found;
pub mod keys;
pub(crate) mod mask;
pub(crate) mod nearest;
pub(crate) mod problem;
pub(crate) mod secret;
