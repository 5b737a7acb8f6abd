//! A client of the RCON of Quake III Arena and its relatives: those of Quake, Quake II,
//! Call of Duty, Jedi Knight and FiveM differ in what they say of a wrong password.
//!
//! See <https://github.com/ioquake/ioq3>, `SVC_RemoteCommand`. Each line carries the
//! password. A reply comes in packets without numbers and without an end, so it ends when
//! nothing more comes. Servers take a line only so often, and pass over the others.

use tokio::time::Instant;

use super::datagram::{DatagramProtocol, Datagrams, Said, Talk, fits};
use super::exchange::{AskError, Question, Reply, wrong_password};
use crate::failure::Failure;
use crate::inventory::Secret;

const MARK: &[u8] = b"\xff\xff\xff\xff";

/// The room that servers have for a line, in bytes.
const PACKET_MAX: usize = 1024;

/// A command that does nothing.
const NOTHING: &str = "echo";

/// The words of servers for a wrong password, in lower case.
const WRONG: [&[u8]; 4] = [
    b"bad rconpassword",
    b"bad rcon_password",
    b"invalid password",
    b"invalid rcon password",
];

/// Their words if they have none.
const NONE: [&[u8]; 3] = [
    b"no rconpassword set",
    b"no rcon_password set",
    b"the server must set rcon_password",
];

#[derive(Debug)]
pub(super) struct QuakeRcon<D> {
    talk: Talk<D>,
    password: Secret,
}

#[derive(Debug, Default)]
pub(super) struct QuakeConversation {
    /// True once the first piece of a reply is here, which alone tells of a password.
    is_accepted: bool,
}

impl DatagramProtocol for QuakeConversation {
    const NAME: &'static str = "the RCON of Quake";

    fn hear(&mut self, datagram: &[u8]) -> Said {
        let Some(said) = datagram.strip_prefix(MARK) else {
            return Said::Foreign;
        };
        let Some(text) = printed(said) else {
            return match said.starts_with(b"infoResponse") {
                true => Said::Alive,
                false => Said::Foreign,
            };
        };
        if !self.is_accepted
            && let Some(failure) = refusal(text)
        {
            return Said::Refused(failure);
        }
        self.is_accepted = true;
        Said::Piece {
            text: text.to_vec(),
            is_last: false,
        }
    }

    fn nudge(&mut self) -> Vec<u8> {
        [MARK, b"getinfo gamectl"].concat()
    }

    fn flush(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// Returns what a server prints: `print` of Quake II and III, `n` of Quake.
fn printed(said: &[u8]) -> Option<&[u8]> {
    let text = match said.strip_prefix(b"print") {
        Some([b'\n' | b' ', text @ ..]) => text,
        _ => said.strip_prefix(b"n")?,
    };
    // Quake ends a packet like a text.
    Some(text.strip_suffix(b"\0").unwrap_or(text))
}

/// Returns the failure that this reply is, if it is about the password.
pub(super) fn refusal(text: &[u8]) -> Option<Failure> {
    let text = text.trim_ascii().to_ascii_lowercase();
    if NONE.iter().any(|none| text.starts_with(none)) {
        return Some(
            Failure::failed("the server has no password for this")
                .hint("set `rcon_password` or `rconpassword`, whichever it has, in its settings or arguments"),
        );
    }
    WRONG.iter().any(|wrong| text.starts_with(wrong)).then(wrong_password)
}

impl<D: Datagrams> QuakeRcon<D> {
    pub(super) fn new(talk: Talk<D>, password: &str) -> Result<Self, Failure> {
        if password.contains(|c: char| c.is_whitespace() || matches!(c, '"' | ';')) {
            return Err(
                Failure::failed("its password has a blank, a quotation mark or a semicolon")
                    .hint("no server understands that in this protocol: give the game another one"),
            );
        }
        let password = Secret::new(password.to_owned());
        Ok(Self { talk, password })
    }

    /// Has a command carried out that does nothing.
    pub(super) async fn login(&mut self, until: Instant) -> Result<(), Failure> {
        let packet = self.packet(NOTHING)?;
        let mut conversation = QuakeConversation::default();
        let heard = |datagram: &[u8]| match conversation.hear(datagram) {
            Said::Piece { .. } => Some(Ok(())),
            Said::Refused(failure) => Some(Err(failure)),
            _ => None,
        };
        self.talk.greet(&packet, until, heard).await
    }

    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, AskError> {
        let packet = self.packet(&question.line)?;
        let mut conversation = QuakeConversation::default();
        self.talk.ask(&mut conversation, &packet, question, until).await
    }

    fn packet(&self, line: &str) -> Result<Vec<u8>, Failure> {
        let text = format!("rcon {} {line}", self.password.reveal());
        fits([MARK, text.as_bytes()].concat(), PACKET_MAX, line)
    }
}

#[cfg(test)]
#[path = "quake_rcon_tests.rs"]
mod tests;
