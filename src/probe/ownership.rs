//! Tells whether the answer to a probe came from the game: a port of this host may be held
//! by somebody else, while the game is about to end for that reason.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use tokio::time::timeout;

use crate::channel::resolve;
use crate::inventory::{HostPort, Probe};
use crate::sys::listeners::{self, Transport};
use crate::sys::procfs::{self, ProcessId};
use crate::sys::tree::{self, Mark};

/// The longest look-up of a name: a launch does not wait for a dead name server.
const LOOK_UP_MAX: Duration = Duration::from_millis(500);

/// The processes of a game.
#[derive(Debug, Clone)]
pub struct GameTree {
    pub shim: ProcessId,
    pub main: ProcessId,
    /// The mark of its processes, where it is known.
    pub mark: Option<Mark>,
    /// The sockets that others held before it was launched.
    pub strangers: HashSet<u64>,
}

/// Returns the port that a probe asks, and what is spoken there.
pub(super) fn asked(probe: &Probe) -> Option<(&HostPort, Transport)> {
    match probe {
        Probe::Tcp(address) | Probe::Minecraft(address) => Some((address, Transport::Tcp)),
        Probe::Http(check) => Some((&check.address, Transport::Tcp)),
        Probe::Login(remote) => Some((&remote.address, Transport::Tcp)),
        Probe::A2s(address) => Some((address, Transport::Udp)),
        Probe::Log(_) | Probe::Exec(_) | Probe::AliveFor(_) => None,
    }
}

/// Returns the addresses of this host that a name stands for.
async fn local(host: &str) -> Vec<IpAddr> {
    let found = timeout(LOOK_UP_MAX, resolve::addresses(host)).await;
    let mut addresses = found.unwrap_or_default();
    // Only an address of this host can be bound.
    addresses.retain(|ip| UdpSocket::bind((*ip, 0)).is_ok());
    addresses
}

/// Returns the sockets of this host that get what is sent to an address.
async fn sockets(address: &HostPort, transport: Transport) -> HashSet<u64> {
    let at = |ip| listeners::at(ip, address.port, transport).unwrap_or_default();
    local(&address.host).await.into_iter().flat_map(at).collect()
}

/// Returns true if it can be seen that nobody of the game listens there, and that
/// somebody else did before the game was launched. Who came later may have been
/// started for the game, as the proxy of a container is.
pub(super) async fn is_strangers(game: &GameTree, address: &HostPort, transport: Transport) -> bool {
    let sockets = sockets(address, transport).await;
    let is_older = || sockets.is_subset(&game.strangers) || is_older(game, &sockets);
    // Where nobody is seen, it is passed on from another network namespace.
    !sockets.is_empty() && matches!(holds(game, &sockets), Ok(false)) && is_older()
}

/// Returns true if a process that can be seen to hold them is older than the game.
fn is_older(game: &GameTree, sockets: &HashSet<u64>) -> bool {
    let holder = listeners::holder(sockets).and_then(|pid| procfs::stat(pid).ok());
    holder.is_some_and(|holder| holder.start < game.shim.start.min(game.main.start))
}

/// # Errors
/// When one of the game cannot be looked at.
fn holds(game: &GameTree, sockets: &HashSet<u64>) -> io::Result<bool> {
    let mut pids = vec![game.main.pid];
    if procfs::stat(game.shim.pid).is_ok_and(|stat| stat.start == game.shim.start) {
        pids.extend(tree::descendants(game.shim.pid)?.iter().map(|id| id.pid));
    }
    // What its parent does not tell, its environment does.
    let marked = || game.mark.as_ref().map_or_else(|| Ok(Vec::new()), tree::marked);
    for pid in &pids {
        if listeners::holds(*pid, sockets)? {
            return Ok(true);
        }
    }
    for id in marked()? {
        if listeners::holds(id.pid, sockets)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A port of this host that a probe asks and somebody else holds.
#[derive(Debug)]
pub struct HeldPort {
    pub sockets: HashSet<u64>,
    /// The sentence on who holds which port.
    pub words: String,
}

/// Finds out who holds the ports, of this host, that these probes ask; for before a
/// launch.
pub async fn held(probes: &[Probe]) -> Vec<HeldPort> {
    let mut held = Vec::new();
    for (address, transport) in probes.iter().filter_map(asked) {
        let sockets = sockets(address, transport).await;
        if sockets.is_empty() {
            continue;
        }
        let spoken = match transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        let who = match listeners::holder(&sockets) {
            Some(pid) => format!("pid {pid}"),
            None => "another process".to_owned(),
        };
        let words = format!("{address}/{spoken} is held by {who}");
        held.push(HeldPort { sockets, words });
    }
    held
}
