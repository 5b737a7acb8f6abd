//! The packets of Source RCON.
//!
//! See <https://developer.valvesoftware.com/wiki/Source_RCON_Protocol>: four
//! little-endian numbers of 32 bits (the size of what follows, an id, a type),
//! a text that ends in NUL, and an empty text that does too.

pub(super) const AUTH: i32 = 3;
/// Type of the answer to a login, and (from us) of a command: the same number.
pub(super) const AUTH_RESPONSE: i32 = 2;
pub(super) const COMMAND: i32 = 2;
pub(super) const RESPONSE: i32 = 0;

/// Type of what the console of Rust says.
pub(super) const CONSOLE: i32 = 4;

/// The id of the answer to a login with a wrong password.
pub(super) const REFUSED: i32 = -1;

/// The head after the size, and the two NULs.
const SIZE_MIN: usize = 10;

/// The protocol says 4096, and servers send more. In bytes.
const SIZE_MAX: usize = 256 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) id: i32,
    pub(super) kind: i32,
    pub(super) body: Vec<u8>,
}

impl Packet {
    pub(super) fn new(id: i32, kind: i32, body: &str) -> Self {
        Self {
            id,
            kind,
            body: body.as_bytes().to_vec(),
        }
    }

    /// Returns true for the answer to a login with this id: some servers repeat the
    /// type of the login instead of giving that of an answer.
    pub(super) fn accepts(&self, login: i32) -> bool {
        self.id == login && matches!(self.kind, AUTH_RESPONSE | AUTH)
    }

    /// Returns true for the answer to who is not logged in.
    pub(super) fn is_refusal(&self) -> bool {
        self.id == REFUSED && self.kind == AUTH_RESPONSE
    }

    /// Returns true for what the server says unasked, to everybody.
    pub(super) fn is_push(&self) -> bool {
        self.id == REFUSED || self.kind == CONSOLE
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let size = u32::try_from(self.body.len() + SIZE_MIN).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(self.body.len() + SIZE_MIN + 4);
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&self.kind.to_le_bytes());
        bytes.extend_from_slice(&self.body);
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotRcon;

/// Takes packets from a stream of bytes, however it is cut into pieces.
#[derive(Debug, Default)]
pub(super) struct PacketDecoder {
    buffer: Vec<u8>,
}

impl PacketDecoder {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next packet, once all of it is there. Call it until it returns
    /// `None` before reading more, so that the buffer stays small.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, NotRcon> {
        let Some(size) = number(&self.buffer, 0) else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(|_| NotRcon)?;
        if !(SIZE_MIN..=SIZE_MAX).contains(&size) {
            return Err(NotRcon);
        }
        if self.buffer.len() < size + 4 {
            return Ok(None);
        }
        let (Some(id), Some(kind)) = (number(&self.buffer, 4), number(&self.buffer, 8)) else {
            return Err(NotRcon);
        };
        // Some servers leave out one of the NULs, so none is insisted on.
        let body = self.buffer.get(12..size + 4).unwrap_or_default();
        let end = body.len() - body.iter().rev().take(2).take_while(|byte| **byte == 0).count();
        let body = body.get(..end).unwrap_or_default().to_vec();
        self.buffer.drain(..size + 4);
        Ok(Some(Packet { id, kind, body }))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<i32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(i32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_packet_of_the_specification() {
        let bytes = Packet::new(0, AUTH, "passwrd").to_bytes();
        assert_eq!(bytes, b"\x11\0\0\0\0\0\0\0\x03\0\0\0passwrd\0\0");
    }

    #[test]
    fn what_is_no_packet() {
        for size in [-1, 0, 9, i32::MAX] {
            let mut decoder = PacketDecoder::default();
            decoder.push(&size.to_le_bytes());
            assert_eq!(decoder.next(), Err(NotRcon), "{size}");
        }
        let mut decoder = PacketDecoder::default();
        decoder.push(b"HTTP/1.1 400 Bad Request\r\n");
        assert_eq!(decoder.next(), Err(NotRcon));
    }

    proptest! {
        #[test]
        fn packets_survive_any_pieces(
            packets in proptest::collection::vec((any::<i32>(), any::<i32>(), proptest::collection::vec(1_u8.., 0..50)), 0..5),
            piece in 1_usize..30,
        ) {
            let packets: Vec<Packet> = packets.into_iter().map(|(id, kind, body)| Packet { id, kind, body }).collect();
            let bytes: Vec<u8> = packets.iter().flat_map(Packet::to_bytes).collect();
            let mut decoder = PacketDecoder::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(piece) {
                decoder.push(piece);
                while let Some(packet) = decoder.next().unwrap() {
                    read.push(packet);
                }
            }
            prop_assert_eq!(read, packets);
            prop_assert!(decoder.buffer.is_empty());
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut decoder = PacketDecoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next() {}
        }
    }
}
