//! Helpers that the tests of the built binary share: a [`Sandbox`] with a state
//! directory and an inventory of its own, that leaves no process behind; the game
//! with bad manners; waiting without guessing.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test takes what it needs")]

pub mod background;
pub mod broker;
pub mod containers;
pub mod crowd;
pub mod disk;
pub mod ear;
pub mod instance;
pub mod machine;
pub mod nats_keys;
pub mod network;
pub mod other_kernel;
pub mod ports;
pub mod processes;
pub mod programs;
pub mod random;
pub mod repository;
pub mod sandbox;
pub mod solitary;
pub mod terminal;
pub mod tmux;
pub mod wait;
pub mod within;

pub use background::Background;
pub use crowd::Crowd;
pub use disk::SmallDisk;
pub use ear::Ear;
pub use instance::Instance;
pub use machine::Machine;
pub use other_kernel::OtherKernel;
pub use ports::{free_port, free_udp_port};
pub use processes::Process;
pub use programs::{install, script};
pub use sandbox::{Outcome, Sandbox};
pub use terminal::Terminal;
pub use tmux::Tmux;
pub use wait::{wait_for, wait_until};
pub use within::{Mounts, is_possible, strace};

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

/// Returns true where the tests run as root, which alone can become another user,
/// or mount. Says so where they do not.
pub fn is_root(test: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skipped(test, "it needs root");
    }
    root
}

/// Says that a test could not be run here, past the capture of its output: it
/// needs root, a mount, a namespace or a limit. Where [`PRIVILEGES`] says
/// `required`, that is a failure.
#[track_caller]
pub fn skipped(test: &str, why: &str) {
    assert!(!is_required(PRIVILEGES), "{test}: {why}");
    say(&format!("SKIPPED, {why}: {test}\n"));
}

/// The variable that says whether what a usual user may not do can be done.
pub const PRIVILEGES: &str = "GAMECTL_TEST_PRIVILEGES";

fn is_required(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "required")
}

/// Says that many tests, or a costly one, could not be run. Where the variable says
/// `required`, that is a failure.
#[track_caller]
pub fn not_run(what: &str, why: &str, variable: &str) {
    assert!(!is_required(variable), "{what}: {why}");
    say(&format!("\nNOT RUN: {what}: {why}\n"));
}

/// Says something past the test harness, which keeps what a passing test says.
pub fn say(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Lets so much time pass without giving the processor away.
pub fn spin(time: std::time::Duration) {
    let end = std::time::Instant::now() + time;
    while std::time::Instant::now() < end {
        std::hint::spin_loop();
    }
}
