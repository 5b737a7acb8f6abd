//! The resources that a control group uses, as the kernel counts them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sys::procfs;

const ROOT: &str = "/sys/fs/cgroup";

/// The counts of a control group; those of a controller that it does not have are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupUsage {
    pub cpu_ms: Option<u64>,
    /// With the cache of files that is charged to it.
    pub memory_bytes: Option<u64>,
    pub tasks: Option<u64>,
    /// Read from and written to disks.
    pub disk: Option<(u64, u64)>,
}

impl GroupUsage {
    /// Reads those of the scope of an instance that a process is in; `None` if it is in none.
    pub fn of_scope(id: &str, pid: i32) -> Option<Self> {
        scope_of(&procfs::control_groups(pid), id).map(|group| Self::read(&group))
    }

    /// Reads the files of a control group, by its path in the hierarchy.
    pub fn read(group: &str) -> Self {
        let group = group.trim_start_matches('/');
        if group.is_empty() || group.split('/').any(|part| part == "..") {
            return Self::default();
        }
        let root = Path::new(ROOT);
        let is_unified = root.join("cgroup.controllers").exists();
        let folder = |controllers: &[&str]| -> Option<PathBuf> {
            match is_unified {
                true => Some(root.join(group)),
                // The controllers of version 1 have hierarchies of their own.
                false => controllers
                    .iter()
                    .map(|name| root.join(name).join(group))
                    .find(|folder| folder.is_dir()),
            }
        };
        let text = |controllers: &[&str], file: &str| fs::read_to_string(folder(controllers)?.join(file)).ok();
        Self::of(is_unified, text)
    }

    fn of(is_unified: bool, text: impl Fn(&[&str], &str) -> Option<String>) -> Self {
        let number = |controllers: &[&str], file: &str| text(controllers, file)?.trim().parse::<u64>().ok();
        let tasks = number(&["pids"], "pids.current");
        if !is_unified {
            let cpu = number(&["cpu,cpuacct", "cpuacct"], "cpuacct.usage");
            let disk = text(&["blkio"], "blkio.throttle.io_service_bytes");
            return Self {
                cpu_ms: cpu.map(|nanos| nanos / 1_000_000),
                memory_bytes: number(&["memory"], "memory.usage_in_bytes"),
                tasks,
                disk: disk.map(|text| (legacy(&text, "Read"), legacy(&text, "Write"))),
            };
        }
        let cpu = text(&[], "cpu.stat").and_then(|text| {
            let micros = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
            micros.trim().parse::<u64>().ok()
        });
        Self {
            cpu_ms: cpu.map(|micros| micros / 1000),
            memory_bytes: number(&[], "memory.current"),
            tasks,
            disk: text(&[], "io.stat").map(|text| (unified(&text, "rbytes="), unified(&text, "wbytes="))),
        }
    }
}

/// Returns the path of the scope of an instance, by the control groups of a process of it.
fn scope_of(groups: &str, id: &str) -> Option<String> {
    let name = format!("gamectl-{id}.");
    let scope = |line: &str| {
        let path = line.splitn(3, ':').nth(2)?;
        let mut parts = path.split('/');
        let at = parts.position(|part| part.starts_with(&name) && part.ends_with(".scope"))?;
        // The game may have made groups below it, which it has counted in.
        Some(path.split('/').take(at + 1).collect::<Vec<_>>().join("/"))
    };
    groups.lines().find_map(scope)
}

/// Sums up a count over all disks, as version 2 tells it.
fn unified(text: &str, key: &str) -> u64 {
    let words = text.split_ascii_whitespace();
    words
        .filter_map(|word| word.strip_prefix(key)?.parse::<u64>().ok())
        .sum()
}

/// Sums up a count over all disks, as version 1 tells it.
fn legacy(text: &str, what: &str) -> u64 {
    let count = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(1);
        (words.next()? == what).then(|| words.next()?.parse::<u64>().ok())?
    };
    text.lines().filter_map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_of_an_instance() {
        let unified = "0::/gamectl.slice/gamectl-a-b.scope/below\n";
        let legacy = "12:pids:/\n1:name=systemd:/gamectl.slice/gamectl-a.1f2e.scope\n0::/x\n";
        for (groups, id, wanted) in [
            (unified, "a-b", Some("/gamectl.slice/gamectl-a-b.scope")),
            (unified, "a", None),
            (legacy, "a", Some("/gamectl.slice/gamectl-a.1f2e.scope")),
            ("0::/user.slice/session-1.scope\n", "session-1", None),
            ("", "a", None),
        ] {
            assert_eq!(scope_of(groups, id).as_deref(), wanted, "{groups} {id}");
        }
    }

    #[test]
    fn both_versions_of_control_groups() {
        let wanted = GroupUsage {
            cpu_ms: Some(12),
            memory_bytes: Some(4096),
            tasks: Some(3),
            disk: Some((30, 4)),
        };
        let unified = GroupUsage::of(true, |_, file| {
            let text = match file {
                "cpu.stat" => "usage_usec 12345\nuser_usec 1\n",
                "memory.current" => "4096\n",
                "pids.current" => "3\n",
                "io.stat" => "8:0 rbytes=10 wbytes=4 rios=1\n8:16 rbytes=20 wbytes=0\n",
                _ => return None,
            };
            Some(text.to_owned())
        });
        assert_eq!(unified, wanted);
        let legacy = GroupUsage::of(false, |_, file| {
            let text = match file {
                "cpuacct.usage" => "12345678\n",
                "memory.usage_in_bytes" => "4096\n",
                "pids.current" => "3\n",
                "blkio.throttle.io_service_bytes" => "8:0 Read 30\n8:0 Write 4\n8:0 Sync 9\nTotal 34\n",
                _ => return None,
            };
            Some(text.to_owned())
        });
        assert_eq!(legacy, wanted);
        assert_eq!(
            GroupUsage::of(true, |_, _| None),
            GroupUsage::default(),
            "unknown is not 0"
        );
        assert_eq!(GroupUsage::read("/a/../../etc"), GroupUsage::default());
        assert_eq!(GroupUsage::read("/"), GroupUsage::default());
    }
}
