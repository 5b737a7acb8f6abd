//! The sockets that are open for others on this host, and whose they are: see
//! `proc_net(5)` and `proc_pid_fd(5)`.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::procfs;

/// `TCP_LISTEN` of the kernel's `tcp_states.h`.
const LISTEN: &str = "0A";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
}

/// A socket that is open for others.
#[derive(Debug, PartialEq, Eq)]
pub struct Listener {
    pub address: SocketAddr,
    inode: u64,
}

/// Returns every socket that is open for others, in the network namespace of this
/// process.
///
/// # Errors
/// Fails when the table of IPv4 cannot be read. A kernel without IPv6 has no other.
pub fn all(transport: Transport) -> io::Result<Vec<Listener>> {
    let names = match transport {
        Transport::Tcp => ["tcp", "tcp6"],
        Transport::Udp => ["udp", "udp6"],
    };
    let read = |name: &str| fs::read_to_string(format!("/proc/net/{name}"));
    let mut found = parse(&read(names[0])?, transport);
    found.extend(parse(&read(names[1]).unwrap_or_default(), transport));
    Ok(found)
}

/// The inodes of the sockets that get what is sent to an address, in the network
/// namespace of this process: those bound to it or, if there are none, to any.
///
/// # Errors
/// Fails when the tables cannot be read.
pub fn at(ip: IpAddr, port: u16, transport: Transport) -> io::Result<HashSet<u64>> {
    let mut all = all(transport)?;
    all.retain(|listener| listener.address.port() == port);
    let bound = |wanted: &dyn Fn(IpAddr) -> bool| {
        let bound = all.iter().filter(|listener| wanted(listener.address.ip()));
        bound.map(|listener| listener.inode).collect::<HashSet<u64>>()
    };
    let exact = bound(&|bound| bound == ip);
    if !exact.is_empty() && !ip.is_unspecified() {
        return Ok(exact);
    }
    Ok(bound(&|bound| bound.is_unspecified() || ip.is_unspecified()))
}

/// Reads a table. A UDP socket has no state of listening: one that is bound to a
/// port, and not connected, has it.
fn parse(table: &str, transport: Transport) -> Vec<Listener> {
    let listener = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, remote, state) = (fields.next()?, fields.next()?, fields.next()?);
        let is_open = match transport {
            Transport::Tcp => state == LISTEN,
            Transport::Udp => remote.ends_with(":0000"),
        };
        let (ip, port) = local.rsplit_once(':')?;
        // Behind the queues, the timer, the retransmits, the user and the timeout.
        let inode = fields.nth(5)?.parse().ok()?;
        let port = u16::from_str_radix(port, 16).ok()?;
        is_open.then_some(Listener {
            address: SocketAddr::new(address(ip)?, port),
            inode,
        })
    };
    table.lines().skip(1).filter_map(listener).collect()
}

/// Reads an address: words of 32 bits, as they lie in memory.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    if hex.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let bytes: Vec<u8> = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical())
}

/// Returns true if a process holds one of these sockets.
///
/// # Errors
/// Fails when its descriptors cannot be looked at, as those of another user.
pub fn holds(pid: i32, sockets: &HashSet<u64>) -> io::Result<bool> {
    any_socket(pid, |inode| sockets.contains(&inode))
}

/// Returns the addresses of those of these sockets that a process holds.
///
/// # Errors
/// Fails when its descriptors cannot be looked at, as those of another user.
pub fn held_by(pid: i32, all: &[Listener]) -> io::Result<Vec<SocketAddr>> {
    let mut held = HashSet::new();
    any_socket(pid, |inode| {
        held.insert(inode);
        false
    })?;
    let own = all.iter().filter(|listener| held.contains(&listener.inode));
    Ok(own.map(|listener| listener.address).collect())
}

/// Returns whether a process holds a socket whose inode is wanted.
fn any_socket(pid: i32, mut is_wanted: impl FnMut(u64) -> bool) -> io::Result<bool> {
    let descriptors = match fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(descriptors) => descriptors,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for descriptor in descriptors.flatten() {
        let link = fs::read_link(descriptor.path()).unwrap_or_default();
        let name = link.to_string_lossy();
        let inode = name.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        if inode.and_then(|inode| inode.parse().ok()).is_some_and(&mut is_wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finds the processes that hold one of these sockets, among those that may be looked
/// at.
pub fn holders(sockets: &HashSet<u64>) -> Vec<i32> {
    if sockets.is_empty() {
        return Vec::new();
    }
    let pids = procfs::pids().into_iter().flatten();
    pids.filter(|pid| holds(*pid, sockets).unwrap_or(false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    #[test]
    fn a_socket_of_this_process() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("[::1]:0");
        let me = std::process::id() as i32;
        let local = tcp.local_addr().unwrap();
        let found = at(local.ip(), local.port(), Transport::Tcp).unwrap();
        assert_eq!(found.len(), 1);
        assert!(holds(me, &found).unwrap());
        assert!(holders(&found).contains(&me));
        assert!(!holds(1, &found).unwrap_or(false));
        assert_eq!(
            at("127.0.0.2".parse().unwrap(), local.port(), Transport::Tcp)
                .unwrap()
                .len(),
            0
        );
        let any = TcpListener::bind(("0.0.0.0", 0)).unwrap();
        let port = any.local_addr().unwrap().port();
        assert_eq!(at(local.ip(), port, Transport::Tcp).unwrap().len(), 1);
        // The socket that is bound to the address gets what is sent there.
        if let Ok(udp) = udp {
            let local = udp.local_addr().unwrap();
            let found = at(local.ip(), local.port(), Transport::Udp).unwrap();
            assert!(holds(me, &found).unwrap());
        }
        drop(tcp);
        assert_eq!(at(local.ip(), local.port(), Transport::Tcp).unwrap().len(), 0);
    }

    #[test]
    fn tables() {
        let rest = "00000000:00000000 00:00000000 00000000     0        0";
        let found = |table: &str, transport| -> Vec<(String, u64)> {
            let table = table.replace("REST", rest);
            let found = parse(&table, transport).into_iter();
            found.map(|one| (one.address.to_string(), one.inode)).collect()
        };
        let tcp = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                   \x20  0: 0100007F:6D71 00000000:0000 0A REST 77 1 0\n\
                   \x20  1: 0100007F:6D72 0100007F:1F90 01 REST 78 1 0\n\
                   \x20  2: 0000000000000000FFFF00000101007F:6D73 00000000:0000 0A REST 79 1 0\n\
                   \x20  3: 00000000000000000000000001000000:6D74 00000000:0000 0A REST 80 1 0\n\
                   garbage\n";
        let listening = [("127.0.0.1:28017", 77), ("127.0.1.1:28019", 79), ("[::1]:28020", 80)];
        assert_eq!(
            found(tcp, Transport::Tcp),
            listening.map(|(address, inode)| (address.to_owned(), inode))
        );
        let udp = "  sl  local_address\n\
                   \x20  7: 00000000000000000000000000000000:6D6F 00000000000000000000000000000000:0000 07 REST 81 2 0\n\
                   \x20  8: 0100007F:6D72 0100007F:1F90 01 REST 82 2 0\n";
        assert_eq!(found(udp, Transport::Udp), [("[::]:28015".to_owned(), 81)]);
    }
}
