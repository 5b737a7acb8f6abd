//! From bytes to the words of a server, whichever way they were cut.

use super::op::{Message, ServerOp};

/// The longest line, in bytes; that of `INFO` names all servers of a cluster.
const LINE_MAX: usize = 64 << 10;

/// The largest payload that is kept, in bytes. A larger one is passed over.
const PAYLOAD_MAX: usize = 1 << 20;

/// Bytes that are no protocol of NATS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

/// A message whose payload is awaited.
#[derive(Debug)]
struct Head {
    message: Message,
    headers: usize,
    /// The bytes of headers and payload.
    total: usize,
}

#[derive(Debug, Default)]
pub(super) struct NatsDecoder {
    bytes: Vec<u8>,
    /// The bytes that were taken already.
    taken: usize,
    head: Option<Head>,
    /// The bytes that are still to be passed over.
    passing: usize,
}

impl NatsDecoder {
    /// Returns the place for more bytes.
    pub(super) fn room(&mut self, size: usize) -> &mut Vec<u8> {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.reserve(size);
        &mut self.bytes
    }

    /// Returns true if nothing is left of what was read.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// Returns the next word, if all of it is there.
    pub(super) fn next(&mut self) -> Result<Option<ServerOp>, Malformed> {
        loop {
            if self.passing > 0 {
                let passed = self.passing.min(self.left().len());
                self.taken += passed;
                self.passing -= passed;
                if self.passing > 0 {
                    return Ok(None);
                }
            }
            if let Some(head) = self.head.take() {
                return self.payload(head);
            }
            let Some(line) = self.line()? else {
                return Ok(None);
            };
            match self.word(&line)? {
                Some(op) => return Ok(Some(op)),
                // A payload follows.
                None => continue,
            }
        }
    }

    fn left(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    fn line(&mut self) -> Result<Option<String>, Malformed> {
        let left = self.left();
        let Some(end) = left.iter().take(LINE_MAX).position(|byte| *byte == b'\n') else {
            return match left.len() >= LINE_MAX {
                true => Err(Malformed("a line without an end".to_owned())),
                false => Ok(None),
            };
        };
        let line = String::from_utf8_lossy(left.get(..end).unwrap_or_default());
        let line = line.trim_end_matches('\r').to_owned();
        self.taken += end + 1;
        Ok(Some(line))
    }

    /// Reads a line; `None` for the head of a message.
    fn word(&mut self, line: &str) -> Result<Option<ServerOp>, Malformed> {
        let malformed = || Malformed(line.chars().take(80).collect());
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        Ok(Some(match word.to_ascii_uppercase().as_str() {
            "PING" => ServerOp::Ping,
            "PONG" => ServerOp::Pong,
            "+OK" => ServerOp::Ok,
            "-ERR" => ServerOp::Error(rest.trim().trim_matches('\'').to_owned()),
            "INFO" => ServerOp::Info(serde_json::from_str(rest).map_err(|_| malformed())?),
            "MSG" => {
                self.expect(rest, false).ok_or_else(malformed)?;
                return Ok(None);
            }
            "HMSG" => {
                self.expect(rest, true).ok_or_else(malformed)?;
                return Ok(None);
            }
            _ => return Err(malformed()),
        }))
    }

    /// Reads `SUBJECT SID [REPLY] [HEADERS] TOTAL`.
    fn expect(&mut self, rest: &str, has_headers: bool) -> Option<()> {
        let mut words: Vec<&str> = rest.split_ascii_whitespace().collect();
        let total: usize = words.pop()?.parse().ok()?;
        let headers: usize = match has_headers {
            true => words.pop()?.parse().ok()?,
            false => 0,
        };
        let (subject, sid, reply) = match words[..] {
            [subject, sid] => (subject, sid, None),
            [subject, sid, reply] => (subject, sid, Some(reply.to_owned())),
            _ => return None,
        };
        let message = Message {
            subject: subject.to_owned(),
            sid: sid.parse().ok()?,
            reply,
            status: None,
            size: total.checked_sub(headers)?,
            payload: Vec::new(),
        };
        self.head = Some(Head {
            message,
            headers,
            total,
        });
        Some(())
    }

    fn payload(&mut self, mut head: Head) -> Result<Option<ServerOp>, Malformed> {
        if head.total > PAYLOAD_MAX {
            // With the line feed behind it.
            self.passing = head.total.saturating_add(2);
            return Ok(Some(ServerOp::Message(head.message)));
        }
        let left = self.left();
        let Some(body) = left.get(..head.total + 2) else {
            self.head = Some(head);
            return Ok(None);
        };
        let Some(body) = body.strip_suffix(b"\r\n") else {
            return Err(Malformed("a payload that does not end where it should".to_owned()));
        };
        let (headers, payload) = body.split_at(head.headers);
        head.message.status = status(headers);
        head.message.payload = payload.to_vec();
        self.taken += head.total + 2;
        Ok(Some(ServerOp::Message(head.message)))
    }
}

/// Returns the status of headers such as `NATS/1.0 503`.
fn status(headers: &[u8]) -> Option<u16> {
    let line = headers.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    line.strip_prefix("NATS/1.0 ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decodes pieces that come one after the other.
    fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<ServerOp>, Malformed> {
        let (mut decoder, mut ops) = (NatsDecoder::default(), Vec::new());
        for piece in pieces {
            decoder.room(piece.len()).extend_from_slice(piece);
            while let Some(op) = decoder.next()? {
                ops.push(op);
            }
        }
        Ok(ops)
    }

    fn message(subject: &str, reply: Option<&str>, status: Option<u16>, payload: &str) -> ServerOp {
        ServerOp::Message(Message {
            subject: subject.into(),
            sid: 7,
            reply: reply.map(Into::into),
            status,
            size: payload.len(),
            payload: payload.into(),
        })
    }

    #[test]
    fn words_of_a_server() {
        for (bytes, wanted) in [
            ("PING\r\n", ServerOp::Ping),
            ("pong\r\n", ServerOp::Pong),
            ("+OK\r\n", ServerOp::Ok),
            (
                "-ERR 'Authorization Violation'\r\n",
                ServerOp::Error("Authorization Violation".into()),
            ),
            ("MSG a.b 7 2\r\nhi\r\n", message("a.b", None, None, "hi")),
            (
                "MSG a.b 7 _INBOX.x 0\r\n\r\n",
                message("a.b", Some("_INBOX.x"), None, ""),
            ),
            (
                "HMSG a 7 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
                message("a", None, Some(503), ""),
            ),
            (
                "HMSG a 7 r 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\n",
                message("a", Some("r"), None, "hi"),
            ),
        ] {
            assert_eq!(decoded([bytes.as_bytes()]).unwrap(), [wanted], "{bytes:?}");
        }
        let info = "INFO {\"version\":\"2.9.10\",\"max_payload\":5,\"nonce\":\"n\",\"other\":[1]}\r\n";
        match &decoded([info.as_bytes()]).unwrap()[..] {
            [ServerOp::Info(info)] => {
                assert_eq!((info.max_payload, info.nonce.as_str()), (5, "n"));
                assert!(!info.tls_required && !info.jetstream);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_protocol_is_refused() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\n"[..],
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"INFO nonsense\r\n",
            b"MSG a 7\r\n",
            b"MSG a x 2\r\nhi\r\n",
            b"MSG a 7 b c 2\r\nhi\r\n",
            b"HMSG a 7 5 2\r\nhi\r\n",
            b"MSG a 7 99999999999999999999999\r\n",
            b"MSG a 7 2\r\nhiho\r\n",
            b"\r\n",
        ] {
            assert!(decoded([bytes]).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
        assert!(decoded([vec![b'x'; LINE_MAX].as_slice()]).is_err());
    }

    #[test]
    fn a_payload_that_is_too_large_is_passed_over() {
        let size = PAYLOAD_MAX + 1;
        let head = format!("MSG a 7 {size}\r\n");
        let body = vec![b'\n'; size];
        let pieces = [head.as_bytes(), &body[..1000], &body[1000..], b"\r", b"\nPING\r\n"];
        let ops = decoded(pieces).unwrap();
        let [ServerOp::Message(large), ServerOp::Ping] = &ops[..] else {
            panic!("{}", ops.len())
        };
        assert_eq!((large.size, large.payload.len()), (size, 0));
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_is_read(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut bytes = Vec::new();
            for payload in &payloads {
                bytes.extend_from_slice(format!("PING\r\nMSG a.b 7 {}\r\n", payload.len()).as_bytes());
                bytes.extend_from_slice(payload);
                bytes.extend_from_slice(b"\r\n");
            }
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.sort_unstable();
            let (mut pieces, mut from) = (Vec::new(), 0);
            for to in at.into_iter().chain([bytes.len()]) {
                pieces.push(&bytes[from..to]);
                from = to;
            }
            let ops = decoded(pieces).map_err(|Malformed(why)| TestCaseError::fail(why))?;
            prop_assert_eq!(ops.len(), payloads.len() * 2);
            for (pair, payload) in ops.chunks(2).zip(&payloads) {
                match &pair[1] {
                    ServerOp::Message(message) => prop_assert_eq!(&message.payload, payload),
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }

        #[test]
        fn no_bytes_are_too_much_for_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decoded([&bytes[..]]);
            let _ = decoded([b"HMSG a 1 ".as_slice(), &bytes]);
        }
    }
}
