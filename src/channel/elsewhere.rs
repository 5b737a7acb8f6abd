//! Servers that listen at another address of this host than the one that is asked.
//! A Source server without `-ip` listens at the address of the host's name, which is
//! 127.0.1.1 on Debian.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::inventory::HostPort;

/// `TCP_LISTEN` of the kernel's `tcp_states.h`.
const LISTEN: &str = "0A";

/// Returns where on this host something listens at this port, if nothing listens at
/// the address, and that is one of this host.
pub fn elsewhere(address: &HostPort) -> Option<SocketAddr> {
    let ip = match address.host.parse() {
        Ok(ip) => ip,
        Err(_) if address.host.eq_ignore_ascii_case("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Err(_) => return None,
    };
    let tables = ["tcp", "tcp6"].map(|name| std::fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default());
    let listening = tables.iter().flat_map(|table| parse(table));
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

/// Reads a table as `proc_net(5)` describes it.
fn parse(table: &str) -> impl Iterator<Item = SocketAddr> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, state) = (fields.next()?, fields.nth(1)?);
        let (ip, port) = local.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (state == LISTEN).then_some(SocketAddr::new(address(ip)?, port))
    })
}

/// Reads an address: words of 32 bits, each in the order of this machine.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16)
            .ok()
            .map(u32::to_ne_bytes)
    };
    match hex.len() {
        8 => Some(IpAddr::from(word(0)?)),
        32 => {
            let bytes = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            let v6 = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
            Some(v6.to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr\n\
                     \x20  0: 0101007F:6D71 00000000:0000 0A 00000000:00000000\n\
                     \x20  1: 0100007F:6D72 0100007F:1F90 01 00000000:00000000\n\
                     \x20  2: 0000000000000000FFFF00000101007F:6D73 00000000:0000 0A\n\
                     \x20  3: 00000000000000000000000001000000:6D74 00000000:0000 0A\n\
                     garbage\n";
        let found: Vec<String> = parse(table).map(|server| server.to_string()).collect();
        assert_eq!(found, ["127.0.1.1:28017", "127.0.1.1:28019", "[::1]:28020"]);
    }

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
