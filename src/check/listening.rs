//! The ports that are taken on this host.

use std::collections::HashSet;

use crate::inventory::Protocol;
use crate::sys::listeners::{self, Transport};

/// Ports with what is spoken there.
pub(super) type Taken = HashSet<(u16, Protocol)>;

/// Returns every port that a process listens on, in the network namespace of this
/// process. Where that cannot be read there are none.
pub(super) fn here() -> Taken {
    let kinds = [(Transport::Tcp, Protocol::Tcp), (Transport::Udp, Protocol::Udp)];
    let taken = kinds.into_iter().flat_map(|(transport, protocol)| {
        let all = listeners::all(transport).unwrap_or_default().into_iter();
        all.map(move |listener| (listener.address.port(), protocol))
    });
    taken.collect()
}
