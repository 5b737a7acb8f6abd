//! Ports for games and fakes, of which no two tests get the same.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// The first and the number of the ports that are given out. They lie below those
/// that a kernel gives to connections, so that nobody's connection takes one before
/// the game does.
const FIRST: u16 = 10_100;
const COUNT: u16 = 22_000;

/// Returns a TCP port that is free, and that no other test of this program gets.
pub fn free_port() -> u16 {
    next(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok())
}

/// Returns such a UDP port.
pub fn free_udp_port() -> u16 {
    next(|port| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok())
}

fn next(is_free: impl Fn(u16) -> bool) -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Programs that run at the same time begin far from each other.
    let begin = std::process::id().wrapping_mul(977) % u32::from(COUNT);
    let mut ports = (0..COUNT).map(|_| {
        let given = u32::from(GIVEN.fetch_add(1, Ordering::Relaxed));
        FIRST + u16::try_from((begin + given) % u32::from(COUNT)).expect("below the count")
    });
    ports.find(|port| is_free(*port)).expect("a free port")
}
