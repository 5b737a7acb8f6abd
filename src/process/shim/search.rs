//! The search for the main process, where a launcher starts it: a shell
//! wrapper, `xvfb-run`, wine, a program that forks twice.
//!
//! Nothing tells a shim that a grandchild was born, so it looks, less and less
//! often, until it has found one. After that it looks no more.

use regex::bytes::Regex;

use crate::sys::procfs::{self, ProcessId};
use crate::sys::{clock, identity};

/// The first and the longest pause between two looks, in milliseconds.
const EVERY_MS: (u64, u64) = (50, 2_000);

/// A look comes when so much of the time since the launch has passed again.
const SHARE: u64 = 20;

/// A search that has not found the process yet.
#[derive(Debug)]
pub(super) struct Search {
    pattern: Regex,
    since: u64,
    next: u64,
}

impl Search {
    /// Begins a search. A pattern that is none, which no inventory lets
    /// through, finds nothing.
    pub(super) fn begin(pattern: &str) -> Option<Self> {
        let now = clock::monotonic_ms();
        let pattern = Regex::new(pattern).ok()?;
        Some(Self {
            pattern,
            since: now,
            next: now,
        })
    }

    /// Returns the time of the next look, on the monotonic clock.
    pub(super) fn deadline(&self) -> u64 {
        self.next
    }

    /// Returns true when a look is due; the next one then comes later.
    pub(super) fn is_due(&mut self) -> bool {
        let now = clock::monotonic_ms();
        let due = now >= self.next;
        if due {
            let (least, most) = EVERY_MS;
            self.next = now + ((now - self.since) / SHARE).clamp(least, most);
        }
        due
    }

    /// The first of these that the pattern means, by the path of its
    /// executable or the name by which it was called.
    pub(super) fn first_of(&self, members: &[ProcessId]) -> Option<ProcessId> {
        members.iter().copied().find(|id| self.means(*id))
    }

    fn means(&self, id: ProcessId) -> bool {
        let called = procfs::executable(id.pid)
            .into_iter()
            .chain(procfs::first_argument(id.pid));
        called.into_iter().any(|name| self.pattern.is_match(&name))
            // What was read may have been another's that had its pid before.
            && identity::presence(id) == identity::Presence::Alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_executable_or_its_first_argument() {
        use std::io::{Read, Write};
        use std::os::unix::process::CommandExt;
        let mut child = std::process::Command::new("/bin/cat")
            .arg0("Z:\\srv\\Game-Server.exe")
            .args(["-", "hidden-in-an-argument"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // A child that is spawned may not have its arguments yet; one that
        // answers has them.
        child.stdin.as_mut().unwrap().write_all(b"?").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let id = procfs::identify(child.id() as i32).unwrap();
        for (pattern, found) in [
            (r"Game-Server\.exe$", true),
            ("/cat$", true),
            ("hidden-in-an-argument", false),
            ("^cat$", false),
        ] {
            let search = Search::begin(pattern).unwrap();
            assert_eq!(search.first_of(&[id]).is_some(), found, "{pattern}");
        }
        let stranger = ProcessId {
            start: id.start + 1,
            ..id
        };
        assert_eq!(
            Search::begin("cat").unwrap().first_of(&[stranger]),
            None,
            "another had its pid"
        );
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
