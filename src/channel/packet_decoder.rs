//! The packets of Source RCON in a stream of bytes.
//!
//! Some servers announce another size than they send: that of the characters instead
//! of the bytes, or that of a text before it was cut. Where such a packet ends is
//! told by its two NULs with the head of the next one behind them, or by silence.

use super::packet::{AUTH_ID, Packet, REFUSED, SENTINEL_ID};

/// The id and the type: some do not count the NULs. In bytes.
const SIZE_MIN: usize = 8;

/// The protocol says 4096, and servers send more. In bytes.
const SIZE_MAX: usize = 256 * 1024;

/// The size, the id and the type, in bytes.
const HEAD: usize = 12;

/// The size and the id, which tell a head from text.
const ID_END: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotRcon;

/// Takes packets from a stream of bytes, however it is cut into pieces.
#[derive(Debug, Default)]
pub(super) struct PacketDecoder {
    buffer: Vec<u8>,
    /// The id and the type of the last packet, if its text has not ended.
    open: Option<(i32, i32)>,
}

impl PacketDecoder {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next packet, once all of it is there. Call it until it returns
    /// `None` before reading more, so that the buffer stays small.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, NotRcon> {
        while let Some((id, kind)) = self.open {
            if self.buffer.len() < HEAD {
                return Ok(None);
            }
            if self.begins_with_head(id) {
                break;
            }
            match self.text_end() {
                Some(end) => {
                    let rest = self.take(id, kind, 0, end);
                    if !rest.body.is_empty() {
                        return Ok(Some(rest));
                    }
                }
                None if self.buffer.len() > SIZE_MAX => return Err(NotRcon),
                None => return Ok(None),
            }
        }
        let Some(size) = number(&self.buffer, 0) else {
            return Ok(None);
        };
        let end = announced(size).ok_or(NotRcon)? + 4;
        let (Some(id), Some(kind)) = (number(&self.buffer, 4), number(&self.buffer, 8)) else {
            return Ok(None);
        };
        if self.buffer.len() < end {
            return Ok(None);
        }
        let early = self.head_within(id, end);
        if early.is_some_and(|early| self.buffer.len() < early + ID_END) {
            return Ok(None);
        }
        let early = early.filter(|early| is_head(self.buffer.get(*early..).unwrap_or_default(), id));
        Ok(Some(self.take(id, kind, HEAD, early.unwrap_or(end))))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Returns whether a packet with its head is here in part: `None` if not, and
    /// `Some(true)` if its text seems to have ended.
    pub(super) fn partial(&self) -> Option<bool> {
        let text_at = if self.open.is_some() { 0 } else { HEAD };
        let text = self.buffer.get(text_at..).filter(|_| !self.buffer.is_empty())?;
        Some(text.ends_with(&[0, 0]))
    }

    /// Takes what is here of a packet of which no more comes.
    pub(super) fn flush(&mut self) -> Option<Packet> {
        let end = self.buffer.len();
        if let Some((id, kind)) = self.open {
            let rest = self.take(id, kind, 0, end);
            return Some(rest).filter(|rest| !rest.body.is_empty());
        }
        let (id, kind) = (number(&self.buffer, 4)?, number(&self.buffer, 8)?);
        Some(self.take(id, kind, HEAD, end))
    }

    /// Takes a packet off whose text is at `from` and ends at `end`.
    fn take(&mut self, id: i32, kind: i32, from: usize, end: usize) -> Packet {
        let body = self.buffer.get(from..end).unwrap_or_default();
        // Some servers leave out one of the NULs, so none is insisted on.
        let nuls = body.iter().rev().take(2).take_while(|byte| **byte == 0).count();
        let body = body.get(..body.len() - nuls).unwrap_or_default().to_vec();
        self.buffer.drain(..end);
        self.open = (nuls < 2).then_some((id, kind));
        Packet { id, kind, body }
    }

    /// Returns where a head may begin within what was announced for a packet: behind
    /// two NULs. It is whole or cut off.
    fn head_within(&self, id: i32, end: usize) -> Option<usize> {
        let mut at = HEAD;
        while let Some(len) = self.buffer.get(at..end)?.windows(2).position(|two| two == [0, 0]) {
            let nuls = at + len;
            let text = self.buffer.get(nuls..end)?.iter().position(|byte| *byte != 0)?;
            at = nuls + text;
            let rest = self.buffer.get(at..)?;
            if rest.len() < ID_END || is_head(rest, id) {
                return Some(at);
            }
        }
        None
    }

    /// Returns true if a packet begins here, and not the rest of the last one's text. A
    /// byte or two of text, with their NULs, look like a size.
    fn begins_with_head(&self, id: i32) -> bool {
        const SIZE: usize = 4;
        let after_text = self.text_end().filter(|end| *end <= SIZE);
        let is_text = after_text.is_some_and(|end| is_head(self.buffer.get(end..).unwrap_or_default(), id));
        let size = number(&self.buffer, 0).and_then(announced);
        size.is_some() && (is_head(&self.buffer, id) || !is_text)
    }

    /// Returns where the text ends that the buffer begins with: behind its NULs.
    /// `None` if nothing follows them yet.
    fn text_end(&self) -> Option<usize> {
        let nul = self.buffer.iter().position(|byte| *byte == 0)?;
        let rest = self.buffer.get(nul..)?.iter().position(|byte| *byte != 0)?;
        Some(nul + rest)
    }
}

/// Returns true if these bytes begin with the head of a packet that belongs to one with
/// this id.
fn is_head(bytes: &[u8], id: i32) -> bool {
    let is_expected = |next: i32| next == id || next == REFUSED || (AUTH_ID..=SENTINEL_ID).contains(&next);
    number(bytes, 0).and_then(announced).is_some() && number(bytes, 4).is_some_and(is_expected)
}

/// Returns a size that can be that of a packet.
fn announced(size: i32) -> Option<usize> {
    let size = usize::try_from(size).ok()?;
    (SIZE_MIN..=SIZE_MAX).contains(&size).then_some(size)
}

fn number(bytes: &[u8], at: usize) -> Option<i32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(i32::from_le_bytes(bytes.try_into().ok()?))
}

/// Decodes bytes that come in pieces of this size. Returns the packets, and true if
/// what follows them is none.
#[cfg(any(test, fuzzing))]
pub(super) fn in_pieces(bytes: &[u8], piece: usize) -> (Vec<Packet>, bool) {
    let mut decoder = PacketDecoder::default();
    let mut packets = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        loop {
            match decoder.next() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(NotRcon) => return (packets, true),
            }
        }
    }
    (packets, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::packet::{COMMAND_ID, RESPONSE};
    use proptest::prelude::*;

    #[test]
    fn what_is_no_packet() {
        for size in [-1, 0, 7, i32::MAX] {
            let mut decoder = PacketDecoder::default();
            decoder.push(&size.to_le_bytes());
            assert_eq!(decoder.next(), Err(NotRcon), "{size}");
        }
        let mut decoder = PacketDecoder::default();
        decoder.push(b"HTTP/1.1 400 Bad Request\r\n");
        assert_eq!(decoder.next(), Err(NotRcon));
    }

    /// Returns a packet that announces `more` bytes than it has.
    fn misjudged(text: &str, more: i32) -> Vec<u8> {
        let mut bytes = Packet::new(COMMAND_ID, RESPONSE, text).to_bytes();
        let size = i32::try_from(text.len()).unwrap() + 10 + more;
        bytes[..4].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    /// However much a size is wrong, the packet and those around it are the same.
    #[test]
    fn a_size_that_is_wrong() {
        let text = "name,id\n小明,76561198000000001\n小红,5\n";
        let after = [
            Packet::new(COMMAND_ID, RESPONSE, "second part of it"),
            Packet::new(SENTINEL_ID, RESPONSE, ""),
        ];
        for more in -40..=40 {
            let bytes = [misjudged(text, more), after[0].to_bytes(), after[1].to_bytes()].concat();
            for piece in [1, 7, 1000] {
                let mut decoder = PacketDecoder::default();
                let (mut said, mut ids) = (Vec::new(), Vec::new());
                for piece in bytes.chunks(piece) {
                    decoder.push(piece);
                    while let Some(packet) = decoder.next().unwrap() {
                        ids.push(packet.id);
                        said.extend(packet.body);
                    }
                }
                let said = String::from_utf8(said).unwrap();
                assert_eq!(said, format!("{text}{}", "second part of it"), "{more} {piece}");
                assert_eq!(ids.last(), Some(&SENTINEL_ID), "{more} {piece}");
            }
            let mut decoder = PacketDecoder::default();
            decoder.push(&misjudged(text, more));
            let mut said = Vec::new();
            while let Some(packet) = decoder.next().unwrap().or_else(|| decoder.flush()) {
                said.extend(packet.body);
            }
            assert_eq!(String::from_utf8_lossy(&said), text, "{more}");
        }
    }

    #[test]
    fn a_packet_that_is_cut_off() {
        let whole = Packet::new(COMMAND_ID, RESPONSE, "list of names").to_bytes();
        for cut in 0..whole.len() {
            let mut decoder = PacketDecoder::default();
            decoder.push(&whole[..cut]);
            assert_eq!(decoder.next(), Ok(None));
            assert_eq!(decoder.partial(), (cut >= HEAD).then_some(false), "{cut}");
            let text = whole
                .get(HEAD..cut)
                .map(|text| text.strip_suffix(b"\0").unwrap_or(text));
            assert_eq!(decoder.flush().map(|packet| packet.body).as_deref(), text, "{cut}");
        }
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

        /// Heads, text and NULs that are put together in any way.
        #[test]
        fn what_is_misjudged_is_the_same_in_any_pieces(
            words in proptest::collection::vec(0_usize..8, 0..40),
            piece in 1_usize..30,
        ) {
            let choice: [&[u8]; 8] = [
                b"\0", b"\0\0", b"a", b"list of names", &[14, 0, 0, 0], &[2, 0, 0, 0], &[0, 0, 0, 0], &[40, 0, 0, 0],
            ];
            let bytes: Vec<u8> = words.iter().flat_map(|word| choice[*word]).copied().collect();
            let read = |piece: usize| in_pieces(&bytes, piece);
            prop_assert_eq!(read(piece), read(bytes.len().max(1)));
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut decoder = PacketDecoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next() {}
        }
    }
}
