//! A client of the RCON of GoldSrc, the engine of Half-Life and Counter-Strike 1.6.
//!
//! See <https://developer.valvesoftware.com/wiki/Server_queries#Multi-packet_Response_Format>
//! for its packets. A server gives a number to whoever asks for one, and a line carries it
//! and the password. A reply comes in packets without an end, and a large one of them is
//! split into numbered parts.

use tokio::time::Instant;

use super::datagram::{DatagramProtocol, Datagrams, Said, Talk, fits};
use super::exchange::{AskError, Question, Reply};
use super::parts::NumberedParts;
use super::quake_rcon::refusal;
use crate::failure::Failure;
use crate::inventory::Secret;

const WHOLE: &[u8] = b"\xff\xff\xff\xff";
const SPLIT: &[u8] = b"\xfe\xff\xff\xff";

const CHALLENGE: &[u8] = b"challenge rcon";

/// The room that servers have for a line, in bytes.
const PACKET_MAX: usize = 512;

/// A command that does nothing.
const NOTHING: &str = "echo";

#[derive(Debug)]
pub(super) struct GoldsrcRcon<D> {
    talk: Talk<D>,
    challenge: String,
    password: Secret,
}

#[derive(Debug, Default)]
pub(super) struct GoldsrcConversation {
    /// The parts of one packet, and its number.
    parts: NumberedParts,
    split: [u8; 4],
    /// The number of the last one of which all parts came.
    done: Option<[u8; 4]>,
    is_accepted: bool,
}

impl GoldsrcConversation {
    fn whole(&mut self, said: &[u8]) -> Said {
        if challenge(said).is_some() {
            return Said::Alive;
        }
        let Some(text) = said.strip_prefix(b"l") else {
            return Said::Foreign;
        };
        let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        let text = text.get(..end).unwrap_or_default();
        if !self.is_accepted
            && let Some(failure) = refusal(text).or_else(|| refused(text))
        {
            return Said::Refused(failure);
        }
        self.is_accepted = true;
        Said::Piece {
            text: text.to_vec(),
            is_last: false,
        }
    }
}

impl DatagramProtocol for GoldsrcConversation {
    const NAME: &'static str = "the RCON of GoldSrc";

    fn hear(&mut self, datagram: &[u8]) -> Said {
        if let Some(said) = datagram.strip_prefix(WHOLE) {
            return self.whole(said);
        }
        let split = datagram.strip_prefix(SPLIT).and_then(|rest| rest.split_first_chunk());
        let Some((number, [place, text @ ..])) = split else {
            return Said::Foreign;
        };
        if self.done == Some(*number) {
            return Said::Alive;
        }
        if *number != self.split {
            self.split = *number;
            self.parts = NumberedParts::default();
        }
        // The number of this part and that of all, in half a byte each.
        let (part, parts) = (usize::from(place >> 4), usize::from(place & 0xf));
        match self.parts.take(part, parts, text) {
            Some(whole) => {
                self.done = Some(*number);
                self.whole(whole.strip_prefix(WHOLE).unwrap_or(&whole))
            }
            None => Said::Alive,
        }
    }

    fn nudge(&mut self) -> Vec<u8> {
        greeting()
    }

    fn flush(&mut self) -> Option<Vec<u8>> {
        let text = self.parts.flush()?;
        let text = text.strip_prefix(WHOLE).unwrap_or(&text);
        Some(text.strip_prefix(b"l").unwrap_or(text).to_vec())
    }
}

fn greeting() -> Vec<u8> {
    [WHOLE, CHALLENGE, b"\n"].concat()
}

/// Reads the number that a server gives.
fn challenge(said: &[u8]) -> Option<&str> {
    let number = said.strip_prefix(CHALLENGE)?;
    let number = std::str::from_utf8(number).ok()?;
    let number = number.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// Returns the failure that this reply is, if the line was not carried out.
fn refused(text: &[u8]) -> Option<Failure> {
    let text = text.trim_ascii().to_ascii_lowercase();
    if text.starts_with(b"you have been banned") {
        let failure = Failure::failed("this address is banned there");
        return Some(failure.hint("after wrong passwords a server bans for a time; it has `removeip` to end that"));
    }
    let is_lost = text.starts_with(b"bad challenge") || text.starts_with(b"no challenge for your address");
    is_lost.then(|| Failure::failed("it has forgotten that it was asked").hint("send the line again"))
}

impl<D: Datagrams> GoldsrcRcon<D> {
    /// Asks for the number that a line carries.
    pub(super) async fn open(mut talk: Talk<D>, password: &str, until: Instant) -> Result<Self, Failure> {
        if password.contains('"') {
            let failure = Failure::failed("its password has a quotation mark");
            return Err(failure.hint("no server understands that in this protocol: give the game another one"));
        }
        let greeting = greeting();
        let challenged = talk.greet(&greeting, until, |datagram| {
            let said = datagram.strip_prefix(WHOLE)?;
            match challenge(said) {
                Some(number) => Some(Ok(number.to_owned())),
                None => refused(said.strip_prefix(b"l")?).map(Err),
            }
        });
        let (challenge, password) = (challenged.await?, Secret::new(password.to_owned()));
        Ok(Self {
            talk,
            challenge,
            password,
        })
    }

    /// Has a command carried out that does nothing.
    pub(super) async fn login(&mut self, until: Instant) -> Result<(), Failure> {
        let packet = self.packet(NOTHING)?;
        let mut conversation = GoldsrcConversation::default();
        let heard = |datagram: &[u8]| match conversation.hear(datagram) {
            Said::Piece { .. } => Some(Ok(())),
            Said::Refused(failure) => Some(Err(failure)),
            _ => None,
        };
        self.talk.greet(&packet, until, heard).await
    }

    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, AskError> {
        let packet = self.packet(&question.line)?;
        let mut conversation = GoldsrcConversation::default();
        self.talk.ask(&mut conversation, &packet, question, until).await
    }

    fn packet(&self, line: &str) -> Result<Vec<u8>, Failure> {
        let text = format!("rcon {} \"{}\" {line}\n", self.challenge, self.password.reveal());
        fits([WHOLE, text.as_bytes()].concat(), PACKET_MAX, line)
    }
}

#[cfg(test)]
#[path = "goldsrc_rcon_tests.rs"]
mod tests;
