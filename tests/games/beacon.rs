//! Never two games at once: a lock that a second game finds taken.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use nix::time::{ClockId, clock_gettime};

use crate::life::append;

/// The lock of a game that must be alone. Held until the process ends, and not
/// passed to children.
pub(crate) struct Beacon(#[expect(dead_code, reason = "held, never looked at")] Flock<File>);

impl Beacon {
    /// Takes the lock; if another game holds it, writes that down and fails.
    pub(crate) fn hold(path: &Path) -> Result<Self, String> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map(Self)
            .map_err(|(_, error)| {
                let line = format!(
                    "violation {} {}: another game runs: {error}",
                    std::process::id(),
                    nanoseconds()
                );
                let mut violations = path.as_os_str().to_owned();
                violations.push(".violations");
                match append(&PathBuf::from(violations), &line) {
                    Ok(()) => line,
                    Err(problem) => format!("{line}, and {problem}"),
                }
            })
    }
}

/// Writes `WORD PID NANOSECONDS` to the journal.
pub(crate) fn note(journal: Option<&Path>, word: &str) -> Result<(), String> {
    journal.map_or(Ok(()), |path| {
        append(path, &format!("{word} {} {}", std::process::id(), nanoseconds()))
    })
}

/// The monotonic clock, the same for all processes of a host.
fn nanoseconds() -> i64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}
