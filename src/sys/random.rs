//! Chance, for pauses, masks and names that need not be kept from being guessed: the
//! standard library seeds its hash tables from the kernel.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns 64 random bits.
pub fn bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Returns a random number from 0 to 1.
pub fn chance() -> f64 {
    bits() as f64 / u64::MAX as f64
}

/// Returns a name that nobody else has.
pub fn name() -> String {
    format!("{:016x}{:016x}", bits(), bits())
}
