//! The descendants of a process.
//!
//! A process group or a session does not hold a tree together: anything may
//! leave both. Parentage does, as long as its reaper lives; when that is lost,
//! a mark in the environment finds the processes that still carry it. Another
//! mark ends a tree: what carries that was only started in it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};

use super::identity;
use super::procfs::{self, ProcessId, Stat};

/// The variable in the environment of a process that stands apart: it belongs,
/// with what descends from it, to no tree that it was started in.
pub const APART: &str = "GAMECTL_APART";

/// The beginning of the name of each process that stands apart.
pub const APART_NAME: &str = "gamectl:";

/// All descendants of a process, itself not included, oldest first, without
/// those that stand apart. One that is born or ends meanwhile may be missed:
/// look again until there is none.
pub fn descendants(root: i32) -> io::Result<Vec<ProcessId>> {
    let mut found = Vec::new();
    let mut queue = vec![root];
    let mut seen = HashSet::from([root]);
    while let Some(parent) = queue.pop() {
        let Some(children) = children_of(parent)? else {
            return scan_descendants(root);
        };
        for pid in children {
            if let (true, Ok(stat)) = (seen.insert(pid), procfs::stat(pid))
                && !is_apart(pid)
            {
                found.push(ProcessId { pid, start: stat.start });
                queue.push(pid);
            }
        }
    }
    found.sort_by_key(|id| (id.start, id.pid));
    Ok(found)
}

/// Resumes a process that was stopped by a signal. One that goes on is left alone.
pub fn resume(id: ProcessId) {
    // The first thread of a process that is stopped may have ended.
    if matches!(procfs::stat(id.pid), Ok(stat) if matches!(stat.state, b'T' | b'Z')) {
        let _ = identity::signal_identified(id, libc::SIGCONT);
    }
}

/// The children of a process by `/proc/PID/task/TID/children`, or `None` on a
/// kernel without these files.
fn children_of(pid: i32) -> io::Result<Option<Vec<i32>>> {
    let tasks = match fs::read_dir(format!("/proc/{pid}/task")) {
        Ok(tasks) => tasks,
        Err(error) if gone(&error) && procfs::is_mounted() => return Ok(Some(Vec::new())),
        Err(error) => return Err(error),
    };
    let mut children = Vec::new();
    for task in tasks.flatten() {
        match fs::read_to_string(task.path().join("children")) {
            Ok(text) => children.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok())),
            // The thread may have ended; a kernel without the file has it for
            // no thread, so the directory itself tells the two apart.
            Err(error) if gone(&error) => {
                if task.path().join("stat").exists() && !task.path().join("children").exists() {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(children))
}

fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

/// Every process with its stat line.
fn all_processes() -> io::Result<Vec<(i32, Stat)>> {
    let mut all = Vec::new();
    for pid in procfs::pids()? {
        if let Ok(stat) = procfs::stat(pid) {
            all.push((pid, stat));
        }
    }
    Ok(all)
}

/// Finds what [`descendants`] finds, from one look at every process.
fn scan_descendants(root: i32) -> io::Result<Vec<ProcessId>> {
    let all = all_processes()?;
    let mut of_parent: HashMap<i32, Vec<ProcessId>> = HashMap::new();
    for (pid, stat) in all {
        of_parent
            .entry(stat.parent)
            .or_default()
            .push(ProcessId { pid, start: stat.start });
    }
    let mut found = Vec::new();
    let mut queue = vec![root];
    while let Some(parent) = queue.pop() {
        let children = of_parent.remove(&parent).unwrap_or_default();
        for child in children.into_iter().filter(|child| !is_apart(child.pid)) {
            queue.push(child.pid);
            found.push(child);
        }
    }
    found.sort_by_key(|id| (id.start, id.pid));
    Ok(found)
}

/// The mark by which the processes of a tree are known where their parents are
/// lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The entry of their environment, as `NAME=value`.
    pub entry: String,
    /// The real users that they run as; empty where these are not known.
    pub users: Vec<u32>,
}

impl Mark {
    /// Returns the mark of processes of any user.
    pub fn of_anybody(entry: String) -> Self {
        let users = Vec::new();
        Self { entry, users }
    }

    /// Returns true when a process carries it. One that is about to become a game
    /// has not got the game's environment yet.
    pub fn is_on(&self, pid: i32) -> bool {
        carries(pid, self.entry.as_bytes())
            && (self.users.is_empty() || procfs::user(pid).is_some_and(|user| self.users.contains(&user)))
    }
}

/// Every living process that carries `mark`, and the descendants of these, oldest
/// first. Zombies carry nothing and are not found. Processes of other users are passed over in silence,
/// unless we are root.
pub fn marked(mark: &Mark) -> io::Result<Vec<ProcessId>> {
    let me = std::process::id() as i32;
    let mut found = HashSet::new();
    for (pid, stat) in all_processes()? {
        if pid != me && stat.state != b'Z' && mark.is_on(pid) {
            found.insert(ProcessId { pid, start: stat.start });
        }
    }
    for id in found.clone() {
        found.extend(descendants(id.pid)?.into_iter().filter(|id| id.pid != me));
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|id| (id.start, id.pid));
    Ok(found)
}

fn carries(pid: i32, mark: &[u8]) -> bool {
    environment(pid).is_ok_and(|environment| environment.split(|b| *b == 0).any(|entry| entry == mark))
}

fn is_apart(pid: i32) -> bool {
    match environment(pid) {
        Ok(environment) => {
            let mut names = environment
                .split(|b| *b == 0)
                .filter_map(|entry| entry.split(|b| *b == b'=').next());
            names.any(|name| name == APART.as_bytes())
        }
        // Another user's: it may not be signalled in any case.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            procfs::name(pid).is_some_and(|name| name.starts_with(APART_NAME.as_bytes()))
        }
        Err(_) => false,
    }
}

fn environment(pid: i32) -> io::Result<Vec<u8>> {
    // An environment is at most a few MiB; a hostile one does not get more of
    // our memory than that.
    const LIMIT: u64 = 8 << 20;
    let mut environment = Vec::new();
    let file = fs::File::open(format!("/proc/{pid}/environ"))?;
    file.take(LIMIT).read_to_end(&mut environment)?;
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn both_ways_find_the_same_descendants() {
        let mut shell = Command::new("/bin/sh")
            .args([
                "-c",
                "sleep 100 & a=$!; sleep 100 & b=$!; echo up; read x; kill $a $b; wait",
            ])
            .env("GAMECTL_TREE_TEST", "here")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 3];
        shell.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
        let pid = shell.id() as i32;
        let walked = descendants(pid).unwrap();
        assert_eq!(walked.len(), 2);
        assert_eq!(scan_descendants(pid).unwrap(), walked);
        let entry = "GAMECTL_TREE_TEST=here".to_owned();
        let us = procfs::user(pid).unwrap();
        let others = Mark {
            entry: entry.clone(),
            users: vec![us + 1],
        };
        assert_eq!(marked(&others).unwrap(), []);
        let users = vec![us + 1, us];
        let marked = marked(&Mark { entry, users }).unwrap();
        assert_eq!(marked.len(), 3, "the shell and its two children");
        assert!(walked.iter().all(|id| marked.contains(id)));
        shell.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        shell.wait().unwrap();
    }

    #[test]
    fn what_stands_apart_belongs_to_no_tree_above_it() {
        let script = "env GAMECTL_APART=1 /bin/sh -c 'sleep 100 & echo up; read x; kill $!; wait'; :";
        let mut shell = Command::new("/bin/sh")
            .args(["-c", script])
            .env("GAMECTL_TREE_TEST", "apart")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 3];
        shell.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
        let pid = shell.id() as i32;
        assert_eq!(descendants(pid).unwrap(), []);
        assert_eq!(scan_descendants(pid).unwrap(), []);
        shell.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        shell.wait().unwrap();
    }
}
