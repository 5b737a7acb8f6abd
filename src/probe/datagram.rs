//! A server that is asked by one datagram, and again where that is lost.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::channel::resolve;
use crate::inventory::HostPort;
use crate::supervisor::Players;

/// The bytes of an answer that are read.
const ANSWER_MAX: usize = 1400;

/// A server that has not answered is asked again after this time.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// The questions that one attempt asks at once, upon a challenge or nonsense: what
/// answers with nothing else is not asked as fast as it answers.
const AT_ONCE_MAX: u32 = 10;

/// The meaning of a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Datagram {
    /// The answer, with how many play, where that could be read.
    Answer(Option<Players>),
    /// A challenge: this is to be asked.
    Ask(Vec<u8>),
    Nonsense,
}

/// Returns the first answer of any of its addresses, with how many play if the
/// answer says it. Notes in `has_answered` that anything came. Has no limit.
pub(super) async fn query(
    server: &HostPort,
    question: &[u8],
    understood: fn(&[u8]) -> Datagram,
    has_answered: &AtomicBool,
) -> Option<Option<Players>> {
    for ip in resolve::addresses(&server.host).await {
        let server = SocketAddr::new(ip, server.port);
        if let Ok(players) = ask(server, question, understood, has_answered).await {
            return Some(players);
        }
    }
    None
}

async fn ask(
    server: SocketAddr,
    question: &[u8],
    understood: fn(&[u8]) -> Datagram,
    has_answered: &AtomicBool,
) -> io::Result<Option<Players>> {
    let any = match server.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    // From here on only this server is heard.
    socket.connect(server).await?;
    let mut question = question.to_vec();
    let mut at_once = AT_ONCE_MAX;
    let mut buffer = [0; ANSWER_MAX];
    loop {
        socket.send(&question).await?;
        // A datagram may be lost, and an answer be nonsense.
        let again_at = Instant::now() + AGAIN;
        while let Ok(n) = timeout_at(again_at, socket.recv(&mut buffer)).await {
            let n = n?;
            has_answered.store(true, Relaxed);
            match understood(buffer.get(..n).unwrap_or_default()) {
                Datagram::Answer(players) => return Ok(players),
                Datagram::Ask(next) => question = next,
                Datagram::Nonsense => {}
            }
            if at_once > 0 {
                at_once -= 1;
                break;
            }
        }
    }
}
