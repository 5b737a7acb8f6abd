//! The ping that Minecraft's server list makes.
//!
//! See <https://minecraft.wiki/w/Java_Edition_protocol/Server_List_Ping>: a
//! handshake that asks for the status, and a reply that is JSON.

use serde_json::Value;
use tokio::time::Instant;

use super::exchange::exchange;
use crate::inventory::HostPort;
use crate::supervisor::Players;

/// The longest status, in bytes; it contains an icon.
const STATUS_MAX: usize = 256 * 1024;

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
        (Some(Some(0)), Some(Some(len))) if usize::try_from(len) == Ok(body.len()) => body,
        _ => return Some(Reply::Nonsense),
    };
    let status = serde_json::from_slice::<Value>(text);
    let is_one = |status: &Value| status.get("version").is_some() || status.get("players").is_some();
    Some(match status {
        Ok(status) if is_one(&status) => Reply::Status(players(&status)),
        _ => Reply::Nonsense,
    })
}

fn players(status: &Value) -> Option<Players> {
    let number = |name| u32::try_from(status.get("players")?.get(name)?.as_u64()?).ok();
    Some(Players {
        online: number("online")?,
        max: number("max")?,
    })
}

/// Returns the server's answer, with how many play if the answer says it.
pub(super) async fn query(server: &HostPort, until: Instant) -> Option<Option<Players>> {
    match exchange(server, until, &request(server), understood).await? {
        Reply::Status(players) => Some(players),
        Reply::Nonsense => None,
    }
}

/// Checks that the verdict does not change once there is one.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    if let Some(verdict) = (0..=bytes.len()).find_map(|n| understood(bytes.get(..n)?)) {
        assert_eq!(understood(bytes), Some(verdict));
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
        let players = Players { online: 0, max: 20 };
        assert_eq!(understood(&good), Some(Reply::Status(Some(players))));
        for cut in 0..good.len() {
            assert_eq!(understood(&good[..cut]), None);
        }
        for untold in [
            r#"{"version":{}}"#,
            r#"{"players":{"online":3}}"#,
            r#"{"players":{"online":-1,"max":20}}"#,
            r#"{"players":{"online":1e99,"max":20}}"#,
            r#"{"players":{"online":4294967296,"max":"20"}}"#,
            r#"{"players":[]}"#,
        ] {
            assert_eq!(understood(&reply(untold)), Some(Reply::Status(None)), "{untold}");
        }
        for bad in [
            reply("{}"),
            reply("no json"),
            packet(&[1, 2]),
            vec![0xff; 6],
            b"HTTP/1.1 400 Bad".repeat(9),
        ] {
            assert_eq!(understood(&bad), Some(Reply::Nonsense), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = understood(&bytes);
        }
    }
}
