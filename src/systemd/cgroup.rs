//! The limits of a game in the control groups of the kernel: whether they hold.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::manager::Manager;
use crate::inventory::Limits;
use crate::sys::{host, procfs};

const ROOT: &str = "/sys/fs/cgroup";

/// The kernel keeps limits of memory in whole pages, of at most this many bytes.
const PAGE_MAX: u64 = 64 * 1024;

/// A limit that a control group keeps, as it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GroupLimit {
    key: &'static str,
    controller: &'static str,
    wanted: u64,
}

/// A limit that does not hold, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheld {
    pub key: &'static str,
    pub why: String,
}

fn group_limits(limits: &Limits) -> Vec<GroupLimit> {
    let all = [
        ("memory", "memory", limits.memory),
        ("cpu", "cpu", limits.cpu.map(u64::from)),
        ("tasks", "pids", limits.tasks.map(u64::from)),
        ("io_weight", "io", limits.io_weight.map(u64::from)),
    ];
    let given = all.into_iter().filter_map(|(key, controller, wanted)| {
        let wanted = wanted?;
        Some(GroupLimit {
            key,
            controller,
            wanted,
        })
    });
    given.collect()
}

/// Returns all limits that a control group would keep: none of them holds.
pub(super) fn all(limits: &Limits, why: &str) -> Vec<Unheld> {
    let unheld = |limit: GroupLimit| Unheld {
        key: limit.key,
        why: why.to_owned(),
    };
    group_limits(limits).into_iter().map(unheld).collect()
}

impl fmt::Display for Unheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its limit of {} does not hold: {}", self.key, self.why)
    }
}

/// Returns the limits that do not hold for a process, which was moved into `unit`.
pub(super) fn unheld(limits: &Limits, unit: &str, pid: i32) -> Vec<Unheld> {
    let limits = group_limits(limits);
    if limits.is_empty() {
        return Vec::new();
    }
    let groups = procfs::control_groups(pid);
    let judge = |limit: GroupLimit| {
        let held = match group(&groups, limit.controller) {
            Some(group) if group.folder.iter().any(|part| part == unit) => limit.held(group.is_unified, |file| {
                fs::read_to_string(group.folder.join(file)).ok()
            }),
            _ => Err(unavailable(limit.controller)),
        };
        held.err().map(|why| Unheld { key: limit.key, why })
    };
    limits.into_iter().filter_map(judge).collect()
}

/// Returns the limits that a game which is started now would do without.
pub fn unavailable_limits(limits: &Limits) -> Vec<Unheld> {
    let manager = match Manager::find() {
        Ok(manager) => manager,
        Err(why) => return all(limits, why),
    };
    let folder = match manager {
        Manager::Host => PathBuf::from(ROOT),
        Manager::User(_) => {
            let uid = host::effective_uid();
            Path::new(ROOT).join(format!("user.slice/user-{uid}.slice/user@{uid}.service"))
        }
    };
    let controllers = fs::read_to_string(folder.join("cgroup.controllers"));
    let judge = |limit: GroupLimit| {
        let is_there = match &controllers {
            Ok(names) => names.split_whitespace().any(|name| name == limit.controller),
            // Version 1, where no user has a controller.
            Err(_) => {
                let folder = Path::new(ROOT).join(legacy(limit.controller));
                manager == Manager::Host && host::may_write(&folder)
            }
        };
        let why = if !is_there {
            unavailable(limit.controller)
        } else if limit.controller == "io" && !weighs() {
            UNWEIGHED.to_owned()
        } else {
            return None;
        };
        Some(Unheld { key: limit.key, why })
    };
    group_limits(limits).into_iter().filter_map(judge).collect()
}

fn unavailable(controller: &str) -> String {
    if host::effective_uid() == 0 {
        return format!("the control group has no {controller} controller here");
    }
    format!("user@.service delegates no {controller} controller: set `Delegate=` there")
}

/// The group of a process for one controller.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    folder: PathBuf,
    /// True for version 2 of control groups.
    is_unified: bool,
}

fn group(groups: &str, controller: &str) -> Option<Group> {
    let fields = |line: &'_ str| -> Option<(String, String)> {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        Some((controllers.to_owned(), path.trim_start_matches('/').to_owned()))
    };
    let lines: Vec<_> = groups.lines().filter_map(fields).collect();
    let has = |names: &str| names.split(',').any(|name| name == legacy(controller));
    let legacy = lines.iter().find(|(names, _)| has(names));
    let unified = lines.iter().find(|(names, _)| names.is_empty());
    legacy.or(unified).map(|(names, path)| Group {
        folder: Path::new(ROOT).join(names).join(path),
        is_unified: names.is_empty(),
    })
}

/// Returns the name of a controller in version 1.
fn legacy(controller: &str) -> &str {
    if controller == "io" { "blkio" } else { controller }
}

const UNWEIGHED: &str = "no disk here has the scheduler bfq, or io.cost.qos enabled";

/// Returns true if the kernel heeds the weight of a group at any disk.
fn weighs() -> bool {
    let disks = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let mut schedulers = disks.filter_map(|disk| fs::read_to_string(disk.path().join("queue/scheduler")).ok());
    let costs = fs::read_to_string(Path::new(ROOT).join("io.cost.qos")).unwrap_or_default();
    costs.contains("enable=1") || schedulers.any(|schedulers| schedulers.contains("[bfq]"))
}

impl GroupLimit {
    /// Compares it with what the files of a group say.
    ///
    /// # Errors
    /// The reason why it does not hold.
    fn held(self, is_unified: bool, read: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        let number = |file: &str| read(file)?.split_whitespace().next()?.parse::<u64>().ok();
        let found = match (self.controller, is_unified) {
            ("memory", true) => number("memory.max"),
            ("memory", false) => number("memory.limit_in_bytes"),
            ("cpu", true) => read("cpu.max").and_then(|text| {
                let (quota, period) = text.trim().split_once(' ')?;
                percent(quota.parse().ok()?, period.parse().ok()?)
            }),
            ("cpu", false) => number("cpu.cfs_quota_us").and_then(|quota| percent(quota, number("cpu.cfs_period_us")?)),
            ("pids", _) => number("pids.max"),
            _ => {
                return if weighs() { Ok(()) } else { Err(UNWEIGHED.to_owned()) };
            }
        };
        let tolerance = if self.controller == "memory" { PAGE_MAX } else { 1 };
        match found {
            Some(found) if found.abs_diff(self.wanted) < tolerance => Ok(()),
            Some(found) => Err(format!("the kernel has {found}")),
            None => Err(unavailable(self.controller)),
        }
    }
}

fn percent(quota: u64, period: u64) -> Option<u64> {
    quota.checked_mul(100)?.checked_div(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_a_controller() {
        let found = |groups: &str, controller| group(groups, controller).map(|group| (group.folder, group.is_unified));
        let unified = "0::/gamectl.slice/gamectl-a.scope\n";
        let folder = PathBuf::from("/sys/fs/cgroup/gamectl.slice/gamectl-a.scope");
        assert_eq!(found(unified, "io"), Some((folder, true)));
        let hybrid = "12:memory:/a/b\n3:cpu,cpuacct:/c\n2:blkio:/\n0::/d\n";
        for (controller, folder) in [("memory", "memory/a/b"), ("cpu", "cpu,cpuacct/c"), ("io", "blkio/")] {
            let folder = Path::new(ROOT).join(folder);
            assert_eq!(found(hybrid, controller), Some((folder, false)));
        }
        assert_eq!(found("broken", "io"), None);
    }

    #[test]
    fn a_limit_holds_by_the_word_of_the_kernel() {
        let limit = |key, controller, wanted| GroupLimit {
            key,
            controller,
            wanted,
        };
        let memory = limit("memory", "memory", 100_000_000);
        let cpu = limit("cpu", "cpu", 150);
        let tasks = limit("tasks", "pids", 500);
        for (limit, text, held) in [
            (memory, "99999744\n", Ok(())),
            (memory, "max\n", Err(())),
            (memory, "50000000\n", Err(())),
            (cpu, "150000 100000\n", Ok(())),
            (cpu, "max 100000\n", Err(())),
            (tasks, "500\n", Ok(())),
            (tasks, "max\n", Err(())),
        ] {
            assert_eq!(
                limit.held(true, |_| Some(text.to_owned())).map_err(drop),
                held,
                "{limit:?} {text}"
            );
        }
        assert!(memory.held(true, |_| None).is_err());
        let legacy = |file: &str| Some(if file == "cpu.cfs_quota_us" { "150000" } else { "100000" }.to_owned());
        assert_eq!(cpu.held(false, legacy), Ok(()));
    }
}
