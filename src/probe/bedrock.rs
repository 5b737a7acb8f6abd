//! The ping of Minecraft, Bedrock Edition: an unconnected ping of RakNet. See
//! <https://minecraft.wiki/w/RakNet#Unconnected_Ping>.

use super::datagram::Datagram;
use crate::supervisor::Players;

/// The bytes by which offline messages of RakNet are known.
const MAGIC: [u8; 16] = [
    0x00, 0xff, 0xff, 0x00, 0xfe, 0xfe, 0xfe, 0xfe, 0xfd, 0xfd, 0xfd, 0xfd, 0x12, 0x34, 0x56, 0x78,
];

const PING: u8 = 0x01;
const PONG: u8 = 0x1c;

/// The bytes of a time, and of the name of a client or a server.
const WORD: usize = 8;

/// Returns the question: a time, which comes back, and a client's name.
pub(super) fn question() -> Vec<u8> {
    let mut ping = vec![PING];
    ping.extend([0; WORD]);
    ping.extend(MAGIC);
    ping.extend(*b"gamectl\0");
    ping
}

pub(super) fn understood(bytes: &[u8]) -> Datagram {
    let text = bytes
        .strip_prefix(&[PONG])
        .and_then(|rest| rest.get(2 * WORD..))
        .and_then(|rest| rest.strip_prefix(&MAGIC));
    match text {
        // Its length comes first. A server without a text is one all the same.
        Some([_, _, text @ ..]) => Datagram::Answer(players(text)),
        Some(_) => Datagram::Answer(None),
        None => Datagram::Nonsense,
    }
}

/// Reads the counts by their places: edition, name, protocol, version, online, room. The
/// name may hold a `;` behind a `\`.
fn players(text: &[u8]) -> Option<Players> {
    let text = String::from_utf8_lossy(text);
    let mut fields = vec![String::new()];
    let mut is_escaped = false;
    for c in text.chars() {
        match (c, fields.last_mut()) {
            (';', _) if !is_escaped => fields.push(String::new()),
            (c, Some(field)) => field.push(c),
            (_, None) => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    let number = |at: usize| fields.get(at)?.trim().parse().ok();
    Some(Players {
        online: number(4)?,
        max: number(5),
    })
}

/// An answer says nothing else when it is read from a copy.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    if let Datagram::Answer(Some(_)) = understood(bytes) {
        assert!(bytes.len() > 2 * WORD + MAGIC.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pong(text: &str) -> Vec<u8> {
        let len = u16::try_from(text.len()).unwrap();
        [&[PONG][..], &[0; 16], &MAGIC, &len.to_be_bytes(), text.as_bytes()].concat()
    }

    #[test]
    fn kinds_of_answers() {
        let counted = |online, max| Datagram::Answer(Some(Players { online, max }));
        let whole = "MCPE;A server;2169;1.26.45;3;20;-893;level;Creative;1;19132;19133;0;";
        assert_eq!(understood(&pong(whole)), counted(3, Some(20)));
        for (text, wanted) in [
            ("MCEE;a\\;b;1;2;0;5", counted(0, Some(5))),
            ("MCPE;a;1;2;7", counted(7, None)),
            ("MCPE;a;1;2;7;many", counted(7, None)),
            ("MCPE;a;1;2;many;20", Datagram::Answer(None)),
            ("MCPE;a;1;2;-1;20", Datagram::Answer(None)),
            ("", Datagram::Answer(None)),
        ] {
            assert_eq!(understood(&pong(text)), wanted, "{text}");
        }
        let bytes = pong(whole);
        for cut in 0..33 {
            assert_eq!(understood(&bytes[..cut]), Datagram::Nonsense, "{cut}");
        }
        for cut in 33..bytes.len() {
            assert!(matches!(understood(&bytes[..cut]), Datagram::Answer(_)), "{cut}");
        }
        assert_eq!(
            understood(b"\x1c hello, who is there? and so on, and so on"),
            Datagram::Nonsense
        );
    }

    #[test]
    fn the_question_is_a_ping() {
        let question = question();
        assert_eq!((question.len(), question[0]), (33, 1));
        assert_eq!(question[9..25], MAGIC);
    }
}
