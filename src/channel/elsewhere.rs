//! Servers that listen at another address of this host than the one that is asked.
//! A Source server without `-ip` listens at the address of the host's name, which is
//! 127.0.1.1 on Debian.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use crate::inventory::HostPort;
use crate::sys::listeners::{self, Transport};

/// Returns where on this host something listens at this port, if nothing listens at
/// the address, and that is one of this host.
pub fn elsewhere(address: &HostPort, transport: Transport) -> Option<SocketAddr> {
    let ip = match address.host.parse() {
        Ok(ip) => ip,
        Err(_) if address.host.eq_ignore_ascii_case("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Err(_) => return None,
    };
    let all = listeners::all(transport).unwrap_or_default();
    let listening = all.iter().map(|listener| listener.address);
    let found = other(ip, listening.filter(|server| server.port() == address.port))?;
    // Only an address of this host can be bound.
    UdpSocket::bind((ip, 0)).is_ok().then_some(found)
}

/// Returns the first of the servers, unless one of them is reached by `ip`.
fn other(ip: IpAddr, servers: impl Iterator<Item = SocketAddr>) -> Option<SocketAddr> {
    let servers: Vec<_> = servers.collect();
    let reached = |server: &SocketAddr| server.ip() == ip || server.ip().is_unspecified();
    servers.first().filter(|_| !servers.iter().any(reached)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_reached_is_nowhere_else() {
        for (servers, wanted) in [
            (&["127.0.1.1:9"][..], Some("127.0.1.1:9")),
            (&["127.0.1.1:9", "127.0.0.1:9"], None),
            (&["127.0.1.1:9", "0.0.0.0:9"], None),
            (&["[::]:9"], None),
            (&[], None),
        ] {
            let servers = servers.iter().map(|server| server.parse().unwrap());
            let found = other("127.0.0.1".parse().unwrap(), servers);
            assert_eq!(found.map(|server| server.to_string()).as_deref(), wanted);
        }
    }
}
