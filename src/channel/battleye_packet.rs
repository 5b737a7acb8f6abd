//! The packets of BattlEye's RCon, as <https://www.battleye.com/downloads/BERConProtocol.txt>
//! has them: `BE`, a checksum of what follows, a byte of ones, the type, and its content.

const HEAD: &[u8] = b"BE";
const MARK: u8 = 0xff;

const LOGIN: u8 = 0;
const COMMAND: u8 = 1;
const MESSAGE: u8 = 2;

/// The first byte of a reply in several parts.
const PARTS: u8 = 0;

/// A packet of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BattleyePacket<'a> {
    /// The answer to a login: whether it was accepted.
    Login(bool),
    /// A part of the reply to the command with this number.
    Reply {
        sequence: u8,
        part: u8,
        parts: u8,
        text: &'a [u8],
    },
    /// A message to everybody, which is to be acknowledged.
    Message { sequence: u8, text: &'a [u8] },
}

/// Reads the packet of a server. Returns `None` for anything else, such as one with a
/// checksum that is wrong.
pub(super) fn read(datagram: &[u8]) -> Option<BattleyePacket<'_>> {
    let rest = datagram.strip_prefix(HEAD)?;
    let (sum, content) = rest.split_at_checked(4)?;
    if u32::from_le_bytes(sum.try_into().ok()?) != crc32fast::hash(content) {
        return None;
    }
    match *content {
        [MARK, LOGIN, accepted @ (0 | 1)] => Some(BattleyePacket::Login(accepted == 1)),
        [MARK, COMMAND, sequence, PARTS, parts, part, ref text @ ..] if part < parts => Some(BattleyePacket::Reply {
            sequence,
            part,
            parts,
            text,
        }),
        [MARK, COMMAND, sequence, ref text @ ..] if text.first() != Some(&PARTS) => Some(BattleyePacket::Reply {
            sequence,
            part: 0,
            parts: 1,
            text,
        }),
        [MARK, MESSAGE, sequence, ref text @ ..] => Some(BattleyePacket::Message { sequence, text }),
        _ => None,
    }
}

/// Returns the packet of this content, which begins with its type.
pub(super) fn packet(content: &[&[u8]]) -> Vec<u8> {
    let content = [&[MARK], content.concat().as_slice()].concat();
    let sum = crc32fast::hash(&content).to_le_bytes();
    [HEAD, &sum, &content].concat()
}

pub(super) fn login(password: &str) -> Vec<u8> {
    packet(&[&[LOGIN], password.as_bytes()])
}

/// Returns a command. An empty one only keeps the login.
pub(super) fn command(sequence: u8, line: &str) -> Vec<u8> {
    packet(&[&[COMMAND, sequence], line.as_bytes()])
}

pub(super) fn acknowledgement(sequence: u8) -> Vec<u8> {
    packet(&[&[MESSAGE, sequence]])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns a packet as a server would send it.
    pub(in crate::channel) fn of_server(content: &[u8]) -> Vec<u8> {
        packet(&[content])
    }

    #[test]
    fn the_packets_of_a_client() {
        let login = login("abc");
        assert_eq!(&login[..2], b"BE");
        // The checksum of these five bytes by zlib.
        assert_eq!(login[2..6], 0xc623_a841_u32.to_le_bytes(), "{:x?}", &login[2..6]);
        assert_eq!(login[6..], *b"\xff\0abc");
        assert_eq!(command(7, "say -1 hi")[6..], *b"\xff\x01\x07say -1 hi");
        assert_eq!(command(7, "")[6..], *b"\xff\x01\x07");
        assert_eq!(acknowledgement(9)[6..], *b"\xff\x02\x09");
    }

    #[test]
    fn the_packets_of_a_server() {
        let reply = |sequence, part, parts, text| {
            Some(BattleyePacket::Reply {
                sequence,
                part,
                parts,
                text,
            })
        };
        for (content, wanted) in [
            (&b"\x00\x01"[..], Some(BattleyePacket::Login(true))),
            (b"\x00\x00", Some(BattleyePacket::Login(false))),
            (b"\x00", None),
            (b"\x00\x02", None),
            (b"\x00\x01x", None),
            (b"\x01\x05", reply(5, 0, 1, b"")),
            (b"\x01\x05Players", reply(5, 0, 1, b"Players")),
            (b"\x01\x05\x00\x03\x02tail", reply(5, 2, 3, b"tail")),
            (b"\x01\x05\x00\x03\x03tail", None),
            (b"\x01\x05\x00\x00\x00tail", None),
            (b"\x01\x05\x00\x03", None),
            (b"\x01", None),
            (
                b"\x02\x09hello",
                Some(BattleyePacket::Message {
                    sequence: 9,
                    text: b"hello",
                }),
            ),
            (b"\x02", None),
            (b"\x03\x09", None),
            (b"", None),
        ] {
            let datagram = of_server(content);
            assert_eq!(read(&datagram), wanted, "{content:x?}");
            for at in 0..datagram.len() {
                let mut wrong = datagram.clone();
                wrong[at] ^= 0x20;
                assert_eq!(read(&wrong), None, "{content:x?} at {at}");
            }
            assert_eq!(read(&datagram[..datagram.len() - 1]), None, "{content:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(read(&bytes), None);
            let _ = read(&of_server(&bytes));
        }
    }
}
