//! Entry points of the fuzz targets: the clients, with a server that says anything.
//! Built with `--cfg fuzzing` only; see `fuzz/README.md`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::datagram::{Datagrams, Talk};
use super::gather::REPLY_MAX;
use super::{
    AskError, Question, Reply, battleye, battleye_packet, frame, goldsrc_rcon, packet_decoder, quake_rcon, rcon,
    telnet, webrcon,
};
use crate::inventory::HostPort;

/// A server that says all that it has, in pieces of `piece` bytes, listens to
/// nothing and closes.
struct Canned<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl AsyncRead for Canned<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let n = self.piece.min(self.bytes.len()).min(buffer.remaining());
        let (now, later) = self.bytes.split_at(n);
        buffer.put_slice(now);
        self.bytes = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Canned<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
}

/// The server of some bytes, the first of which says how they are cut.
fn server(bytes: &[u8]) -> Canned<'_> {
    let (piece, bytes) = bytes
        .split_first()
        .map_or((1, bytes), |(first, rest)| (usize::from(*first) + 1, rest));
    Canned { bytes, piece }
}

fn question() -> Question {
    Question {
        line: "save".to_owned(),
        expect: Some("Saved".to_owned()),
        limit: Duration::from_secs(9),
    }
}

fn until() -> Instant {
    Instant::now() + question().limit
}

/// A login and a command over RCON; and the packets are the same, however they
/// are cut.
pub fn rcon(bytes: &[u8]) {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            if let Ok(mut rcon) = rcon::Rcon::login(server(bytes), "pw", until()).await
                && let Ok(reply) = rcon.ask(&question(), until()).await
            {
                assert!(reply.text.len() <= 3 * REPLY_MAX);
            }
        });
    });
    let packets = |piece: usize| packet_decoder::in_pieces(bytes, piece);
    assert_eq!(packets(1), packets(bytes.len().max(1)));
}

/// A handshake and a command over WebRCON; and the messages are the same,
/// however they are cut.
pub fn webrcon(bytes: &[u8]) {
    const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
    let accepted = [
        &[bytes.first().copied().unwrap_or(0)],
        ACCEPTED,
        bytes.get(1..).unwrap_or_default(),
    ]
    .concat();
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            for bytes in [bytes, &accepted] {
                let opened = webrcon::Webrcon::open(server(bytes), "host:1", "pw", until()).await;
                if let Ok(mut webrcon) = opened
                    && let Ok(reply) = webrcon.ask(&question(), until()).await
                {
                    assert!(reply.text.len() <= 3 * REPLY_MAX);
                }
            }
        });
    });
    let messages = |piece: usize| {
        let mut decoder = frame::FrameDecoder::default();
        let mut messages = Vec::new();
        for piece in bytes.chunks(piece) {
            decoder.push(piece);
            loop {
                match decoder.next() {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(_) => return (messages, true),
                }
            }
        }
        (messages, false)
    };
    assert_eq!(messages(1), messages(bytes.len().max(1)));
}

/// A greeting, a password and a line over telnet.
pub fn telnet(bytes: &[u8]) {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            for greeting in [None, Some("Hello")] {
                if let Ok(mut telnet) = telnet::Telnet::login(server(bytes), greeting, "pw", until()).await
                    && let Ok(reply) = telnet.ask(&question(), until()).await
                {
                    assert!(reply.text.len() <= 3 * REPLY_MAX);
                }
            }
        });
    });
}

/// A server whose datagrams are all on their way, and whose port refuses then.
struct CannedDatagrams {
    datagrams: std::vec::IntoIter<Vec<u8>>,
}

impl Datagrams for CannedDatagrams {
    async fn send(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let next = self.datagrams.next().ok_or(io::ErrorKind::ConnectionRefused)?;
        buffer
            .get_mut(..next.len())
            .ok_or(io::ErrorKind::InvalidData)?
            .copy_from_slice(&next);
        Ok(next.len())
    }
}

/// The datagrams in some bytes: each is behind its length.
fn datagrams(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (one, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        found.push(one.to_vec());
        bytes = rest;
    }
    found
}

/// A way to ask a server, from the login on.
fn talked(datagrams: Vec<Vec<u8>>) -> Talk<CannedDatagrams> {
    let address = HostPort {
        host: "192.0.2.1".into(),
        port: 1,
    };
    let datagrams = datagrams.into_iter();
    Talk::new(CannedDatagrams { datagrams }, address)
}

fn plainly() -> Question {
    Question {
        expect: None,
        ..question()
    }
}

/// Checks a reply, and returns its text.
fn bounded(reply: Result<Reply, AskError>) -> Option<String> {
    let text = reply.ok()?.text;
    assert!(text.len() <= 3 * REPLY_MAX);
    Some(text)
}

/// A login and a command over BattlEye's RCon; and what comes twice changes nothing.
pub fn battleye_rcon(bytes: &[u8]) {
    let asked = |datagrams: Vec<Vec<u8>>| {
        RUNTIME.with(|runtime| {
            runtime.block_on(async {
                let client = battleye::Battleye::login(talked(datagrams), "pw", until()).await;
                bounded(client.ok()?.ask(&plainly(), until()).await)
            })
        })
    };
    let raw = datagrams(bytes);
    asked(raw.clone());
    // With checksums that are right.
    let right: Vec<Vec<u8>> = raw.iter().map(|content| battleye_packet::packet(&[content])).collect();
    let twice = right.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
    if let (Some(once), Some(twice)) = (asked(right), asked(twice)) {
        assert_eq!(once, twice);
    }
}

/// A challenge and a command over the RCON of GoldSrc.
pub fn goldsrc_rcon(bytes: &[u8]) {
    const CHALLENGE: &[u8] = b"\xff\xff\xff\xffchallenge rcon 1";
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let raw = datagrams(bytes);
            let challenged = [&[CHALLENGE.to_vec()], raw.as_slice()].concat();
            for datagrams in [raw, challenged] {
                if let Ok(mut client) = goldsrc_rcon::GoldsrcRcon::open(talked(datagrams), "pw", until()).await {
                    bounded(client.ask(&plainly(), until()).await);
                }
            }
        });
    });
}

/// A command over the RCON of Quake.
pub fn quake_rcon(bytes: &[u8]) {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            if let Ok(mut client) = quake_rcon::QuakeRcon::new(talked(datagrams(bytes)), "pw") {
                bounded(client.ask(&plainly(), until()).await);
            }
        });
    });
}
