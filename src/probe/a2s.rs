//! The query that Steam's server browser makes: A2S_INFO.
//!
//! See <https://developer.valvesoftware.com/wiki/Server_queries>. A server may
//! ask for a challenge first, so that it is no amplifier for forged addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

use crate::channel::resolve;
use crate::inventory::HostPort;
use crate::supervisor::Players;

const INFO: &[u8] = b"\xff\xff\xff\xffTSource Engine Query\0";

/// The bytes of an answer that are read.
const ANSWER_MAX: usize = 1400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// With how many play, where that could be read.
    Info(Option<Players>),
    Challenge([u8; 4]),
    Nonsense,
}

fn understood(bytes: &[u8]) -> Answer {
    match bytes {
        [0xff, 0xff, 0xff, 0xff, b'A', a, b, c, d] => Answer::Challenge([*a, *b, *c, *d]),
        // The version of the protocol, then a name; or the first part of an
        // answer that is split over several packets.
        [0xff, 0xff, 0xff, 0xff, b'I', _, name @ ..] if name.contains(&0) => Answer::Info(players(name)),
        [0xfe, 0xff, 0xff, 0xff, rest @ ..] if rest.len() >= 8 => Answer::Info(None),
        _ => Answer::Nonsense,
    }
}

/// Reads the player counts: they stand behind the name, the map, the folder and
/// the game, each with its end, and the number of the game.
fn players(mut rest: &[u8]) -> Option<Players> {
    for _ in 0..4 {
        let end = rest.iter().position(|byte| *byte == 0)?;
        rest = rest.get(end + 1..)?;
    }
    match rest {
        [_, _, online, max, ..] => Some(Players {
            online: (*online).into(),
            max: (*max).into(),
        }),
        _ => None,
    }
}

/// Returns the first answer of any of its addresses, with how many play if the
/// answer says it. Has no limit.
pub(super) async fn query(server: &HostPort) -> Option<Option<Players>> {
    for ip in resolve::addresses(&server.host).await {
        if let Ok(info) = ask(SocketAddr::new(ip, server.port)).await {
            return Some(info);
        }
    }
    None
}

async fn ask(server: SocketAddr) -> std::io::Result<Option<Players>> {
    let any = match server.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    // From here on only this server is heard.
    socket.connect(server).await?;
    socket.send(INFO).await?;
    let mut buffer = [0; ANSWER_MAX];
    let mut challenged = false;
    loop {
        let n = socket.recv(&mut buffer).await?;
        match understood(buffer.get(..n).unwrap_or_default()) {
            Answer::Info(players) => return Ok(players),
            Answer::Challenge(challenge) if !challenged => {
                challenged = true;
                socket.send(&[INFO, &challenge].concat()).await?;
            }
            Answer::Challenge(_) | Answer::Nonsense => {}
        }
    }
}

/// An answer that is cut is never a different one.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    if let Answer::Challenge(challenge) = understood(bytes) {
        assert!(bytes.ends_with(&challenge));
        assert_eq!(understood(bytes.get(..8).unwrap_or_default()), Answer::Nonsense);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_answers() {
        assert_eq!(
            understood(b"\xff\xff\xff\xffA\x01\x02\x03\x04"),
            Answer::Challenge([1, 2, 3, 4])
        );
        assert_eq!(understood(b"\xff\xff\xff\xffI\x11name\0map\0"), Answer::Info(None));
        let whole = b"\xff\xff\xff\xffI\x11name\0map\0\0game\0\xfc\x00\x03\xff\x01dl";
        let players = Players { online: 3, max: 255 };
        assert_eq!(understood(whole), Answer::Info(Some(players)));
        for cut in 11..whole.len() {
            let told = (cut > 24).then_some(players);
            assert_eq!(understood(&whole[..cut]), Answer::Info(told), "{cut}");
        }
        for bytes in [
            &b""[..],
            b"\xff\xff\xff\xff",
            b"\xff\xff\xff\xffA\x01",
            b"\xff\xff\xff\xffI\x11name",
            b"hello",
        ] {
            assert_eq!(understood(bytes), Answer::Nonsense, "{bytes:?}");
        }
    }

    async fn server(answers: Vec<&'static [u8]>) -> (HostPort, tokio::task::JoinHandle<Vec<Vec<u8>>>) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let host = "127.0.0.1".to_owned();
        let task = tokio::spawn(async move {
            let mut heard = Vec::new();
            let mut buffer = [0; 100];
            for answer in answers {
                let (n, from) = socket.recv_from(&mut buffer).await.unwrap();
                heard.push(buffer[..n].to_vec());
                socket.send_to(answer, from).await.unwrap();
            }
            heard
        });
        (HostPort { host, port }, task)
    }

    #[tokio::test]
    async fn a_challenge_is_answered() {
        let (address, task) = server(vec![b"\xff\xff\xff\xffAabcd", b"\xff\xff\xff\xffI\x11name\0"]).await;
        assert!(query(&address).await.is_some());
        let heard = task.await.unwrap();
        assert_eq!(heard[0], INFO);
        assert_eq!(heard[1], [INFO, b"abcd"].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn endless_challenges_and_silence_are_no_answer() {
        let (address, task) = server(vec![b"\xff\xff\xff\xffAabcd", b"\xff\xff\xff\xffAefgh", b""]).await;
        let asked = tokio::time::timeout(std::time::Duration::from_secs(2), query(&address));
        assert_eq!(asked.await.ok(), None);
        task.abort();
    }
}
