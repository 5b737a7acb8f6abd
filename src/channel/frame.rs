//! The frames of a websocket, as a client sends and receives them.
//!
//! See RFC 6455, section 5: <https://www.rfc-editor.org/rfc/rfc6455#section-5>.

/// A message longer than this is not read, in bytes.
const PAYLOAD_MAX: usize = 4 << 20;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A message of the server, put together from its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Incoming {
    /// `None` if it is too long to be read.
    Message(Option<Vec<u8>>),
    /// To be answered with the same bytes.
    Ping(Vec<u8>),
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotWebsocket;

pub(super) fn text(payload: &str, mask: [u8; 4]) -> Vec<u8> {
    frame(TEXT, payload.as_bytes(), mask)
}

pub(super) fn pong(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    frame(PONG, payload, mask)
}

fn frame(opcode: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        len @ ..=125 => bytes.push(0x80 | u8::try_from(len).unwrap_or_default()),
        len => match u16::try_from(len) {
            Ok(len) => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&len.to_be_bytes());
            }
            Err(_) => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(len as u64).to_be_bytes());
            }
        },
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

struct Frame {
    /// True if it is the last of its message.
    fin: bool,
    opcode: u8,
    /// `None` if it is too long.
    payload: Option<Vec<u8>>,
}

/// Takes messages from a stream of bytes, however it is cut into pieces.
#[derive(Debug, Default)]
pub(super) struct FrameDecoder {
    buffer: Vec<u8>,
    /// The bytes of a frame that is too long which are still to come.
    unread: u64,
    /// The message so far, when it comes in fragments; `Some(None)` if it is too long.
    partial: Option<Option<Vec<u8>>>,
}

impl FrameDecoder {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns true if a part of a message has come, and the rest has not.
    pub(super) fn is_within_message(&self) -> bool {
        !self.buffer.is_empty() || self.unread > 0 || self.partial.is_some()
    }

    /// Takes the next message, once all of it is there.
    pub(super) fn next(&mut self) -> Result<Option<Incoming>, NotWebsocket> {
        while let Some(Frame { fin, opcode, payload }) = self.frame()? {
            match opcode {
                CLOSE => return Ok(Some(Incoming::Close)),
                PING => return Ok(Some(Incoming::Ping(payload.unwrap_or_default()))),
                PONG => {}
                TEXT | BINARY if self.partial.is_some() => return Err(NotWebsocket),
                TEXT | BINARY if fin => return Ok(Some(Incoming::Message(payload))),
                TEXT | BINARY => self.partial = Some(payload),
                CONTINUATION => {
                    let message = joined(self.partial.take().ok_or(NotWebsocket)?, payload);
                    if fin {
                        return Ok(Some(Incoming::Message(message)));
                    }
                    self.partial = Some(message);
                }
                _ => return Err(NotWebsocket),
            }
        }
        Ok(None)
    }

    fn skip(&mut self) {
        let len = self
            .buffer
            .len()
            .min(usize::try_from(self.unread).unwrap_or(usize::MAX));
        self.buffer.drain(..len);
        self.unread -= len as u64;
    }

    fn frame(&mut self) -> Result<Option<Frame>, NotWebsocket> {
        self.skip();
        let &[first, second, ref rest @ ..] = self.buffer.as_slice() else {
            return Ok(None);
        };
        // Extensions were not asked for, and a server does not mask.
        if first & 0x70 != 0 || second & 0x80 != 0 {
            return Err(NotWebsocket);
        }
        let (head, len) = match second {
            126 => match rest.first_chunk::<2>() {
                Some(len) => (4, u64::from(u16::from_be_bytes(*len))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(len) => (10, u64::from_be_bytes(*len)),
                None => return Ok(None),
            },
            len => (2, u64::from(len)),
        };
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0f);
        // The highest bit of a length is never set.
        if (opcode >= CLOSE && (second > 125 || !fin)) || i64::try_from(len).is_err() {
            return Err(NotWebsocket);
        }
        let Some(len) = usize::try_from(len).ok().filter(|len| *len <= PAYLOAD_MAX) else {
            self.buffer.drain(..head);
            self.unread = len;
            self.skip();
            let payload = None;
            return Ok(Some(Frame { fin, opcode, payload }));
        };
        let Some(payload) = self.buffer.get(head..head + len) else {
            return Ok(None);
        };
        let payload = Some(payload.to_vec());
        self.buffer.drain(..head + len);
        Ok(Some(Frame { fin, opcode, payload }))
    }
}

/// Puts two parts of a message together, unless it is too long.
fn joined(first: Option<Vec<u8>>, second: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let (mut message, second) = (first?, second?);
    message.extend_from_slice(&second);
    (message.len() <= PAYLOAD_MAX).then_some(message)
}

/// Encodes bytes as base64. See RFC 4648.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | byte);
        for i in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * i) & 63) as usize).copied();
            let letter = letter.filter(|_| i <= chunk.len());
            text.push(letter.map_or('=', char::from));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns a frame of a server, which does not mask.
    fn sent(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = frame(opcode, payload, [0; 4]);
        if !fin {
            bytes[0] &= 0x7f;
        }
        bytes[1] &= 0x7f;
        let head = match payload.len() {
            ..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        bytes.drain(head..head + 4);
        bytes
    }

    #[test]
    fn the_examples_of_the_rfc() {
        assert_eq!(
            text("Hello", [0x37, 0xfa, 0x21, 0x3d]),
            [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        );
        let mut decoder = FrameDecoder::default();
        decoder.push(&[0x01, 0x03, 0x48, 0x65, 0x6c, 0x89, 0x01, b'x', 0x80, 0x02, 0x6c, 0x6f]);
        assert_eq!(decoder.next(), Ok(Some(Incoming::Ping(b"x".to_vec()))));
        assert_eq!(decoder.next(), Ok(Some(Incoming::Message(Some(b"Hello".to_vec())))));
        assert_eq!(decoder.next(), Ok(None));
    }

    #[test]
    fn what_is_none() {
        for bytes in [
            &[0xf1, 0][..],
            &[0x81, 0x80],
            &[0x83, 0],
            &[0x80, 0],
            &[0x09, 0],
            &[0x89, 126, 0, 0],
        ] {
            let mut decoder = FrameDecoder::default();
            decoder.push(bytes);
            assert_eq!(decoder.next(), Err(NotWebsocket), "{bytes:x?}");
        }
        let mut decoder = FrameDecoder::default();
        decoder.push(&[0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(decoder.next(), Err(NotWebsocket), "too long");
    }

    #[test]
    fn a_message_that_is_too_long_is_skipped() {
        let mut bytes = sent(true, TEXT, b"before");
        bytes.extend([0x81, 127, 0, 0, 0, 0, 0, 0x50, 0, 0]);
        bytes.extend(vec![b'x'; 0x50_0000]);
        bytes.extend(sent(true, BINARY, b"between"));
        bytes.extend(sent(false, TEXT, &vec![b'x'; PAYLOAD_MAX]));
        bytes.extend(sent(true, PING, b""));
        bytes.extend(sent(false, CONTINUATION, b"y"));
        bytes.extend(sent(true, CONTINUATION, b"z"));
        bytes.extend(sent(true, TEXT, b"after"));
        let mut decoder = FrameDecoder::default();
        let mut read = Vec::new();
        for piece in bytes.chunks(60_000) {
            decoder.push(piece);
            while let Some(incoming) = decoder.next().unwrap() {
                read.push(incoming);
            }
            assert!(decoder.buffer.len() <= PAYLOAD_MAX + 60_000);
        }
        let message = |text: &[u8]| Incoming::Message(Some(text.to_vec()));
        let long = || Incoming::Message(None);
        let ping = Incoming::Ping(Vec::new());
        assert_eq!(
            read,
            [
                message(b"before"),
                long(),
                message(b"between"),
                ping,
                long(),
                message(b"after")
            ]
        );
    }

    #[test]
    fn base64_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    proptest! {
        #[test]
        fn messages_survive_any_pieces(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..4),
            fragment in 1_usize..200,
            piece in 1_usize..50,
        ) {
            let mut bytes = Vec::new();
            for message in &messages {
                let count = message.len().div_ceil(fragment).max(1);
                for i in 0..count {
                    let part = &message[i * fragment..message.len().min((i + 1) * fragment)];
                    bytes.extend(sent(i + 1 == count, if i == 0 { TEXT } else { CONTINUATION }, part));
                }
            }
            let mut decoder = FrameDecoder::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(piece) {
                decoder.push(piece);
                while let Some(Incoming::Message(message)) = decoder.next().unwrap() {
                    read.push(message.unwrap());
                }
            }
            prop_assert_eq!(read, messages);
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut decoder = FrameDecoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next() {}
        }
    }
}
