//! A client of the line-based consoles that games call telnet: Soulmask's
//! EchoPort, 7 Days to Die.
//!
//! See RFC 854 (<https://www.rfc-editor.org/rfc/rfc854>) for the little there
//! is of a protocol. Everything that is negotiated is refused. Neither the
//! greeting nor a reply has a marked end, so each ends when nothing more comes.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::exchange::{Heard, Question, Reply, read, silent, write, wrong_password};
use super::gather::Gathered;
use crate::failure::Failure;

/// A greeting or a reply is over when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(500);

/// A greeting is cut here, in bytes.
const GREETING_MAX: usize = 64 * 1024;

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SUBNEGOTIATION: u8 = 250;
const END: u8 = 240;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Text,
    Command,
    Option(u8),
    Inside,
    InsideCommand,
}

/// Takes the text out of a telnet stream, and says what to answer to the rest.
#[derive(Debug, Default)]
struct Decoder {
    at: At,
}

impl Decoder {
    /// Returns the text in these bytes, and the refusals that they call for.
    fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut text, mut refusals) = (Vec::new(), Vec::new());
        for &byte in bytes {
            self.at = match (self.at, byte) {
                (At::Text, IAC) => At::Command,
                (At::Text, byte) => {
                    text.push(byte);
                    At::Text
                }
                (At::Command, IAC) => {
                    text.push(IAC);
                    At::Text
                }
                (At::Command, WILL | WONT | DO | DONT) => At::Option(byte),
                (At::Command, SUBNEGOTIATION) | (At::InsideCommand, IAC) => At::Inside,
                (At::Command, _) | (At::InsideCommand, END) => At::Text,
                (At::Option(command), option) => {
                    match command {
                        WILL => refusals.extend_from_slice(&[IAC, DONT, option]),
                        DO => refusals.extend_from_slice(&[IAC, WONT, option]),
                        _ => {}
                    }
                    At::Text
                }
                (At::Inside, IAC) => At::InsideCommand,
                (At::Inside | At::InsideCommand, _) => At::Inside,
            };
        }
        (text, refusals)
    }
}

/// A connection past its greeting.
#[derive(Debug)]
pub(super) struct Telnet<S> {
    stream: S,
    decoder: Decoder,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Telnet<S> {
    /// Waits for the greeting, and gives the password where one is asked for.
    pub(super) async fn login(
        stream: S,
        greeting: Option<&str>,
        password: &str,
        until: Instant,
    ) -> Result<Self, Failure> {
        let mut new = Self {
            stream,
            decoder: Decoder::default(),
        };
        let said = new.greeting(greeting, until).await?;
        if !asks_for_password(&said) {
            return Ok(new);
        }
        if password.is_empty() {
            return Err(
                Failure::failed("it asks for a password, and none is given").hint("give it as `password` of `telnet`")
            );
        }
        new.send(password.as_bytes(), until).await?;
        let said = new.greeting(None, until).await?.to_ascii_lowercase();
        if said.contains("incorrect") || said.contains("wrong") || asks_for_password(&said) {
            return Err(wrong_password());
        }
        Ok(new)
    }

    /// Reads until nothing more comes, until `greeting` has come, or until a
    /// password is asked for.
    async fn greeting(&mut self, greeting: Option<&str>, until: Instant) -> Result<String, Failure> {
        let mut said = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&said).into_owned();
            if greeting.is_some_and(|greeting| text.contains(greeting)) || asks_for_password(&text) {
                return Ok(text);
            }
            let at = if greeting.is_some() {
                until
            } else {
                Instant::now() + QUIET
            };
            match self.hear(at.min(until)).await? {
                Heard::Part(bytes) if said.len() < GREETING_MAX => said.extend_from_slice(&bytes),
                Heard::Part(_) => return Err(Failure::failed("its greeting has no end")),
                Heard::Closed => return Err(Failure::failed("it closed the connection at once")),
                Heard::Nothing if greeting.is_some() => return Err(silent("its greeting did not come in time")),
                Heard::Nothing => return Ok(text),
            }
        }
    }

    /// Sends a line and returns the text that follows it.
    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, Failure> {
        self.send(question.line.as_bytes(), until).await?;
        let mut gathered = Gathered::new(question.expect.as_deref());
        loop {
            let at = if gathered.expects_more() {
                until
            } else {
                Instant::now() + QUIET
            };
            match self.hear(at.min(until)).await? {
                Heard::Part(text) => gathered.push(&text),
                Heard::Closed => return Ok(gathered.finish(true)),
                // Not every line is answered.
                Heard::Nothing => return Ok(gathered.finish(false)),
            }
            if gathered.is_full() || Instant::now() >= until {
                return Ok(gathered.finish(false));
            }
        }
    }

    async fn send(&mut self, line: &[u8], until: Instant) -> Result<(), Failure> {
        write(&mut self.stream, &[line, b"\r\n"].concat(), until).await
    }

    async fn hear(&mut self, until: Instant) -> Result<Heard<Vec<u8>>, Failure> {
        let mut buffer = [0; 4096];
        loop {
            let (text, refusals) = match read(&mut self.stream, &mut buffer, until).await {
                Heard::Part(bytes) => self.decoder.take(bytes),
                Heard::Closed => return Ok(Heard::Closed),
                Heard::Nothing => return Ok(Heard::Nothing),
            };
            if !refusals.is_empty() && write(&mut self.stream, &refusals, until).await.is_err() {
                return Ok(Heard::Closed);
            }
            if !text.is_empty() {
                return Ok(Heard::Part(text));
            }
        }
    }
}

fn asks_for_password(said: &str) -> bool {
    let last = said.trim_end().lines().last().unwrap_or_default();
    last.to_ascii_lowercase().contains("password") && last.ends_with(':')
}

#[cfg(test)]
#[path = "telnet_tests.rs"]
mod tests;
