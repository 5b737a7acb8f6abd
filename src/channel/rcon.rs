//! A client of Source RCON.
//!
//! See <https://developer.valvesoftware.com/wiki/Source_RCON_Protocol>. The
//! protocol does not say where a reply of several packets ends, so an empty
//! packet is sent after the command: servers answer in order, and its answer
//! comes behind the reply. That packet goes out only when the first of the
//! reply is here, since some servers lose what comes together with a command;
//! and where it is not answered, a reply ends when nothing more comes.
//!
//! A packet of which less comes than is announced ends when nothing more comes, too.
//!
//! Rust pushes to whoever is logged in what its console says: packets of type 4,
//! and others with the id of a refusal.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::exchange::{AskError, Heard, NO_REPLY, Question, Reply, read, silent, write, wrong_password};
use super::gather::Gathered;
use super::packet::{AUTH, AUTH_ID, COMMAND, COMMAND_ID, Packet, RESPONSE, SENTINEL_ID};
use super::packet_decoder::PacketDecoder;
use crate::failure::Failure;

/// A reply is over when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(300);

/// A command that is not answered for so long may have no reply at all: then
/// the empty packet goes out without waiting for one. Nor is the rest of a packet
/// waited for longer.
const PATIENCE: Duration = Duration::from_millis(700);

#[derive(Debug)]
pub(super) struct Rcon<S> {
    stream: S,
    decoder: PacketDecoder,
    heard_at: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Rcon<S> {
    pub(super) async fn login(stream: S, password: &str, until: Instant) -> Result<Self, Failure> {
        let mut new = Self {
            stream,
            decoder: PacketDecoder::default(),
            heard_at: Instant::now(),
        };
        new.send(&Packet::new(AUTH_ID, AUTH, password), until).await?;
        loop {
            match new.hear(until).await? {
                Heard::Part(packet) if packet.is_refusal() => return Err(wrong_password()),
                Heard::Part(packet) if packet.accepts(AUTH_ID) => return Ok(new),
                // An empty reply comes before the answer proper.
                Heard::Part(_) => {}
                // Some close instead of saying that the password is wrong.
                Heard::Closed => {
                    return Err(Failure::failed("it closed the connection at the login")
                        .hint("the password may be wrong, or this address banned after wrong ones"));
                }
                Heard::Nothing => return Err(silent("it did not answer the login in time")),
            }
        }
    }

    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, AskError> {
        let mut gathered = Gathered::new(question.expect.as_deref());
        let command = Packet::new(COMMAND_ID, COMMAND, &question.line);
        self.send(&command, until).await?;
        let asked_at = Instant::now();
        let (mut sent, mut ended, mut refused) = (false, false, false);
        let mut last_part = None;
        loop {
            let wait_until = match last_part {
                _ if !sent => asked_at + PATIENCE,
                _ if gathered.expects_more() => until,
                Some(last_part) => last_part + QUIET,
                None => asked_at + NO_REPLY,
            };
            // A packet that is on its way is heard to its end.
            let is_coming = !self.decoder.is_empty();
            let rest_until = if is_coming {
                self.heard_at + PATIENCE
            } else {
                wait_until
            };
            let wait_until = wait_until.max(rest_until);
            let heard = self.hear(wait_until.min(until)).await.map_err(AskError::Unclear)?;
            let heard = match heard {
                Heard::Nothing if Instant::now() >= until => self.decoder.flush().map_or(Heard::Nothing, Heard::Part),
                heard => heard,
            };
            match heard {
                Heard::Part(packet) if packet.id == SENTINEL_ID => ended = true,
                Heard::Part(packet) if packet.is_refusal() => refused = true,
                Heard::Part(packet) if packet.is_push() => gathered.overhear(&packet.body),
                Heard::Part(packet) if packet.id == AUTH_ID => {}
                // Not every server repeats the id of the command.
                Heard::Part(packet) => {
                    last_part = Some(Instant::now());
                    gathered.push(&packet.body);
                }
                Heard::Closed => break at_the_end(gathered, refused, true),
                Heard::Nothing if !self.decoder.is_empty() && Instant::now() < until.min(self.heard_at + PATIENCE) => {}
                Heard::Nothing if sent || Instant::now() >= until => break at_the_end(gathered, refused, false),
                Heard::Nothing => {}
            }
            if gathered.is_full() || (ended && gathered.any() && !gathered.expects_more()) {
                break at_the_end(gathered, refused, false);
            }
            if !sent && (gathered.any() || Instant::now() >= asked_at + PATIENCE) {
                sent = true;
                // One that closed on us has been told what we wanted to tell.
                let _ = self.send(&Packet::new(SENTINEL_ID, RESPONSE, ""), until).await;
            }
        }
    }

    async fn send(&mut self, packet: &Packet, until: Instant) -> Result<(), Failure> {
        write(&mut self.stream, &packet.to_bytes(), until).await
    }

    /// Returns when the rest of a packet is not waited for any more, if there is a
    /// packet of which it could be missing.
    fn stalls_at(&self) -> Option<Instant> {
        let has_ended = self.decoder.partial()?;
        Some(self.heard_at + if has_ended { QUIET } else { PATIENCE })
    }

    async fn hear(&mut self, until: Instant) -> Result<Heard<Packet>, Failure> {
        let mut buffer = [0; 4096];
        loop {
            match self.decoder.next() {
                Ok(Some(packet)) => return Ok(Heard::Part(packet)),
                Ok(None) => {}
                Err(_) => return Err(Failure::failed("what it answers is not Source RCON")),
            }
            let stalls_at = self.stalls_at();
            let no_more = match read(
                &mut self.stream,
                &mut buffer,
                stalls_at.map_or(until, |at| at.min(until)),
            )
            .await
            {
                Heard::Part(bytes) => {
                    self.decoder.push(bytes);
                    self.heard_at = Instant::now();
                    continue;
                }
                Heard::Closed => Heard::Closed,
                Heard::Nothing if stalls_at.is_none_or(|at| Instant::now() < at) => return Ok(Heard::Nothing),
                Heard::Nothing => Heard::Nothing,
            };
            match self.decoder.flush() {
                Some(packet) => return Ok(Heard::Part(packet)),
                None if matches!(no_more, Heard::Closed) || Instant::now() >= until => return Ok(no_more),
                None => {}
            }
        }
    }
}

fn at_the_end(gathered: Gathered<'_>, refused: bool, closed: bool) -> Result<Reply, AskError> {
    if refused && !gathered.any() {
        return Err(wrong_password().into());
    }
    Ok(gathered.finish(closed))
}

#[cfg(test)]
#[path = "rcon_tests.rs"]
mod tests;
