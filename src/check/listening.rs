//! The ports that are taken on this host, as `/proc/net` shows them.

use std::collections::HashSet;

use crate::inventory::Protocol;

/// Ports with what is spoken there.
pub(super) type Taken = HashSet<(u16, Protocol)>;

/// `TCP_LISTEN` of the kernel's `tcp_states.h`.
const LISTEN: &str = "0A";

/// Returns every port that a process listens on, in the network namespace of this
/// process. A table that cannot be read counts as empty.
pub(super) fn here() -> Taken {
    let mut taken = Taken::new();
    for (name, protocol) in [
        ("tcp", Protocol::Tcp),
        ("tcp6", Protocol::Tcp),
        ("udp", Protocol::Udp),
        ("udp6", Protocol::Udp),
    ] {
        let table = std::fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
        taken.extend(parse(&table, protocol).map(|port| (port, protocol)));
    }
    taken
}

/// Reads a table as `proc_net(5)` describes it. A UDP socket has no state of
/// listening: a socket that is bound to a port, and not connected, has it.
fn parse(table: &str, protocol: Protocol) -> impl Iterator<Item = u16> {
    table.lines().skip(1).filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, remote, state) = (fields.next()?, fields.next()?, fields.next()?);
        let open = match protocol {
            Protocol::Tcp => state == LISTEN,
            Protocol::Udp => remote.ends_with(":0000"),
        };
        let port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        open.then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_and_bound_sockets() {
        let tcp = "  sl  local_address rem_address   st tx_queue rx_queue tr\n\
                   \x20  0: 0100007F:6D71 00000000:0000 0A 00000000:00000000 00:00000000\n\
                   \x20  1: 0100007F:6D72 0100007F:1F90 01 00000000:00000000 00:00000000\n\
                   garbage\n";
        assert_eq!(parse(tcp, Protocol::Tcp).collect::<Vec<_>>(), [28017]);
        let udp = "  sl  local_address rem_address   st\n\
                   \x20  7: 00000000000000000000000000000000:6D6F 00000000000000000000000000000000:0000 07 0\n\
                   \x20  8: 0100007F:6D72 0100007F:1F90 01 0\n";
        assert_eq!(parse(udp, Protocol::Udp).collect::<Vec<_>>(), [28015]);
    }
}
