//! A client of BattlEye's RCon, as DayZ and the games of Arma have it.
//!
//! See <https://www.battleye.com/downloads/BERConProtocol.txt>. Whoever logs in hears what
//! the server tells everybody, and has to acknowledge it. Commands are numbered; nothing
//! says that a server carries out one number once, so none is repeated.

use tokio::time::Instant;

use super::battleye_packet::{BattleyePacket, acknowledgement, command, login, read};
use super::datagram::{DatagramProtocol, Datagrams, Said, Talk};
use super::exchange::{AskError, Question, Reply, wrong_password};
use super::parts::NumberedParts;
use crate::failure::Failure;

/// The number of our command; those after it are of commands that do nothing.
const OURS: u8 = 0;

#[derive(Debug)]
pub(super) struct Battleye<D> {
    talk: Talk<D>,
    conversation: BattleyeConversation,
}

#[derive(Debug, Default)]
pub(super) struct BattleyeConversation {
    parts: NumberedParts,
    is_answered: bool,
    nudges: u8,
}

impl DatagramProtocol for BattleyeConversation {
    const NAME: &'static str = "the RCon of BattlEye";

    fn hear(&mut self, datagram: &[u8]) -> Said {
        match read(datagram) {
            Some(BattleyePacket::Reply {
                sequence: OURS,
                part,
                parts,
                text,
            }) if !self.is_answered => match self.parts.take(part.into(), parts.into(), text) {
                Some(text) => {
                    self.is_answered = true;
                    Said::Piece { text, is_last: true }
                }
                None => Said::Alive,
            },
            Some(BattleyePacket::Reply { .. }) => Said::Alive,
            Some(BattleyePacket::Message { sequence, text }) => Said::Aside {
                text: text.to_vec(),
                answer: acknowledgement(sequence),
            },
            // A login that was sent again is answered again.
            Some(BattleyePacket::Login(true)) => Said::Alive,
            Some(BattleyePacket::Login(false)) => Said::Refused(wrong_password()),
            None => Said::Foreign,
        }
    }

    /// An empty command, which keeps the login too.
    fn nudge(&mut self) -> Vec<u8> {
        self.nudges = self.nudges % u8::MAX + 1;
        command(self.nudges, "")
    }

    fn flush(&mut self) -> Option<Vec<u8>> {
        self.parts.flush()
    }
}

impl<D: Datagrams> Battleye<D> {
    pub(super) async fn login(mut talk: Talk<D>, password: &str, until: Instant) -> Result<Self, Failure> {
        let greeting = login(password);
        let accepted = talk.greet(&greeting, until, |datagram| match read(datagram) {
            Some(BattleyePacket::Login(true)) => Some(Ok(())),
            Some(BattleyePacket::Login(false)) => Some(Err(wrong_password())),
            // A login may have been answered that another one has left.
            _ => None,
        });
        accepted.await.map_err(|failure| match failure.hint {
            None => failure.hint("the RCon of BattlEye may have no password and be off, or this address be banned"),
            Some(_) => failure,
        })?;
        let conversation = BattleyeConversation::default();
        Ok(Self { talk, conversation })
    }

    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, AskError> {
        let line = command(OURS, &question.line);
        self.talk.ask(&mut self.conversation, &line, question, until).await
    }
}

#[cfg(test)]
#[path = "battleye_tests.rs"]
mod tests;
