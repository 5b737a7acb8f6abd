//! Chance, for pauses and for names that nobody else has.

use std::hash::{BuildHasher, Hasher};

fn bits() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// Returns a random number from 0 to 1.
pub(super) fn chance() -> f64 {
    bits() as f64 / u64::MAX as f64
}

/// Returns a name that nobody else has.
pub(super) fn name() -> String {
    format!("{:016x}{:016x}", bits(), bits())
}
