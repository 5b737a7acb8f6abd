//! Tests that use all processors for seconds or minutes. They have a program of
//! their own, which cargo runs before or after the others, and each waits for
//! the one before it, so that they slow down nobody's time limits.
//! `cargo test --test stress MODULE` runs one module.

#[path = "../support/mod.rs"]
mod support;

mod growth;
mod pane_soak;
mod soak;
mod storms;
mod system_calls;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits until no other test of this program runs, and keeps others from it
/// until the guard is dropped.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
