//! The resources that a game uses, from what `/proc` tells of its whole tree.

use std::time::Duration;

use super::evidence::Shim;
use super::game::ManagedGame;
use super::snapshot::Snapshot;
use super::supervisor::ProcessSupervisor;
use crate::store::launch;
use crate::store::status_table::{Phase, ShimStatus};
use crate::supervisor::{TreeProcess, Usage, UsageMeter, cpu_percent};
use crate::sys::host::Frame;
use crate::sys::listeners::{self, Listener, Transport};
use crate::sys::process_table::ProcessTable;
use crate::sys::{clock, procfs, tree};
use crate::systemd::GroupUsage;

#[async_trait::async_trait]
impl UsageMeter for ProcessSupervisor {
    async fn usage(&self, _limit: Duration) -> Option<Usage> {
        let (game, snapshot) = self.measured();
        let reported = reported(game, snapshot);
        // The kernel has summed it up already, with what has ended meanwhile.
        if let Some(usage) = reported.as_ref().and_then(|entry| of_scope(&game.id, entry)) {
            return Some(usage);
        }
        measure(game, reported, &*ProcessTable::recent().ok()?)
    }

    async fn processes(&self) -> Result<Option<Vec<TreeProcess>>, String> {
        let (game, snapshot) = self.measured();
        let table = ProcessTable::recent().map_err(|error| format!("/proc cannot be read: {error}"))?;
        Ok(tree_of(game, reported(game, snapshot), &table).map(|(pids, _)| listed(pids, &table)))
    }
}

/// Lists processes with the addresses that they listen on, as far as these may be seen.
fn listed(mut pids: Vec<i32>, table: &ProcessTable) -> Vec<TreeProcess> {
    pids.sort_unstable();
    let kinds = [(Transport::Tcp, "tcp"), (Transport::Udp, "udp")];
    let open = kinds.map(|(kind, word)| (listeners::all(kind).unwrap_or_default(), word));
    let ports = |pid: i32| -> Vec<String> {
        let of = |(all, word): &(Vec<Listener>, &str)| {
            let held = listeners::held_by(pid, all).unwrap_or_default().into_iter();
            held.map(|address| format!("{address}/{word}")).collect::<Vec<_>>()
        };
        open.iter().flat_map(of).collect()
    };
    let one = |pid: i32| TreeProcess {
        pid,
        parent: table.parent(pid).unwrap_or(0),
        name: procfs::name(pid).map_or_else(|| "-".to_owned(), |name| String::from_utf8_lossy(&name).into_owned()),
        ports: ports(pid),
    };
    // Each behind its parent.
    let mut sorted = Vec::new();
    let mut queue: Vec<i32> = pids
        .iter()
        .rev()
        .copied()
        .filter(|pid| !table.parent(*pid).is_some_and(|parent| pids.contains(&parent)))
        .collect();
    while let Some(pid) = queue.pop() {
        sorted.push(one(pid));
        queue.extend(pids.iter().rev().filter(|child| table.parent(**child) == Some(pid)));
    }
    sorted
}

/// Returns what the scope of a game uses, with its shim; `None` if it has none of its own, or
/// the kernel does not count all of it there.
fn of_scope(id: &str, entry: &ShimStatus) -> Option<Usage> {
    let lives = matches!(entry.phase, Phase::Alive | Phase::Stopping);
    let main = entry.main;
    if !lives || !procfs::stat(main.pid).is_ok_and(|stat| stat.start == main.start) {
        return None;
    }
    let counted = GroupUsage::of_scope(id, main.pid)?;
    let (cpu_ms, memory, tasks) = (counted.cpu_ms?, counted.memory_bytes?, counted.tasks?);
    let (read, written) = counted.disk.unzip();
    Some(Usage {
        cpu_percent: cpu_percent(cpu_ms, clock::boot_ms().saturating_sub(entry.launched_boot_ms)),
        cpu_ms: Some(cpu_ms),
        memory_bytes: Some(memory),
        tasks: Some(tasks),
        read_bytes: read,
        written_bytes: written,
        ..Usage::default()
    })
}

fn measure(game: &ManagedGame, reported: Option<ShimStatus>, table: &ProcessTable) -> Option<Usage> {
    let (pids, launched_boot_ms) = tree_of(game, reported, table)?;
    let sum = table.sum(&pids);
    let (read, written) = sum.disk.unzip();
    Some(Usage {
        cpu_percent: cpu_percent(sum.cpu_ms, clock::boot_ms().saturating_sub(launched_boot_ms)),
        cpu_ms: Some(sum.cpu_ms),
        memory_bytes: Some(sum.resident_bytes),
        tasks: Some(sum.threads),
        read_bytes: read,
        written_bytes: written,
        ..Usage::default()
    })
}

/// Returns what a shim reports of a game.
fn reported(game: &ManagedGame, snapshot: Option<&Snapshot>) -> Option<ShimStatus> {
    let known = snapshot.and_then(|snapshot| snapshot.of(&game.id)).cloned();
    known.or_else(|| report(game))
}

/// Returns the processes of a game, and when it was launched.
fn tree_of(game: &ManagedGame, reported: Option<ShimStatus>, table: &ProcessTable) -> Option<(Vec<i32>, u64)> {
    match reported.filter(|entry| !entry.adopted) {
        Some(entry) => children(&entry, table),
        None => strangers(game, table),
    }
}

/// Returns what the living shim of a game reports.
fn report(game: &ManagedGame) -> Option<ShimStatus> {
    match game.gather().ok()?.shim {
        Shim::Lives(Some(entry)) | Shim::Detached(entry) => Some(*entry),
        Shim::Lives(None) | Shim::None | Shim::CannotTell(_) => None,
    }
}

/// Returns the tree of a game whose shim is its parent, and when it was launched. The main
/// process proves that the pids are those of here.
fn children(entry: &ShimStatus, table: &ProcessTable) -> Option<(Vec<i32>, u64)> {
    let pids = table.descendants(entry.shim_pid);
    let is_alive = matches!(entry.phase, Phase::Alive | Phase::Stopping);
    let is_here = table.has(entry.main) && pids.contains(&entry.main.pid);
    (is_alive && is_here).then_some((pids, entry.launched_boot_ms))
}

/// Returns the same of a game that is not a child of its shim: its processes carry a mark.
fn strangers(game: &ManagedGame, table: &ProcessTable) -> Option<(Vec<i32>, u64)> {
    let folder = game.find_folder().ok()??;
    let launch = launch::read(&folder.dir).ok()??;
    let is_here = Frame::here().is_ok_and(|here| launch.frame == here) && table.has(launch.main);
    if !is_here {
        return None;
    }
    let found = tree::marked(&launch.mark(&folder.dir).ok()?).ok()?;
    let mut pids: Vec<i32> = found.iter().map(|id| id.pid).collect();
    // A game may hide its environment.
    if !pids.contains(&launch.main.pid) {
        pids.push(launch.main.pid);
    }
    // The shim carries no mark, and stands apart.
    Some((pids, launch.launched_boot_ms))
}
