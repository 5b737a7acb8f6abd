//! A client of Source RCON.
//!
//! See <https://developer.valvesoftware.com/wiki/Source_RCON_Protocol>. The
//! protocol does not say where a reply of several packets ends, so an empty
//! packet is sent after the command: servers answer in order, and its answer
//! comes behind the reply. That packet goes out only when the first of the
//! reply is here, since some servers lose what comes together with a command;
//! and where it is not answered, a reply ends when nothing more comes.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::exchange::{Heard, Question, Reply, read, silent, write, wrong_password};
use super::gather::Gathered;
use super::packet::{AUTH, AUTH_RESPONSE, COMMAND, Packet, PacketDecoder, REFUSED, RESPONSE};
use crate::failure::Failure;

const AUTH_ID: i32 = 1;
const COMMAND_ID: i32 = 2;
const SENTINEL_ID: i32 = 3;

/// A reply is over when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(300);

/// A command that is not answered for so long may have no reply at all.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Rcon<S> {
    stream: S,
    decoder: PacketDecoder,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Rcon<S> {
    pub(super) async fn login(stream: S, password: &str, until: Instant) -> Result<Self, Failure> {
        let mut new = Self {
            stream,
            decoder: PacketDecoder::default(),
        };
        new.send(&Packet::new(AUTH_ID, AUTH, password), until).await?;
        loop {
            match new.hear(until).await? {
                Heard::Part(packet) if packet.id == REFUSED => return Err(wrong_password()),
                Heard::Part(packet) if packet.kind == AUTH_RESPONSE && packet.id == AUTH_ID => return Ok(new),
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

    pub(super) async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, Failure> {
        let mut gathered = Gathered::new(question.expect.as_deref());
        let command = Packet::new(COMMAND_ID, COMMAND, &question.line);
        self.send(&command, until).await?;
        let (mut sent, mut ended) = (false, false);
        loop {
            let pause = if gathered.any() && sent { QUIET } else { PATIENCE };
            let quiet_at = Instant::now() + pause;
            match self.hear(quiet_at.min(until)).await? {
                Heard::Part(packet) if packet.id == SENTINEL_ID => ended = true,
                Heard::Part(packet) if packet.id == REFUSED => return Err(wrong_password()),
                Heard::Part(packet) if packet.id == AUTH_ID => {}
                // Not every server repeats the id of the command.
                Heard::Part(packet) => gathered.push(&packet.body),
                Heard::Closed => return Ok(gathered.finish(true)),
                Heard::Nothing if quiet_at >= until => return at_the_end(gathered, ended),
                // A reply may be late: what ends an empty one is the answer to
                // the other packet, and a while after that.
                Heard::Nothing => ended |= gathered.any(),
            }
            if gathered.is_full()
                || (ended && !gathered.expects_more() && (gathered.any() || quiet_at <= Instant::now()))
            {
                return Ok(gathered.finish(false));
            }
            if !sent && (gathered.any() || quiet_at <= Instant::now()) {
                sent = true;
                // One that closed on us has been told what we wanted to tell.
                let _ = self.send(&Packet::new(SENTINEL_ID, RESPONSE, ""), until).await;
            }
        }
    }

    async fn send(&mut self, packet: &Packet, until: Instant) -> Result<(), Failure> {
        write(&mut self.stream, &packet.to_bytes(), until).await
    }

    async fn hear(&mut self, until: Instant) -> Result<Heard<Packet>, Failure> {
        let mut buffer = [0; 4096];
        loop {
            match self.decoder.next() {
                Ok(Some(packet)) => return Ok(Heard::Part(packet)),
                Ok(None) => {}
                Err(_) => return Err(Failure::failed("what it answers is not Source RCON")),
            }
            match read(&mut self.stream, &mut buffer, until).await {
                Heard::Part(bytes) => self.decoder.push(bytes),
                Heard::Closed => return Ok(Heard::Closed),
                Heard::Nothing => return Ok(Heard::Nothing),
            }
        }
    }
}

fn at_the_end(gathered: Gathered<'_>, ended: bool) -> Result<Reply, Failure> {
    if gathered.any() || ended {
        return Ok(gathered.finish(false));
    }
    Err(silent("no reply came in time"))
}

#[cfg(test)]
#[path = "rcon_tests.rs"]
mod tests;
