//! The query protocols of GameSpy, of which games before 2012 have one. The service is
//! gone; the servers answer all the same.

use super::datagram::Datagram;
use crate::inventory::GamespyVersion;
use crate::supervisor::Players;

/// The number of a question, which comes back.
const NUMBER: [u8; 4] = *b"gctl";

const ONE: &[u8] = b"\\info\\";

/// The second and the third protocol ask for the facts of the server alone, and that in
/// one datagram.
const TWO: [u8; 10] = [0xfe, 0xfd, 0, b'g', b'c', b't', b'l', 0xff, 0, 0];
const THREE: [u8; 7] = [0xfe, 0xfd, 9, b'g', b'c', b't', b'l'];

/// A third protocol puts this in front of its facts, with a number and a kind.
const SPLIT: &[u8] = b"splitnum\0";

pub(super) fn question(version: GamespyVersion) -> &'static [u8] {
    match version {
        GamespyVersion::One => ONE,
        GamespyVersion::Two => &TWO,
        GamespyVersion::Three => &THREE,
    }
}

pub(super) fn reader(version: GamespyVersion) -> fn(&[u8]) -> Datagram {
    match version {
        GamespyVersion::One => one,
        GamespyVersion::Two => two,
        GamespyVersion::Three => three,
    }
}

/// Reads `\key\value\key\value\final\`.
fn one(bytes: &[u8]) -> Datagram {
    match bytes.strip_prefix(b"\\") {
        Some(rest) if rest.contains(&b'\\') => Datagram::Answer(players(rest.split(|byte| *byte == b'\\'))),
        _ => Datagram::Nonsense,
    }
}

fn two(bytes: &[u8]) -> Datagram {
    match bytes.split_first_chunk::<5>() {
        Some(([0, number @ ..], facts)) if *number == NUMBER => {
            Datagram::Answer(players(facts.split(|byte| *byte == 0)))
        }
        _ => Datagram::Nonsense,
    }
}

fn three(bytes: &[u8]) -> Datagram {
    match bytes.split_first_chunk::<5>() {
        Some(([9, number @ ..], challenge)) if *number == NUMBER => match challenge_of(challenge) {
            Some(challenge) => Datagram::Ask(
                [
                    &[0xfe, 0xfd, 0][..],
                    &NUMBER,
                    &challenge.to_be_bytes(),
                    &[0xff, 0, 0, 1],
                ]
                .concat(),
            ),
            None => Datagram::Nonsense,
        },
        Some(([0, number @ ..], facts)) if *number == NUMBER => {
            let facts = match facts.strip_prefix(SPLIT) {
                Some([_, _, facts @ ..]) => facts,
                Some(_) => &[],
                None => facts,
            };
            Datagram::Answer(players(facts.split(|byte| *byte == 0)))
        }
        _ => Datagram::Nonsense,
    }
}

/// Reads a challenge: a number in digits, which may be negative. Servers that want none
/// give none.
fn challenge_of(text: &[u8]) -> Option<i32> {
    let digits = text.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(digits).ok()?.trim() {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}

/// Reads the counts among keys that are followed by their values.
fn players<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> Option<Players> {
    let number = |value: &[u8]| std::str::from_utf8(value).ok()?.trim().parse().ok();
    let (mut online, mut max) = (None, None);
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        if key.eq_ignore_ascii_case(b"numplayers") {
            online = online.or(number(value));
        } else if key.eq_ignore_ascii_case(b"maxplayers") {
            max = max.or(number(value));
        }
    }
    online.map(|online| Players { online, max })
}

/// Checks that an answer to one protocol is none to another, but for those whose frame is
/// the same.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let is_answer = |read: fn(&[u8]) -> Datagram| matches!(read(bytes), Datagram::Answer(_));
    assert!(!(is_answer(one) && (is_answer(two) || is_answer(three))));
    assert_eq!(is_answer(two), is_answer(three));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(online: u32, max: Option<u32>) -> Datagram {
        Datagram::Answer(Some(Players { online, max }))
    }

    #[test]
    fn the_first_protocol() {
        let whole = br"\hostname\A server\numplayers\3\maxplayers\16\final\\queryid\1.1";
        assert_eq!(one(whole), counted(3, Some(16)));
        for (bytes, wanted) in [
            (&br"\numplayers\0"[..], counted(0, None)),
            (br"\NumPlayers\ 7 \maxplayers\x", counted(7, None)),
            (br"\hostname\numplayers\3\x", Datagram::Answer(None)),
            (br"\numplayers\-1\maxplayers\9", Datagram::Answer(None)),
            (br"\final\", Datagram::Answer(None)),
            (b"\\", Datagram::Nonsense),
            (b"", Datagram::Nonsense),
            (b"numplayers\\3", Datagram::Nonsense),
        ] {
            assert_eq!(one(bytes), wanted, "{bytes:?}");
        }
        for cut in 0..whole.len() {
            let read = one(&whole[..cut]);
            assert!(matches!(read, Datagram::Nonsense | Datagram::Answer(_)));
        }
    }

    #[test]
    fn the_second_protocol() {
        assert_eq!(
            two(b"\0gctlhostname\0A server\0numplayers\x003\0maxplayers\x0016\0\0\0"),
            counted(3, Some(16))
        );
        assert_eq!(two(b"\0gctlnumplayers\x003"), counted(3, None));
        assert_eq!(two(b"\0gctl"), Datagram::Answer(None));
        for bytes in [
            &b"\0gct"[..],
            b"\0abcdnumplayers\x003\0",
            b"\x09gctlnumplayers\x003\0",
            b"",
        ] {
            assert_eq!(two(bytes), Datagram::Nonsense, "{bytes:?}");
        }
    }

    #[test]
    fn the_third_protocol() {
        let asks = |challenge: [u8; 4]| Datagram::Ask([&b"\xfe\xfd\0gctl"[..], &challenge, b"\xff\0\0\x01"].concat());
        assert_eq!(three(b"\x09gctl-2\0"), asks([0xff, 0xff, 0xff, 0xfe]));
        assert_eq!(three(b"\x09gctl9513307\0"), asks([0, 0x91, 0x29, 0x5b]));
        assert_eq!(three(b"\x09gctl\0"), asks([0; 4]));
        assert_eq!(three(b"\x09gctlmany\0"), Datagram::Nonsense);
        let facts = b"\0gctlsplitnum\0\x80\0hostname\0A\0numplayers\x003\0maxplayers\x0016\0\0";
        assert_eq!(three(facts), counted(3, Some(16)));
        assert_eq!(three(b"\0gctlnumplayers\x002\0"), counted(2, None));
        assert_eq!(three(b"\0gctlsplitnum\0\x80"), Datagram::Answer(None));
        assert_eq!(three(b"\0other"), Datagram::Nonsense);
    }
}
