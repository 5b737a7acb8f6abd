//! A dump of all that the process was given, byte for byte, as one JSON object with
//! these keys: `argv`, `environ` (bytes in hexadecimal, items ended by NUL), `cwd`,
//! `pid`, `ppid`, `pgid`, `sid`, `uid`, `euid`, `gid`, `egid`, `groups`, `umask`
//! (octal), `status` (lines of `/proc/self/status`: `SigBlk`, `SigIgn`, `SigCgt`,
//! `NoNewPrivs`, `CapEff`...), `fds` (number to target), `ttys` (of 0, 1 and 2),
//! `nice`, `oom_score_adj`, `limits`, `cgroup`. Beside it `FILE.argv` and
//! `FILE.environ` hold the bytes themselves.
//!
//! Rust's runtime ignores PIPE, catches SEGV and BUS and opens closed standard
//! descriptors before `main`: whether a game was given exactly those right is
//! for a test with `/bin/cat /proc/self/status` as its game.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::stat::{Mode, umask};
use nix::unistd::{getegid, geteuid, getgid, getgroups, getpgrp, getpid, getppid, getsid, getuid};
use serde_json::{Value, json};

/// Facts that running changes, read before it did.
pub(crate) struct Given {
    status: BTreeMap<String, String>,
    fds: BTreeMap<String, String>,
    umask: Mode,
}

impl Given {
    /// Reads it, first of all.
    pub(crate) fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let status = status.lines().filter_map(|line| line.split_once(':'));
        let given = umask(Mode::empty());
        umask(given);
        Self {
            status: status
                .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
                .collect(),
            fds: descriptors(),
            umask: given,
        }
    }

    /// Writes it all to `path`, which appears complete or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            std::path::PathBuf::from(name)
        };
        let put =
            |path: &Path, bytes: &[u8]| fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()));
        let argv = fs::read("/proc/self/cmdline").unwrap_or_default();
        let environ = fs::read("/proc/self/environ").unwrap_or_default();
        put(&beside(".argv"), &argv)?;
        put(&beside(".environ"), &environ)?;
        let text = self.json(&argv, &environ).to_string();
        put(&beside(".new"), text.as_bytes())?;
        fs::rename(beside(".new"), path).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn json(&self, argv: &[u8], environ: &[u8]) -> Value {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let nice = read("/proc/self/stat");
        let nice = nice.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(16));
        let groups: Vec<u32> = getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()).collect();
        json!({
            "argv": hex(argv),
            "environ": hex(environ),
            "cwd": std::env::current_dir().map(OsString::from).unwrap_or_default().to_string_lossy(),
            "pid": getpid().as_raw(),
            "ppid": getppid().as_raw(),
            "pgid": getpgrp().as_raw(),
            "sid": getsid(None).map_or(-1, nix::unistd::Pid::as_raw),
            "uid": getuid().as_raw(),
            "euid": geteuid().as_raw(),
            "gid": getgid().as_raw(),
            "egid": getegid().as_raw(),
            "groups": groups,
            "umask": format!("{:03o}", self.umask.bits()),
            "status": self.status,
            "fds": self.fds,
            "ttys": [std::io::stdin().is_terminal(), std::io::stdout().is_terminal(), std::io::stderr().is_terminal()],
            "nice": nice.and_then(|text| text.parse::<i32>().ok()),
            "oom_score_adj": read("/proc/self/oom_score_adj").trim(),
            "limits": read("/proc/self/limits"),
            "cgroup": read("/proc/self/cgroup"),
        })
    }
}

/// Every open descriptor with its target, but for the one that lists them.
fn descriptors() -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return BTreeMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| Some((entry.file_name(), fs::read_link(entry.path()).ok()?)))
        .filter(|(_, target)| !target.as_os_str().as_bytes().ends_with(b"/fd"))
        .map(|(name, target)| {
            (
                name.to_string_lossy().into_owned(),
                target.to_string_lossy().into_owned(),
            )
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
