//! One process as `/proc` shows it. See `proc_pid_stat(5)`.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// A process by what cannot be confused: its pid and when the kernel started
/// it. A pid alone is reused; a name or a command line says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ProcessId {
    pub pid: i32,
    /// Field 22 of `/proc/PID/stat`: clock ticks after boot.
    pub start: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub state: u8,
    pub parent: i32,
    pub session: i32,
    /// Clock ticks after boot.
    pub start: u64,
}

/// Splits a line of `/proc/PID/stat` into the name of the process, and the fields from
/// the third one on. The name may hold anything, also blanks and parentheses, so the
/// fields are counted from the last `)`.
pub(super) fn split_stat(line: &[u8]) -> Option<(&[u8], std::str::SplitAsciiWhitespace<'_>)> {
    let open = line.iter().position(|byte| *byte == b'(')?;
    let close = line.iter().rposition(|byte| *byte == b')')?;
    let name = line.get(open + 1..close)?;
    let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?;
    Some((name, rest.split_ascii_whitespace()))
}

/// Parses a line of `/proc/PID/stat`.
pub fn parse_stat(line: &[u8]) -> Option<Stat> {
    let (_, mut fields) = split_stat(line)?;
    let state = *fields.next()?.as_bytes().first()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    // Of the fields counted from 1, the session is the 6th, the start the 22nd.
    let start = fields.nth(15)?.parse().ok()?;
    Some(Stat {
        state,
        parent,
        session,
        start,
    })
}

/// Returns the pids of all processes that `/proc` shows.
///
/// # Errors
/// When it cannot be read.
pub(super) fn pids() -> io::Result<impl Iterator<Item = i32>> {
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

/// Returns the control groups of a process, a line for each hierarchy; nothing when it
/// is gone. See `cgroups(7)`.
pub fn control_groups(pid: i32) -> String {
    read_text(format!("/proc/{pid}/cgroup")).unwrap_or_default()
}

/// Returns those of this process, also where `/proc` shows other pids than its own.
pub fn own_control_groups() -> String {
    read_text("/proc/self/cgroup").unwrap_or_default()
}

/// Reads `/proc/PID/stat`.
///
/// # Errors
/// `NotFound` when there is no such process; anything else means that it could
/// not be found out.
pub fn stat(pid: i32) -> io::Result<Stat> {
    let mut buffer = [0; 1024];
    let line = read_small(&format!("/proc/{pid}/stat"), &mut buffer).map_err(|error| {
        // A process that ends between open and read gives ESRCH.
        if error.raw_os_error() == Some(libc::ESRCH) {
            io::Error::from(io::ErrorKind::NotFound)
        } else {
            error
        }
    })?;
    parse_stat(line).ok_or_else(|| io::Error::other("unexpected contents of /proc/PID/stat"))
}

/// Reads a text of `/proc` or `/sys` in as few calls as it takes: the kernel
/// makes it anew for each, and tells no size.
pub(super) fn read_text(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::with_capacity(TEXT);
    fs::File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Bytes that hold most texts of `/proc`.
const TEXT: usize = 8 * 1024;

/// Returns true when a process of any user has this pid in our pid namespace.
/// Needs no `/proc`.
pub fn exists(pid: i32) -> bool {
    let asked = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None);
    asked != Err(nix::errno::Errno::ESRCH)
}

/// Reads a small file of `/proc` in one go into a buffer, without allocating.
pub(super) fn read_small<'a>(path: &str, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut file = fs::File::open(path)?;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(&buffer[..filled])
}

/// The wait status of a process that has ended and was not reaped yet; `None` where
/// it is not such a process, or the kernel hides its status from us.
pub fn zombie_status(id: ProcessId) -> Option<i32> {
    // The last field.
    let mut buffer = [0; 1024];
    let line = read_small(&format!("/proc/{}/stat", id.pid), &mut buffer).ok()?;
    parse_stat(line).filter(|stat| stat.start == id.start && stat.state == b'Z')?;
    let status = std::str::from_utf8(line).ok()?.split_ascii_whitespace().next_back()?;
    // A hidden status reads as 0; then the path of the executable is hidden, too,
    // which a zombie that is open to us has not.
    let hidden = fs::read_link(format!("/proc/{}/exe", id.pid));
    let is_hidden = hidden.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    status.parse().ok().filter(|_| !is_hidden)
}

/// The path of a process's executable. A file that was replaced since, as by
/// an update, still bears its old name.
pub fn executable(pid: i32) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    let mut path = fs::read_link(format!("/proc/{pid}/exe"))
        .ok()?
        .into_os_string()
        .into_vec();
    if path.ends_with(DELETED) {
        path.truncate(path.len() - DELETED.len());
    }
    Some(path)
}

/// The kernel appends this to the path of a file that is gone: see
/// `proc_pid_exe(5)`.
const DELETED: &[u8] = b" (deleted)";

/// The name by which a process was called: the first of its arguments, as far
/// as 4 KiB hold it.
pub fn first_argument(pid: i32) -> Option<Vec<u8>> {
    let mut buffer = [0; 4096];
    let line = read_small(&format!("/proc/{pid}/cmdline"), &mut buffer).ok()?;
    line.split(|byte| *byte == 0).next().map(<[u8]>::to_vec)
}

/// The name of a process as `ps` shows it: at most 15 bytes.
pub fn name(pid: i32) -> Option<Vec<u8>> {
    let mut buffer = [0; 64];
    let name = read_small(&format!("/proc/{pid}/comm"), &mut buffer).ok()?;
    Some(name.trim_ascii_end().to_vec())
}

/// The real user id of a process, which a set-uid program keeps.
pub fn user(pid: i32) -> Option<u32> {
    let status = read_text(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

pub fn identify(pid: i32) -> io::Result<ProcessId> {
    Ok(ProcessId {
        pid,
        start: stat(pid)?.start,
    })
}

/// Returns true when `/proc` is mounted, which is when it shows this process.
pub fn is_mounted() -> bool {
    fs::symlink_metadata("/proc/self/stat").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_lines() {
        let tail = "S 7 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3";
        for name in ["(sh)", "(a b)", "(x) S 1 (y)", "())", "(\u{ff}\n)"] {
            let line = format!("42 {name} {tail}");
            let stat = parse_stat(line.as_bytes()).unwrap();
            assert_eq!(
                (stat.state, stat.parent, stat.session, stat.start),
                (b'S', 7, 7, 987_654)
            );
        }
        for cut in 0..tail.len() {
            let _ = parse_stat(format!("42 (sh) {}", &tail[..cut]).as_bytes());
        }
        assert_eq!(parse_stat(b""), None);
        assert_eq!(parse_stat(b"1 sh S"), None);
    }
}
