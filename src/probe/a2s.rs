//! The query that Steam's server browser makes: A2S_INFO.
//!
//! See <https://developer.valvesoftware.com/wiki/Server_queries>. A server may
//! ask for a challenge first, so that it is no amplifier for forged addresses.

use std::sync::atomic::AtomicBool;

use super::datagram::{self, Datagram};
use crate::inventory::HostPort;
use crate::supervisor::Players;

const INFO: &[u8] = b"\xff\xff\xff\xffTSource Engine Query\0";

fn understood(bytes: &[u8]) -> Datagram {
    match bytes {
        [0xff, 0xff, 0xff, 0xff, b'A', a, b, c, d] => Datagram::Ask([INFO, &[*a, *b, *c, *d]].concat()),
        // The version of the protocol, then a name; or the first part of an
        // answer that is split over several packets.
        [0xff, 0xff, 0xff, 0xff, b'I', _, name @ ..] if name.contains(&0) => Datagram::Answer(players(name)),
        [0xff, 0xff, 0xff, 0xff, b'm', address @ ..] if address.contains(&0) => Datagram::Answer(old_players(address)),
        [0xfe, 0xff, 0xff, 0xff, rest @ ..] if rest.len() >= 8 => Datagram::Answer(None),
        _ => Datagram::Nonsense,
    }
}

/// The number of the game that tells three more bytes than others: The Ship.
const THE_SHIP: [u8; 2] = 2400_u16.to_le_bytes();

/// Reads the player counts: they stand behind the name, the map, the folder and
/// the game, each with its end, and the number of the game. A byte each does not
/// hold more than 255: where the keywords tell of more, they are right.
fn players(mut rest: &[u8]) -> Option<Players> {
    for _ in 0..4 {
        text(&mut rest)?;
    }
    let [a, b, online, max, rest @ ..] = rest else {
        return None;
    };
    let counted = Players {
        online: (*online).into(),
        max: Some((*max).into()),
    };
    let told = keywords(rest, [*a, *b] == THE_SHIP).map(|words| told_players(words, counted));
    Some(
        told.filter(|told| told.online.max(told.max.unwrap_or(0)) > 255)
            .unwrap_or(counted),
    )
}

/// Takes a text off, without the NUL that ends it.
fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = rest.get(..end)?;
    *rest = rest.get(end + 1..)?;
    Some(text)
}

/// Finds the keywords: behind the numbers, the version and what the flags tell of.
fn keywords(rest: &[u8], is_the_ship: bool) -> Option<&[u8]> {
    const PORT: u8 = 0x80;
    const STEAM_ID: u8 = 0x10;
    const SPECTATORS: u8 = 0x40;
    const KEYWORDS: u8 = 0x20;
    // Bots, type, system, visibility and protection.
    let mut rest = rest.get(if is_the_ship { 8 } else { 5 }..)?;
    text(&mut rest)?;
    let (flags, mut rest) = rest.split_first()?;
    for (flag, len) in [(PORT, 2), (STEAM_ID, 8), (SPECTATORS, 2)] {
        if flags & flag != 0 {
            rest = rest.get(len..)?;
        }
    }
    if flags & SPECTATORS != 0 {
        text(&mut rest)?;
    }
    (flags & KEYWORDS != 0)
        .then_some(rest)
        .and_then(|mut rest| text(&mut rest))
}

/// Reads `cp` and `mp`, the counts among the keywords of Rust.
fn told_players(keywords: &[u8], counted: Players) -> Players {
    let number = |name: &str| {
        let mut words = keywords.split(|byte| *byte == b',');
        words.find_map(|word| std::str::from_utf8(word).ok()?.trim().strip_prefix(name)?.parse().ok())
    };
    Players {
        online: number("cp").unwrap_or(counted.online),
        max: number("mp").or(counted.max),
    }
}

/// Reads the player counts of an old GoldSource server: they stand behind its
/// address, the name, the map, the folder and the game.
fn old_players(mut rest: &[u8]) -> Option<Players> {
    for _ in 0..5 {
        text(&mut rest)?;
    }
    match rest {
        [online, max, ..] => Some(Players {
            online: (*online).into(),
            max: Some((*max).into()),
        }),
        _ => None,
    }
}

/// Asks a server; see [`datagram::query`].
pub(super) async fn query(server: &HostPort, has_answered: &AtomicBool) -> Option<Option<Players>> {
    datagram::query(server, INFO, understood, has_answered).await
}

/// An answer that is cut is never a different one.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    if let Datagram::Ask(question) = understood(bytes) {
        assert!(question.len() == INFO.len() + 4 && bytes.ends_with(question.get(INFO.len()..).unwrap_or_default()));
        assert_eq!(understood(bytes.get(..8).unwrap_or_default()), Datagram::Nonsense);
    }
}

#[cfg(test)]
mod tests {
    use super::super::datagram::AGAIN;
    use super::*;
    use std::time::Duration;
    use tokio::net::UdpSocket;
    use tokio::time::Instant;

    #[test]
    fn kinds_of_answers() {
        assert_eq!(
            understood(b"\xff\xff\xff\xffA\x01\x02\x03\x04"),
            Datagram::Ask([INFO, &[1, 2, 3, 4]].concat())
        );
        assert_eq!(understood(b"\xff\xff\xff\xffI\x11name\0map\0"), Datagram::Answer(None));
        let whole = b"\xff\xff\xff\xffI\x11name\0map\0\0game\0\xfc\x00\x03\xff\x01dl";
        let players = Players {
            online: 3,
            max: Some(255),
        };
        assert_eq!(understood(whole), Datagram::Answer(Some(players)));
        for cut in 11..whole.len() {
            let told = (cut > 24).then_some(players);
            assert_eq!(understood(&whole[..cut]), Datagram::Answer(told), "{cut}");
        }
        for bytes in [
            &b""[..],
            b"\xff\xff\xff\xff",
            b"\xff\xff\xff\xffA\x01",
            b"\xff\xff\xff\xffI\x11name",
            b"hello",
        ] {
            assert_eq!(understood(bytes), Datagram::Nonsense, "{bytes:?}");
        }
    }

    /// Returns what it has heard, and its socket: what it is asked later is not answered.
    async fn server(answers: Vec<&'static [u8]>) -> (HostPort, tokio::task::JoinHandle<(Vec<Vec<u8>>, UdpSocket)>) {
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
            (heard, socket)
        });
        (HostPort { host, port }, task)
    }

    #[tokio::test]
    async fn a_challenge_is_answered() {
        let (address, task) = server(vec![b"\xff\xff\xff\xffAabcd", b"\xff\xff\xff\xffI\x11name\0"]).await;
        assert!(query(&address, &AtomicBool::new(false)).await.is_some());
        let (heard, _) = task.await.unwrap();
        assert_eq!(heard[0], INFO);
        assert_eq!(heard[1], [INFO, b"abcd"].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn endless_challenges_and_silence_are_no_answer() {
        let (address, task) = server(vec![b"\xff\xff\xff\xffAabcd", b"\xff\xff\xff\xffAefgh", b""]).await;
        let any = AtomicBool::new(false);
        let asked = tokio::time::timeout(std::time::Duration::from_secs(2), query(&address, &any));
        assert_eq!(asked.await.ok(), None);
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_again_at_once_upon_nonsense_and_later_upon_silence() {
        const GOOD: &[u8] = b"\xff\xff\xff\xffI\x11name\0";
        const NONE: &[u8] = &[0; 64];
        let ask = async |socket: &UdpSocket| {
            let asked = query_of(socket);
            tokio::time::timeout(Duration::from_secs(2), asked).await.ok().flatten()
        };
        let (address, task) = server(vec![NONE, b"", b"\xff\xff\xff\xffA1234", NONE, GOOD]).await;
        let begun = Instant::now();
        assert!(query(&address, &AtomicBool::new(false)).await.is_some());
        assert!(begun.elapsed() < AGAIN, "{:?}", begun.elapsed());
        assert_eq!(task.await.unwrap().0.last().unwrap(), &[INFO, b"1234"].concat());
        // Whoever answers with nonsense for ever is not asked for ever.
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let answering = async {
            let (mut buffer, mut heard) = ([0; 100], 0_u32);
            loop {
                let (_, from) = socket.recv_from(&mut buffer).await.unwrap();
                heard += 1;
                if heard > 100 {
                    return;
                }
                socket.send_to(NONE, from).await.unwrap();
            }
        };
        tokio::select! {
            answer = ask(&socket) => assert_eq!(answer, None),
            () = answering => panic!("it is asked too often"),
        }
        // One that loses the first questions is asked on.
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let answering = async {
            let mut buffer = [0; 100];
            for _ in 0..3 {
                socket.recv_from(&mut buffer).await.unwrap();
            }
            let (_, from) = socket.recv_from(&mut buffer).await.unwrap();
            socket.send_to(GOOD, from).await.unwrap();
        };
        let begun = Instant::now();
        let (answer, ()) = tokio::join!(ask(&socket), answering);
        assert_eq!(answer, Some(None));
        assert_eq!(begun.elapsed().as_millis() / 100, 15);
    }

    async fn query_of(socket: &UdpSocket) -> Option<Option<Players>> {
        let port = socket.local_addr().unwrap().port();
        let host = "127.0.0.1".to_owned();
        query(&HostPort { host, port }, &AtomicBool::new(false)).await
    }

    #[test]
    fn more_players_than_a_byte_holds() {
        let told = |game: u16, numbers: &[u8], flags: u8, rest: &[u8]| {
            let head = b"\xff\xff\xff\xffI\x11name\0map\0folder\0game\0";
            let bytes = [head, &game.to_le_bytes()[..], numbers, b"1.0\0", &[flags], rest].concat();
            let Datagram::Answer(Some(players)) = understood(&bytes) else {
                panic!("{bytes:?}");
            };
            (players.online, players.max.unwrap())
        };
        let few = [11, 44, 0, b'd', b'l', 0, 1];
        let keywords = b"mp300,cp267,qp14,v2546\0";
        for (flags, before) in [
            (0x20, &b""[..]),
            (0xa0, b"\x01\x02"),
            (0xb1, b"\x01\x0212345678"),
            (0xf1, b"\x01\x0212345678\x03\x04tv\0"),
        ] {
            let rest = [before, keywords, b"87654321"].concat();
            assert_eq!(told(0, &few, flags, &rest), (267, 300), "{flags:x}");
            // Cut short, it is as if there were none.
            assert_eq!(told(0, &few, flags, &rest[..before.len() + 5]), (11, 44));
        }
        assert_eq!(told(0, &[12, 44, 0, 0, 0, 0, 1], 0x20, b"cp12,mp300\0"), (12, 300));
        // Words of other games mean something else.
        for other in [&b"cp,ctf,mp_x,cp3,mp4\0"[..], b"cp-300,mp99999999999\0", b"\0", b""] {
            assert_eq!(told(0, &few, 0x20, other), (11, 44));
        }
        assert_eq!(told(0, &few, 0x80, keywords), (11, 44), "no keywords are told of");
        let ship = [11, 44, 0, b'd', b'l', 0, 1, 0, 0, 0];
        assert_eq!(told(2400, &ship, 0x20, keywords), (267, 300));
    }

    #[test]
    fn the_answer_of_an_old_server() {
        let whole = b"\xff\xff\xff\xffm127.0.0.1:27015\0name\0map\0cstrike\0Counter-Strike\0\x03\x20\x2fdl";
        assert_eq!(
            understood(whole),
            Datagram::Answer(Some(Players {
                online: 3,
                max: Some(32)
            }))
        );
        assert_eq!(understood(&whole[..30]), Datagram::Answer(None));
    }
}
