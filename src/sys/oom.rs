//! Evidence that the kernel's out-of-memory killer was at work: its counters
//! before and after. See `memory.events` in the kernel's control group
//! documentation, and `vmstat` in `proc(5)`.

use std::path::PathBuf;

use super::procfs;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OomEvidence {
    /// No kill was counted.
    None,
    /// Something on this host was killed; our control group does not count.
    Likely,
    /// Something in our control group was killed.
    Certain,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    group_file: Option<PathBuf>,
    group: Option<u64>,
    host: Option<u64>,
}

impl Counters {
    /// Reads the counters of this process's own control group and of the host.
    pub fn read() -> Self {
        let group_file = group_file();
        Self {
            group: group_file.as_ref().and_then(count),
            group_file,
            host: count(&PathBuf::from("/proc/vmstat")),
        }
    }

    /// Returns what has changed since these counters were read.
    pub fn since(&self) -> OomEvidence {
        if let (Some(before), Some(path)) = (self.group, &self.group_file)
            && let Some(now) = count(path)
        {
            return if now > before {
                OomEvidence::Certain
            } else {
                OomEvidence::None
            };
        }
        match (self.host, count(&PathBuf::from("/proc/vmstat"))) {
            (Some(before), Some(now)) if now > before => OomEvidence::Likely,
            _ => OomEvidence::None,
        }
    }
}

fn count(path: &PathBuf) -> Option<u64> {
    parse_count(&procfs::read_text(path).ok()?)
}

fn parse_count(text: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix("oom_kill "))
        .and_then(|count| count.trim().parse().ok())
}

/// The file that counts the kills of our own control group: `memory.events` of
/// version 2, or `memory.oom_control` of version 1 (since Linux 4.13).
fn group_file() -> Option<PathBuf> {
    group_candidates(&procfs::own_control_groups())
        .into_iter()
        .find(|path| count(path).is_some())
}

fn group_candidates(groups: &str) -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            candidates.push(PathBuf::from("/sys/fs/cgroup").join(path).join("memory.events"));
        } else if controllers.split(',').any(|name| name == "memory") {
            candidates.push(
                PathBuf::from("/sys/fs/cgroup/memory")
                    .join(path)
                    .join("memory.oom_control"),
            );
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(parse_count("low 0\noom 3\noom_kill 2\noom_group_kill 9\n"), Some(2));
        assert_eq!(parse_count("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n"), Some(7));
        assert_eq!(parse_count("oom_kill x\n"), None);
        assert_eq!(parse_count(""), None);
    }

    #[test]
    fn groups_of_both_versions() {
        let hybrid = "12:memory:/a/b\n3:cpu,cpuacct:/\n0::/c\nbroken\n";
        assert_eq!(
            group_candidates(hybrid),
            [
                PathBuf::from("/sys/fs/cgroup/memory/a/b/memory.oom_control"),
                PathBuf::from("/sys/fs/cgroup/c/memory.events"),
            ]
        );
    }
}
