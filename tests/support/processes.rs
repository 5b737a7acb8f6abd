//! Processes as the kernel shows them, found by what ties them to a sandbox.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// One process that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its pid.
    pub pid: i32,
    /// Its command line, words joined by blanks. One that is ending has none
    /// any more: its name in brackets, as `ps` shows it.
    pub command: String,
}

impl Process {
    /// The living process of that pid. A zombie does not live.
    pub fn find(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        if matches!(state_in(&stat)?, "Z" | "X") {
            return None;
        }
        let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&words).replace('\0', " ").trim_end().to_owned();
        if command.is_empty() {
            let (name, _) = stat.split_once('(')?.1.rsplit_once(')')?;
            return Some(Self {
                pid,
                command: format!("[{name}]"),
            });
        }
        Some(Self { pid, command })
    }

    /// The pid of a child.
    pub fn pid_of(child: &Child) -> i32 {
        child.id().try_into().expect("a pid")
    }

    /// Returns true when it lives, now.
    pub fn lives(pid: i32) -> bool {
        Self::find(pid).is_some()
    }

    /// Returns true when a signal or a tracer has stopped it.
    pub fn is_frozen(pid: i32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        matches!(state_in(&stat), Some("T" | "t"))
    }

    /// A field of `/proc/PID/stat`, counted from 1 as in the manual; not 2.
    pub fn stat_field(pid: i32, field: usize) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut rest = stat.rsplit(')').next()?.split_whitespace();
        rest.nth(field.checked_sub(3)?)?.parse().ok()
    }

    /// The pid of its parent.
    pub fn parent(pid: i32) -> Option<i32> {
        Self::stat_field(pid, 4)?.try_into().ok()
    }

    /// Kills it. That it is gone already is no failure.
    pub fn kill(pid: i32) {
        Self::signal(pid, Signal::SIGKILL);
    }

    /// Kills it, and returns when it is dead: under load that takes its time.
    pub fn kill_and_wait(pid: i32) {
        Self::kill(pid);
        let end = Instant::now() + super::wait::DEADLINE;
        while Self::lives(pid) {
            assert!(Instant::now() < end, "{pid} does not die of KILL");
            std::thread::yield_now();
        }
    }

    /// Sends a signal. That it is gone already is no failure.
    pub fn signal(pid: i32, signal: Signal) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

fn state_in(stat: &str) -> Option<&str> {
    stat.rsplit(')').next()?.split_whitespace().next()
}

/// Every living process that is tied to this folder: by an environment variable
/// with this value, by its working directory, or by an open file. Not our own,
/// nor a copy of it that another test has forked and that still has to become a
/// command: it holds for a moment whatever all the tests have open.
pub fn tied_to(folder: &Path) -> Vec<Process> {
    let own = std::process::id().try_into().ok().and_then(Process::find);
    let own = own.expect("a process finds itself");
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| is_tied(&entry.path(), folder))
        .filter_map(|entry| Process::find(entry.file_name().to_str()?.parse().ok()?))
        .filter(|process| process.command != own.command)
        .collect()
}

fn is_tied(process: &Path, folder: &Path) -> bool {
    let inside = |link: PathBuf| fs::read_link(link).is_ok_and(|target| target.starts_with(folder));
    let wanted = folder.as_os_str().as_bytes();
    let environ = fs::read(process.join("environ")).unwrap_or_default();
    let is_value = |entry: &[u8]| entry.splitn(2, |byte| *byte == b'=').nth(1) == Some(wanted);
    environ.split(|byte| *byte == 0).any(is_value)
        || inside(process.join("cwd"))
        || fs::read_dir(process.join("fd")).is_ok_and(|fds| fds.flatten().any(|fd| inside(fd.path())))
}

/// Kills all of them until none is left; returns those that were there.
pub fn kill_tied_to(folder: &Path) -> Vec<Process> {
    let mut seen: Vec<Process> = Vec::new();
    super::wait_until("the processes of a sandbox to end by KILL", || {
        let living = tied_to(folder);
        for process in &living {
            Process::signal(process.pid, Signal::SIGKILL);
            if !seen.iter().any(|known| known.pid == process.pid) {
                seen.push(process.clone());
            }
        }
        living.is_empty()
    });
    seen
}
