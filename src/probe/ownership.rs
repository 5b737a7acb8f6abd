//! Tells whether the answer to a probe came from the game: a port of this host may be held
//! by somebody else, while the game is about to end for that reason.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use tokio::time::timeout;

use crate::channel::{self, resolve};
use crate::inventory::{HostPort, Probe};
use crate::sys::listeners::{self, Transport};
use crate::sys::procfs::{self, ProcessId};
use crate::sys::tree::{self, Mark};

/// The longest look-up of a name: a launch does not wait for a dead name server.
const LOOK_UP_MAX: Duration = Duration::from_millis(500);

/// The one whose answers count at the ports of this host.
#[derive(Debug, Clone)]
pub enum PortOwner {
    Tree(GameTree),
    Stack(StackPorts),
    Unit(UnitPorts),
}

/// The processes of a unit of systemd, by their control group.
#[derive(Debug, Clone)]
pub struct UnitPorts {
    /// The path of the group, as systemd has it.
    pub group: String,
    /// The sockets that others held before it was started.
    pub strangers: HashSet<u64>,
}

/// The containers of a stack, and what they have of this host's ports.
#[derive(Debug, Clone)]
pub struct StackPorts {
    /// Those that are alive.
    pub containers: Vec<ContainerProcess>,
    /// An engine publishes a port for one container at a time.
    pub published: Vec<PublishedPort>,
    /// The sockets that others held before it was started.
    pub strangers: HashSet<u64>,
}

#[derive(Debug, Clone)]
pub struct ContainerProcess {
    pub id: String,
    /// Its first process, as the engine's machine knows it.
    pub pid: i32,
}

/// A port of the host that is passed on to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    pub ip: IpAddr,
    pub number: u16,
    pub transport: Transport,
}

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
        Probe::Login(remote) => Some((&remote.address, channel::transport(remote.kind))),
        Probe::A2s(address) | Probe::Bedrock(address) | Probe::Quake3(address) | Probe::Gamespy(_, address) => {
            Some((address, Transport::Udp))
        }
        Probe::Log(_) | Probe::LogFile(_) | Probe::Exec(_) | Probe::AliveFor(_) => None,
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

/// Returns the sockets that get what is sent to these addresses of this host.
fn sockets_at(ips: &[IpAddr], port: u16, transport: Transport) -> HashSet<u64> {
    let at = |ip: &IpAddr| listeners::at(*ip, port, transport).unwrap_or_default();
    ips.iter().flat_map(at).collect()
}

/// Returns who answers there instead of the game; `None` if it is the game, or that
/// cannot be found out.
pub(super) async fn stranger(owner: &PortOwner, address: &HostPort, transport: Transport) -> Option<String> {
    let ips = local(&address.host).await;
    if ips.is_empty() {
        return None;
    }
    let sockets = sockets_at(&ips, address.port, transport);
    let (found, strangers) = match owner {
        PortOwner::Tree(game) => (game.find(&sockets), &game.strangers),
        PortOwner::Stack(stack) => {
            let asked = |published: &PublishedPort| published.is_at(&ips, address.port, transport);
            if stack.published.iter().any(asked) {
                return None;
            }
            (stack.find(&sockets), &stack.strangers)
        }
        PortOwner::Unit(unit) => (unit.find(&sockets), &unit.strangers),
    };
    match found {
        Holder::Game => None,
        Holder::Stranger(pid) => Some(in_words(pid)),
        Holder::Unseen => (!sockets.is_empty() && sockets.is_subset(strangers)).then(|| SOMEBODY.to_owned()),
        Holder::Elsewhere => Some("the network of something else".to_owned()),
    }
}

/// Whoever holds a port.
enum Holder {
    Game,
    /// This process, which is not of the game.
    Stranger(i32),
    /// Somebody who may not be looked at, or stands for others.
    Unseen,
    /// Nobody here: what comes in is passed on, and not to the game.
    Elsewhere,
}

impl GameTree {
    fn find(&self, sockets: &HashSet<u64>) -> Holder {
        let holds = |pid: &i32| listeners::holds(*pid, sockets).unwrap_or(false);
        // Where nobody is seen, it is passed on from another network namespace.
        let Ok(mut members) = self.family() else {
            return Holder::Unseen;
        };
        if members.iter().any(holds) {
            return Holder::Game;
        }
        // All processes of the host are looked at only for those.
        let Ok(others) = self.marked() else {
            return Holder::Unseen;
        };
        if others.iter().any(holds) {
            return Holder::Game;
        }
        members.extend(others);
        let has_engine = members.iter().any(|pid| is_one_of(*pid, &ENGINE_CLIENTS));
        let stands_for_it = |pid: i32| has_engine && is_one_of(pid, &ENGINE_PROXIES);
        let mut holders = listeners::holders(sockets);
        holders.retain(|pid| !stands_for_it(*pid));
        holders.first().map_or(Holder::Unseen, |pid| Holder::Stranger(*pid))
    }

    /// Returns its main process and those below its shim.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    fn family(&self) -> io::Result<Vec<i32>> {
        let lives = |id: ProcessId| procfs::stat(id.pid).is_ok_and(|stat| stat.start == id.start);
        let mut pids: Vec<i32> = [self.main]
            .into_iter()
            .filter(|id| lives(*id))
            .map(|id| id.pid)
            .collect();
        if lives(self.shim) {
            pids.extend(tree::descendants(self.shim.pid)?.iter().map(|id| id.pid));
        }
        Ok(pids)
    }

    /// Returns those that have its mark in their environment: what left the family.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    fn marked(&self) -> io::Result<Vec<i32>> {
        let Some(mark) = &self.mark else { return Ok(Vec::new()) };
        Ok(tree::marked(mark)?.iter().map(|id| id.pid).collect())
    }
}

impl StackPorts {
    fn find(&self, sockets: &HashSet<u64>) -> Holder {
        let is_of_it = |pid: i32| {
            let groups = procfs::control_groups(pid);
            self.containers.iter().any(|one| groups.contains(&one.id))
        };
        if !self.containers.iter().any(|one| is_of_it(one.pid)) {
            // The engine is on another machine, or in one.
            return Holder::Game;
        }
        let holders = listeners::holders(sockets);
        match holders.first() {
            _ if holders.iter().any(|pid| is_of_it(*pid)) => Holder::Game,
            Some(pid) => Holder::Stranger(*pid),
            None if sockets.is_empty() => Holder::Elsewhere,
            None => Holder::Unseen,
        }
    }
}

impl UnitPorts {
    fn find(&self, sockets: &HashSet<u64>) -> Holder {
        let mut holders = listeners::holders(sockets);
        if holders.iter().any(|pid| self.has(&procfs::control_groups(*pid))) {
            return Holder::Game;
        }
        // systemd itself holds the sockets of a socket unit. What is passed on to a
        // container has no holder, or an engine.
        holders.retain(|pid| *pid != 1 && !is_one_of(*pid, &ENGINE_PROXIES));
        holders.first().map_or(Holder::Unseen, |pid| Holder::Stranger(*pid))
    }

    /// Returns true if a process with these control groups belongs to the unit.
    fn has(&self, groups: &str) -> bool {
        let paths = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        let below = |path: &str| {
            path.strip_prefix(self.group.as_str())
                .map(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        paths.filter_map(below).any(|is_below| is_below)
    }
}

impl PublishedPort {
    fn is_at(&self, ips: &[IpAddr], number: u16, transport: Transport) -> bool {
        let gets = |ip: &IpAddr| self.ip.is_unspecified() || ip.is_unspecified() || self.ip == *ip;
        (self.number, self.transport) == (number, transport) && ips.iter().any(gets)
    }
}

/// The programs through which a game may run in a container of its own.
const ENGINE_CLIENTS: [&str; 4] = ["docker", "docker-compose", "podman", "nerdctl"];

/// The programs that hold the ports of containers, for whomever they are.
const ENGINE_PROXIES: [&str; 7] = [
    "docker-proxy",
    "dockerd",
    "rootlesskit",
    "rootlessport",
    "conmon",
    "pasta",
    "slirp4netns",
];

fn is_one_of(pid: i32, programs: &[&str]) -> bool {
    program(pid).is_some_and(|own| programs.contains(&own.as_str()))
}

/// Returns the name of the file that a process executes.
fn program(pid: i32) -> Option<String> {
    let path = procfs::executable(pid)?;
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

const SOMEBODY: &str = "another process";

fn in_words(pid: i32) -> String {
    match program(pid) {
        Some(program) => format!("{program} (pid {pid})"),
        None => format!("pid {pid}"),
    }
}

/// A port of this host that a probe asks and somebody else holds.
#[derive(Debug)]
pub struct HeldPort {
    pub sockets: HashSet<u64>,
    port: String,
    who: String,
}

impl HeldPort {
    /// Returns the sentence on who holds which port, or held it: `verb` is `is` or `was`.
    pub fn told(&self, verb: &str) -> String {
        format!("{} {verb} held by {}", self.port, self.who)
    }
}

/// Finds out who holds the ports, of this host, that these probes ask; for before a
/// launch.
pub async fn held(probes: &[Probe]) -> Vec<HeldPort> {
    let mut held = Vec::new();
    for (address, transport) in probes.iter().filter_map(asked) {
        let sockets = sockets_at(&local(&address.host).await, address.port, transport);
        if sockets.is_empty() {
            continue;
        }
        let spoken = match transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        let holder = listeners::holders(&sockets).first().copied();
        let who = holder.map_or_else(|| SOMEBODY.to_owned(), in_words);
        let port = format!("{address}/{spoken}");
        held.push(HeldPort { sockets, port, who });
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processes_of_a_unit() {
        let unit = UnitPorts {
            group: "/system.slice/pal.service".to_owned(),
            strangers: HashSet::new(),
        };
        for (groups, is_of_it) in [
            ("0::/system.slice/pal.service\n", true),
            ("0::/system.slice/pal.service/libpod-payload-1\n", true),
            ("12:memory:/x\n1:name=systemd:/system.slice/pal.service\n", true),
            ("0::/system.slice/pal.service2\n", false),
            ("0::/x/system.slice/pal.service\n", false),
            ("", false),
        ] {
            assert_eq!(unit.has(groups), is_of_it, "{groups}");
        }
    }
}
