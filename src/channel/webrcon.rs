//! A client of Rust's WebRCON: JSON over a websocket, the password in the path.
//!
//! See <https://wiki.facepunch.com/rust/Admin_Commands> and the publisher's own
//! client, <https://github.com/Facepunch/webrcon>; for the websocket RFC 6455.
//! Each command carries an identifier of our choice, and its reply the same;
//! broadcasts (chat, console) carry 0 or -1, or whatever a mod has made of them: what is
//! not understood is skipped.
//!
//! The key of the handshake is not checked against the answer: that guards
//! browsers against caches in between, which nothing here passes through.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::exchange::{AskError, Heard, NO_REPLY, Question, Reply, read, silent, write};
use super::frame::{self, FrameDecoder, Incoming};
use super::gather::Gathered;
use crate::failure::Failure;
use crate::json::{self, Members};
use crate::sys::random;

const HEAD_MAX: usize = 16 * 1024;

/// The time within which all parts of a reply follow each other.
const QUIET: Duration = Duration::from_millis(500);

/// The identifier of our command: no push has it.
const IDENTIFIER: i64 = 1_001;

#[derive(Debug)]
pub(super) struct Webrcon<S> {
    stream: S,
    decoder: FrameDecoder,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Webrcon<S> {
    pub(super) async fn open(mut stream: S, host: &str, password: &str, until: Instant) -> Result<Self, Failure> {
        let (one, two) = (random::bits().to_ne_bytes(), random::bits().to_ne_bytes());
        let request = format!(
            "GET /{} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n\r\n",
            in_path(password),
            frame::base64(&[one, two].concat())
        );
        let hint = "the password may be wrong, or this is not the WebRCON port";
        let closed = || Failure::failed("it closed the connection at the handshake").hint(hint);
        write(&mut stream, request.as_bytes(), until)
            .await
            .map_err(|_| closed())?;
        let (mut head, mut buffer) = (Vec::new(), [0; 2048]);
        let end = loop {
            match read(&mut stream, &mut buffer, until).await {
                Heard::Part(bytes) if head.len() <= HEAD_MAX => head.extend_from_slice(bytes),
                Heard::Part(_) | Heard::Closed => return Err(closed()),
                Heard::Nothing => return Err(silent("it did not answer the handshake in time")),
            }
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let rest = head.split_off(end);
        match status(&head) {
            Some(101) => {}
            Some(code) => return Err(Failure::failed(format!("it answered the handshake with {code}")).hint(hint)),
            None => return Err(Failure::failed("what it answers is not a websocket").hint(hint)),
        }
        let mut decoder = FrameDecoder::default();
        decoder.push(&rest);
        Ok(Self { stream, decoder })
    }

    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, AskError> {
        let command = json!({ "Identifier": IDENTIFIER, "Message": question.line, "Name": "gamectl" });
        let bytes = frame::text(&command.to_string(), mask());
        write(&mut self.stream, &bytes, until).await?;
        let mut gathered = Gathered::new(question.expect.as_deref());
        let mut quiet_at = Instant::now() + NO_REPLY;
        let (mut any, mut too_long, mut odd) = (false, false, false);
        loop {
            let at = if gathered.expects_more() { until } else { quiet_at };
            match self.hear(at.min(until), until).await.map_err(AskError::Unclear)? {
                Heard::Part(None) => too_long = true,
                Heard::Part(Some(message)) => match understood(&message) {
                    Some((Some(IDENTIFIER), text)) => {
                        if gathered.any() && !text.is_empty() {
                            gathered.push(b"\n");
                        }
                        gathered.push(text.as_bytes());
                        quiet_at = Instant::now() + QUIET;
                    }
                    // The expected reply may come as a broadcast.
                    Some((_, text)) => {
                        any = true;
                        gathered.overhear(text.as_bytes());
                    }
                    None => odd = true,
                },
                Heard::Closed => return Ok(gathered.finish(true)),
                // Not every command has a reply.
                Heard::Nothing => {
                    let is_confirmed = question.expect.is_some() && !gathered.expects_more();
                    let is_answered = gathered.any() || is_confirmed;
                    let why = match (is_answered, too_long, odd && !any) {
                        (false, true, _) => "it said more than 4 MiB at a time, which is not read and may be the reply",
                        (false, false, true) => "what it answers is not WebRCON",
                        _ => return Ok(gathered.finish(false)),
                    };
                    return Err(AskError::Unclear(Failure::failed(why)));
                }
            }
            if gathered.is_full() {
                return Ok(gathered.finish(false));
            }
        }
    }

    /// Returns the next message; `None` for one that is too long. One of which a part
    /// has come by `quiet_at` is waited for while more of it comes.
    async fn hear(&mut self, quiet_at: Instant, until: Instant) -> Result<Heard<Option<Vec<u8>>>, Failure> {
        let mut buffer = [0; 4096];
        let mut at = quiet_at;
        loop {
            match self.decoder.next() {
                Ok(Some(Incoming::Message(message))) => return Ok(Heard::Part(message)),
                Ok(Some(Incoming::Close)) => return Ok(Heard::Closed),
                Ok(Some(Incoming::Ping(payload))) => {
                    if write(&mut self.stream, &frame::pong(&payload, mask()), until)
                        .await
                        .is_err()
                    {
                        return Ok(Heard::Closed);
                    }
                    continue;
                }
                Ok(None) => {}
                Err(_) => return Err(Failure::failed("what it answers is not a websocket")),
            }
            match read(&mut self.stream, &mut buffer, at).await {
                Heard::Part(bytes) => {
                    self.decoder.push(bytes);
                    if at != quiet_at {
                        at = until.min(Instant::now() + QUIET);
                    }
                }
                Heard::Closed => return Ok(Heard::Closed),
                Heard::Nothing if at == quiet_at && at < until && self.decoder.is_within_message() => {
                    at = until.min(Instant::now() + QUIET);
                }
                Heard::Nothing => return Ok(Heard::Nothing),
            }
        }
    }
}

/// Returns the identifier and the text of a message; `None` if it is none.
fn understood(message: &[u8]) -> Option<(Option<i64>, String)> {
    let members = Members::read(message)?;
    let identifier = members.get("Identifier").and_then(json::whole_number);
    let raw = members.get("Message").unwrap_or_default();
    let text = json::text(raw).unwrap_or_else(|| raw.to_owned());
    Some((identifier, text))
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    line.get(2..5)?.parse().ok()
}

/// Encodes a password as part of a path: see RFC 3986, section 3.3.
fn in_path(password: &str) -> String {
    let mut path = String::new();
    for byte in password.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

fn mask() -> [u8; 4] {
    let [a, b, c, d, ..] = random::bits().to_ne_bytes();
    [a, b, c, d]
}

#[cfg(test)]
#[path = "webrcon_tests.rs"]
mod tests;
