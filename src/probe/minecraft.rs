//! The ping that Minecraft's server list makes.
//!
//! See <https://minecraft.wiki/w/Java_Edition_protocol/Server_List_Ping>: a
//! handshake that asks for the status, and a reply that is JSON; before 1.7 a byte
//! and a reply in UTF-16.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::Instant;

use super::exchange::exchange;
use crate::inventory::HostPort;
use crate::json::{self, Members};
use crate::supervisor::Players;

/// The longest status, in bytes, which is that of a packet. It contains an icon, and
/// all mods.
const STATUS_MAX: usize = (1 << 21) - 1;

/// Encodes a number: seven bits a byte, the low ones first.
fn varint(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Takes a number off. `None` if it is not whole, `Some(None)` if it is not a
/// number.
fn take_varint(bytes: &mut &[u8]) -> Option<Option<u32>> {
    let mut number = 0;
    for at in 0..5 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(Some(number));
        }
    }
    Some(None)
}

fn packet(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [varint(len), body.to_vec()].concat()
}

fn request(address: &HostPort) -> Vec<u8> {
    let mut body = vec![0];
    // -1: whatever version the server is of.
    body.extend(varint(u32::MAX));
    body.extend(packet(address.host.as_bytes()));
    body.extend(address.port.to_be_bytes());
    body.push(1);
    [packet(&body), packet(&[0])].concat()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    /// A status, with the player counts if it has them.
    Status(Option<Players>),
    Nonsense,
}

/// Reads a reply; `None` if it is not whole yet.
fn understood(mut bytes: &[u8]) -> Option<Reply> {
    let Some(len) = take_varint(&mut bytes)?.and_then(|len| usize::try_from(len).ok()) else {
        return Some(Reply::Nonsense);
    };
    if len > STATUS_MAX {
        return Some(Reply::Nonsense);
    }
    let mut body = bytes.get(..len)?;
    let text = match (take_varint(&mut body), take_varint(&mut body)) {
        // Modded servers put more behind it, and some count its characters, not its
        // bytes: what it begins with is the status.
        (Some(Some(0)), Some(Some(len))) => {
            Some(body).filter(|body| usize::try_from(len).is_ok_and(|len| len <= body.len()))
        }
        _ => None,
    };
    let status = text.and_then(Members::read);
    let is_one = |status: &Members| status.has("version") || status.has("players");
    Some(match status {
        Some(status) if is_one(&status) => Reply::Status(players(&status)),
        _ => Reply::Nonsense,
    })
}

fn players(status: &Members) -> Option<Players> {
    let counts = Members::read(status.get("players")?.as_bytes())?;
    let number = |name| u32::try_from(json::whole_number(counts.get(name)?)?).ok();
    Some(Players {
        online: number("online")?,
        max: number("max"),
    })
}

/// The longest text of a server before 1.7, in characters.
const OLD_TEXT_MAX: usize = 1024;

/// Encodes a text as servers before 1.7 want it: its length, and UTF-16.
fn old_text(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let len = u16::try_from(units.len()).unwrap_or(u16::MAX);
    std::iter::once(len).chain(units).flat_map(u16::to_be_bytes).collect()
}

/// Returns the ping of 1.6. Servers before it read its beginning only.
fn old_request(address: &HostPort) -> Vec<u8> {
    const VERSION: u8 = 78;
    let host = old_text(&address.host);
    let about = [&[VERSION], &*host, &u32::from(address.port).to_be_bytes()].concat();
    let len = u16::try_from(about.len()).unwrap_or(u16::MAX);
    [&[0xfe, 1, 0xfa], &*old_text("MC|PingHost"), &len.to_be_bytes(), &about].concat()
}

/// Reads a reply of before 1.7: the reason of a kick, with its length and in UTF-16.
/// `None` if it is not whole yet.
fn old_understood(bytes: &[u8]) -> Option<Reply> {
    let (&kind, bytes) = bytes.split_first()?;
    if kind != 0xff {
        return Some(Reply::Nonsense);
    }
    let (len, text) = bytes
        .split_first_chunk()
        .map(|(len, text)| (u16::from_be_bytes(*len), text))?;
    if usize::from(len) > OLD_TEXT_MAX {
        return Some(Reply::Nonsense);
    }
    let text = text.get(..usize::from(len) * 2)?;
    let units: Vec<u16> = text
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    let text = String::from_utf16_lossy(&units);
    // Since 1.4: a mark, numbers of versions, the message and the counts. Before
    // that the message and the counts, and the message may hold the sign as well.
    let mut words = match text.strip_prefix("\u{a7}1\0") {
        Some(words) => words.rsplit('\0'),
        None => text.rsplit('\u{a7}'),
    };
    let mut number = || words.next()?.parse().ok();
    let (max, online) = (number(), number());
    Some(match (online, max) {
        (Some(online), Some(max)) => Reply::Status(Some(Players { online, max: Some(max) })),
        _ => Reply::Nonsense,
    })
}

/// Returns the server's answer, with how many play if the answer says it.
///
/// A server before 1.7 answers the ping of its own time only. Whoever is silent for
/// a third of the time is asked in that way as well, and whoever answers with
/// nonsense, or closes, at once; then once more in the first way. Notes in
/// `has_answered` that anything came.
pub(super) async fn query(server: &HostPort, until: Instant, has_answered: &AtomicBool) -> Option<Option<Players>> {
    let noting = |understood: fn(&[u8]) -> Option<Reply>| {
        move |bytes: &[u8]| {
            has_answered.store(true, Relaxed);
            understood(bytes)
        }
    };
    let begun = Instant::now();
    let (request, old_request) = (request(server), old_request(server));
    let ask = async || status(exchange(server, until, &request, noting(understood)).await);
    let ask_old = async || status(exchange(server, until, &old_request, noting(old_understood)).await);
    let meanwhile = async {
        tokio::time::sleep_until(begun + (until - begun) / 3).await;
        ask_old().await
    };
    let answer = tokio::select! {
        answer = ask() => answer,
        Some(answer) = meanwhile => Some(answer),
    };
    if answer.is_some() {
        return answer;
    }
    match ask_old().await {
        Some(answer) => Some(answer),
        None => ask().await,
    }
}

fn status(reply: Option<Reply>) -> Option<Option<Players>> {
    match reply? {
        Reply::Status(players) => Some(players),
        Reply::Nonsense => None,
    }
}

/// Checks that the verdict does not change once there is one.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    for understood in [understood, old_understood] {
        if let Some(verdict) = (0..=bytes.len()).find_map(|n| understood(bytes.get(..n)?)) {
            assert_eq!(understood(bytes), Some(verdict));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(text: &str) -> Vec<u8> {
        packet(&[vec![0], packet(text.as_bytes())].concat())
    }

    #[test]
    fn numbers_of_the_protocol() {
        for (number, bytes) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (25565, &[0xdd, 0xc7, 1]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            assert_eq!(varint(number), bytes);
            assert_eq!(take_varint(&mut &*bytes), Some(Some(number)));
        }
        assert_eq!(take_varint(&mut &[0x80; 6][..]), Some(None));
    }

    #[test]
    fn replies() {
        let good = reply(r#"{"version":{"name":"1.21"},"players":{"max":20,"online":0}}"#);
        let players = Players {
            online: 0,
            max: Some(20),
        };
        assert_eq!(understood(&good), Some(Reply::Status(Some(players))));
        for cut in 0..good.len() {
            assert_eq!(understood(&good[..cut]), None);
        }
        for untold in [
            r#"{"version":{}}"#,
            r#"{"players":{"max":3}}"#,
            r#"{"players":{"online":-1,"max":20}}"#,
            r#"{"players":{"online":1e99,"max":20}}"#,
            r#"{"players":{"online":4294967296,"max":"20"}}"#,
            r#"{"players":[]}"#,
        ] {
            assert_eq!(understood(&reply(untold)), Some(Reply::Status(None)), "{untold}");
        }
        let boundless = Players { online: 3, max: None };
        let status = reply(r#"{"players":{"online":3,"max":-1}}"#);
        assert_eq!(understood(&status), Some(Reply::Status(Some(boundless))));
        // What follows the first value is ignored, within its text and behind it.
        let status = br#"{"players":{"max":20,"online":0}}"#;
        for more in [&b"{\"players\":5}"[..], b" junk", b"\0"] {
            let within = reply(&String::from_utf8([status, more].concat()).unwrap());
            let behind = packet(&[&[0], &*packet(status), more].concat());
            for reply in [within, behind] {
                assert_eq!(understood(&reply), Some(Reply::Status(Some(players))), "{reply:?}");
            }
        }
        for lenient in [
            "\u{feff}{\"players\":{\"max\":20,\"online\":0}}".to_owned(),
            "{\"description\":\"a\tb\nc\",\r\n\"players\":{\"max\":20,\"online\":0}}".to_owned(),
            format!(
                r#"{{"players":{{"max":20,"online":0}},"mods":"{}"}}"#,
                "x".repeat(400_000)
            ),
            format!(
                r#"{{"favicon":"{}","players":{{"max":20,"online":0}}}}"#,
                "A".repeat(1_900_000)
            ),
            r#"{"description":["a",{"text":"b","extra":[{"extra":["c"]}]}],"players":{"max":20,"online":0}}"#
                .to_owned(),
            r#"{"description":"\ud83d \udfae","players":{"max":20,"online":0,"sample":"nobody"}}"#.to_owned(),
            r#"{"players":{"max":"20","online":"0","sample":{}}}"#.to_owned(),
            r#"{"players":{"max":20.0,"online":0.00,"sample":[{"name":"\udfae"}]}}"#.to_owned(),
            format!(
                r#"{{"description":{0},"players":{{"sample":{0},"max":20,"online":0}}}}"#,
                "[".repeat(9000) + &"]".repeat(9000)
            ),
            r#"{"players":null,"players":{"max":20,"online":0}}"#.to_owned(),
        ] {
            assert_eq!(understood(&reply(&lenient)), Some(Reply::Status(Some(players))));
        }
        // The length is that of the characters.
        let counted = "{\"description\":\"日本\",\"players\":{\"max\":20,\"online\":0}}";
        let len = u32::try_from(counted.chars().count()).unwrap();
        let counted = packet(&[&[0], &varint(len)[..], counted.as_bytes()].concat());
        assert_eq!(understood(&counted), Some(Reply::Status(Some(players))));
        for bad in [
            packet(&[&[0], &varint(200)[..], status].concat()),
            reply("{}"),
            reply("no json"),
            packet(&[1, 2]),
            vec![0xff; 6],
            b"HTTP/1.1 400 Bad".repeat(9),
        ] {
            assert_eq!(understood(&bad), Some(Reply::Nonsense), "{bad:?}");
        }
    }

    fn kick(text: &str) -> Vec<u8> {
        [&[0xff], &*old_text(text)].concat()
    }

    #[test]
    fn old_replies() {
        let counts = Some(Reply::Status(Some(Players {
            online: 3,
            max: Some(20),
        })));
        let good = kick(&["\u{a7}1", "78", "1.6.4", "Ein Würfel \u{a7}a日本", "3", "20"].join("\0"));
        assert_eq!(old_understood(&good), counts);
        for cut in 0..good.len() {
            assert_eq!(old_understood(&good[..cut]), None);
        }
        assert_eq!(
            old_understood(&kick("A \u{a7}4Minecraft Server\u{a7}3\u{a7}20")),
            counts
        );
        for bad in [
            kick("Outdated client!"),
            kick(&["\u{a7}1", "78", "1.6.4", "message"].join("\0")),
            kick(""),
            kick(&"x".repeat(OLD_TEXT_MAX + 1)),
            b"\x13 and more".to_vec(),
        ] {
            assert_eq!(old_understood(&bad), Some(Reply::Nonsense), "{bad:?}");
        }
    }

    /// Takes one connection after the other, and answers as this says; `None` is
    /// silence.
    async fn server(answer: fn(&[u8], usize) -> Option<Vec<u8>>) -> HostPort {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut silent = Vec::new();
            for nth in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 200];
                let n = stream.read(&mut buffer).await.unwrap();
                match answer(&buffer[..n], nth) {
                    Some(bytes) => stream.write_all(&bytes).await.unwrap(),
                    None => silent.push(stream),
                }
            }
        });
        let host = "127.0.0.1".to_owned();
        HostPort { host, port }
    }

    #[tokio::test(start_paused = true)]
    async fn servers_of_every_time() {
        fn old(asked: &[u8]) -> Option<Vec<u8>> {
            asked.starts_with(&[0xfe]).then(|| kick("a\u{a7}3\u{a7}20"))
        }
        let closes = server(|asked, _| Some(old(asked).unwrap_or_default())).await;
        let waits = server(|asked, _| old(asked)).await;
        let babbles = server(|_, nth| {
            let good = reply(r#"{"players":{"online":3,"max":20}}"#);
            Some(if nth < 2 { vec![0; 64] } else { good })
        });
        let players = Players {
            online: 3,
            max: Some(20),
        };
        for server in [closes, waits, babbles.await] {
            let until = Instant::now() + std::time::Duration::from_secs(3);
            assert_eq!(
                query(&server, until, &AtomicBool::new(false)).await,
                Some(Some(players)),
                "{server}"
            );
        }
        let mute = server(|_, _| None).await;
        let begun = Instant::now();
        assert_eq!(
            query(
                &mute,
                begun + std::time::Duration::from_secs(3),
                &AtomicBool::new(false)
            )
            .await,
            None
        );
        assert_eq!(begun.elapsed().as_secs(), 3);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (understood(&bytes), old_understood(&bytes));
        }
    }
}
