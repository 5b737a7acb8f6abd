//! Limits of other processes: open files, and their priority.

use std::io;

use nix::unistd::geteuid;
use rustix::process::{Pid, Resource, Rlimit};

use super::{host, procfs};

/// Lets a process have this many files open, or as many as we may allow it. Returns
/// the number; `None` where nothing could be set.
pub fn allow_files(pid: i32, wanted: u64) -> Option<u64> {
    let pid = Pid::from_raw(pid)?;
    let most = [Some(wanted), most_files()];
    most.into_iter().flatten().map(|most| most.min(wanted)).find(|most| {
        let limit = Rlimit {
            current: Some(*most),
            maximum: Some(*most),
        };
        rustix::process::prlimit(Some(pid), Resource::Nofile, limit).is_ok()
    })
}

/// Returns the highest number of open files that we may allow a process.
pub fn most_files() -> Option<u64> {
    if geteuid().is_root() {
        let most = procfs::read_text("/proc/sys/fs/nr_open").ok()?;
        return most.trim().parse().ok();
    }
    host::open_files_limit().ok().map(|(_, hard)| hard)
}

/// Sets how far a process gives way to others.
pub fn renice(pid: i32, nice: i8) -> io::Result<()> {
    let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    rustix::process::setpriority_process(Some(pid), i32::from(nice))?;
    Ok(())
}

/// Sets how far a process gives way, together with its session, to other sessions:
/// where the kernel groups processes by session, it heeds the priority of one only
/// within the group. See "The autogroup feature" in `sched(7)`.
pub fn renice_session(pid: i32, nice: i8) {
    let _ = std::fs::write(format!("/proc/{pid}/autogroup"), nice.to_string());
}

/// Returns true if we may give a process this priority.
pub fn may_renice(nice: i8) -> bool {
    let present = rustix::process::getpriority_process(None).unwrap_or(0);
    let allowed = rustix::process::getrlimit(Resource::Nice).current.unwrap_or(40);
    let lowest = 20 - i32::try_from(allowed).unwrap_or(40);
    geteuid().is_root() || i32::from(nice) >= present.min(lowest)
}
