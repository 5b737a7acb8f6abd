//! All processes of the host at one moment, and what the trees among them use.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use nix::unistd::{SysconfVar, sysconf};

use super::clock;
use super::procfs::{self, ProcessId};
use super::tree::APART_NAME;

/// The time for which a table serves all who ask, in milliseconds.
const SHARED_MS: u64 = 500;

/// The last table, with the time on the monotonic clock at which it was read.
static LAST: Mutex<Option<(u64, Arc<ProcessTable>)>> = Mutex::new(None);

/// A process with what it uses. See `proc_pid_stat(5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TableEntry {
    parent: i32,
    start: u64,
    /// Clock ticks, with those of the children that it has reaped.
    ticks: u64,
    threads: u64,
    pages: u64,
    is_apart: bool,
}

/// The processes of the host.
#[derive(Debug, Default)]
pub struct ProcessTable {
    entries: HashMap<i32, TableEntry>,
    children: HashMap<i32, Vec<i32>>,
}

/// The resources that some processes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessSum {
    pub cpu_ms: u64,
    /// A page that several of them share counts for each.
    pub resident_bytes: u64,
    pub threads: u64,
    /// Read from and written to disks; `None` if that may not be seen.
    pub disk: Option<(u64, u64)>,
}

impl ProcessTable {
    /// Returns the processes of this moment or the one before: instances that are asked
    /// for together share one reading.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn recent() -> io::Result<Arc<Self>> {
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::monotonic_ms();
        if let Some((at, table)) = &*last
            && now < at + SHARED_MS
        {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(Self::read()?);
        *last = Some((now, Arc::clone(&table)));
        Ok(table)
    }

    /// Reads `/proc`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read() -> io::Result<Self> {
        let mut table = Self::default();
        for pid in procfs::pids()? {
            let mut buffer = [0; 1024];
            // One that ends meanwhile is left out.
            let line = procfs::read_small(&format!("/proc/{pid}/stat"), &mut buffer);
            if let Some(entry) = line.ok().and_then(parse) {
                table.children.entry(entry.parent).or_default().push(pid);
                table.entries.insert(pid, entry);
            }
        }
        Ok(table)
    }

    /// Returns whether this process is in the table.
    pub fn has(&self, id: ProcessId) -> bool {
        self.entries.get(&id.pid).is_some_and(|entry| entry.start == id.start)
    }

    /// Returns the descendants of a process, itself not included, without those that
    /// stand apart.
    pub fn descendants(&self, root: i32) -> Vec<i32> {
        let (mut found, mut queue) = (Vec::new(), vec![root]);
        let mut seen = HashSet::from([root]);
        while let Some(parent) = queue.pop() {
            for pid in self.children.get(&parent).into_iter().flatten() {
                let is_apart = self.entries.get(pid).is_none_or(|entry| entry.is_apart);
                if !is_apart && seen.insert(*pid) {
                    found.push(*pid);
                    queue.push(*pid);
                }
            }
        }
        found
    }

    /// Returns the parent of a process.
    pub fn parent(&self, pid: i32) -> Option<i32> {
        self.entries.get(&pid).map(|entry| entry.parent)
    }

    /// Returns what these processes use together.
    pub fn sum(&self, pids: &[i32]) -> ProcessSum {
        let per_second = constant(SysconfVar::CLK_TCK);
        let page = constant(SysconfVar::PAGE_SIZE);
        let (mut ticks, mut sum) = (0, ProcessSum::default());
        for entry in pids.iter().filter_map(|pid| self.entries.get(pid)) {
            ticks += entry.ticks;
            sum.threads += entry.threads;
            sum.resident_bytes += entry.pages * page;
        }
        sum.cpu_ms = ticks * 1000 / per_second.max(1);
        sum.disk = pids
            .iter()
            .map(|pid| disk(*pid))
            .try_fold((0, 0), |(read, written), disk| {
                let (more_read, more_written) = disk?;
                Some((read + more_read, written + more_written))
            });
        sum
    }
}

fn constant(which: SysconfVar) -> u64 {
    sysconf(which)
        .ok()
        .flatten()
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or(0)
}

/// Returns what a process has read from and written to disks; nothing for one that is
/// gone.
fn disk(pid: i32) -> Option<(u64, u64)> {
    let mut buffer = [0; 1024];
    match procfs::read_small(&format!("/proc/{pid}/io"), &mut buffer) {
        Ok(text) => disk_of(text),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => match procfs::is_mounted() {
            // A kernel may be without these files.
            true if procfs::exists(pid) => None,
            true => Some((0, 0)),
            false => None,
        },
        Err(_) => None,
    }
}

fn disk_of(text: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))?
            .trim()
            .parse::<u64>()
            .ok()
    };
    Some((field("read_bytes:")?, field("write_bytes:")?))
}

fn parse(line: &[u8]) -> Option<TableEntry> {
    let (name, fields) = procfs::split_stat(line)?;
    let fields: Vec<&str> = fields.collect();
    // Fields are counted from 1, and the state behind the name is the 3rd.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    // The kernel tells times of reaped children as signed numbers.
    Some(TableEntry {
        parent: fields.get(1)?.parse().ok()?,
        start: field(22)?,
        ticks: field(14)?
            .checked_add(field(15)?)?
            .checked_add(field(16)?)?
            .checked_add(field(17)?)?,
        threads: field(20)?,
        pages: field(24)?,
        is_apart: name.starts_with(APART_NAME.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_processes() {
        let line = b"42 (a) b) S 7 7 7 0 -1 4194560 1 0 0 0 11 12 13 14 20 0 5 0 987654 1000 33 18446744073709551615 1";
        let wanted = TableEntry {
            parent: 7,
            start: 987_654,
            ticks: 50,
            threads: 5,
            pages: 33,
            is_apart: false,
        };
        assert_eq!(parse(line), Some(wanted));
        let apart = b"42 (gamectl: a) S 7 7 7 0 -1 4194560 1 0 0 0 11 12 13 14 20 0 5 0 987654 1000 33 1";
        assert!(parse(apart).unwrap().is_apart);
        for cut in 0..line.len() {
            let _ = parse(&line[..cut]);
        }
        assert_eq!(
            disk_of(b"rchar: 9\nread_bytes: 4096\nwrite_bytes: 1\n"),
            Some((4096, 1))
        );
        assert_eq!(disk_of(b"rchar: 9\n"), None);
    }

    #[test]
    fn the_sum_of_a_tree() {
        let entry = |parent, is_apart| TableEntry {
            parent,
            start: 1,
            ticks: 3,
            threads: 2,
            pages: 1,
            is_apart,
        };
        let mut table = ProcessTable::default();
        // Pids that no process has.
        let base = i32::MAX - 10;
        for (pid, parent, is_apart) in [(1, 0, false), (2, 1, false), (3, 2, false), (4, 2, true), (5, 4, false)] {
            table.entries.insert(base + pid, entry(base + parent, is_apart));
            table.children.entry(base + parent).or_default().push(base + pid);
        }
        let tree = table.descendants(base + 1);
        assert_eq!(tree, [base + 2, base + 3]);
        let sum = table.sum(&tree);
        let page = constant(SysconfVar::PAGE_SIZE);
        assert_eq!((sum.threads, sum.resident_bytes, sum.disk), (4, 2 * page, Some((0, 0))));
        assert_eq!(sum.cpu_ms, 6 * 1000 / constant(SysconfVar::CLK_TCK));
        assert!(table.has(ProcessId {
            pid: base + 1,
            start: 1
        }));
        assert!(!table.has(ProcessId {
            pid: base + 1,
            start: 2
        }));
    }
}
