//! What the tests of the built binary share: a [`Sandbox`] with a state
//! directory and an inventory of its own, that leaves no process behind; the
//! game with bad manners; waiting without guessing.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test takes what it needs")]

pub mod instance;
pub mod processes;
pub mod random;
pub mod sandbox;
pub mod terminal;
pub mod wait;

pub use instance::Instance;
pub use processes::Process;
pub use sandbox::{Outcome, Sandbox};
pub use terminal::Terminal;
pub use wait::{wait_for, wait_until};

use std::path::PathBuf;

/// The built binary.
pub fn gamectl() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_gamectl"))
}

/// The game with bad manners.
pub fn awkward() -> PathBuf {
    example("awkward-game")
}

/// A program built for the tests. `cargo test` builds it; `cargo test --test
/// NAME` alone does not.
pub fn example(name: &str) -> PathBuf {
    let path = gamectl().with_file_name("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build --example {name}",
        path.display()
    );
    path
}

/// Whether this test can be run by whoever runs it: only root can become
/// somebody else, or mount. Says so where it cannot.
pub fn is_root(test: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skipped(test, "it needs root");
    }
    root
}

/// Says that a test could not be run here, past the capture of its output.
pub fn skipped(test: &str, why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED, {why}: {test}");
}
