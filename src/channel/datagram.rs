//! Admin channels over UDP: what their protocols share.
//!
//! There is no connection, so nothing tells of itself that a server is gone, or that a
//! packet was lost. A line is sent once, since a server that has heard it would carry it
//! out again. While nothing answers, something harmless is asked now and then: its
//! answer tells that the line was passed over, and the refusal of the port tells that the
//! game has ended.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::connect::nothing_listens;
use super::exchange::{AskError, Heard, Question, Reply, silent};
use super::gather::Gathered;
use super::resolve;
use crate::failure::{Failure, FailureKind};
use crate::inventory::HostPort;
use crate::sys::listeners::Transport;

/// The largest datagram, in bytes.
const DATAGRAM_MAX: usize = 65_536;

/// A reply is over when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(300);

/// The silence after which something harmless is asked.
const NUDGE: Duration = Duration::from_secs(1);

/// A greeting that is not answered for so long is sent again.
pub(super) const AGAIN: Duration = Duration::from_millis(700);

/// A socket from which only one server is heard.
pub(super) trait Datagrams {
    /// Sends one datagram.
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Receives one datagram. Safe to cancel.
    async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Datagrams for UdpSocket {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        UdpSocket::send(self, bytes).await.map(drop)
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv(buffer).await
    }
}

/// Opens a socket to a server; nothing is sent yet.
pub(super) async fn open(address: &HostPort, until: Instant) -> Result<UdpSocket, Failure> {
    let opened = async {
        let mut last = Failure::failed(format!("the host `{}` is not known", address.host));
        for ip in resolve::addresses(&address.host).await {
            match socket_to(SocketAddr::new(ip, address.port)).await {
                Ok(socket) => return Ok(socket),
                Err(error) => last = Failure::failed(error.to_string()),
            }
        }
        Err(last)
    };
    match tokio::time::timeout_at(until, opened).await {
        Ok(opened) => opened,
        Err(_) => Err(silent("its name was not found in time")),
    }
}

async fn socket_to(server: SocketAddr) -> io::Result<UdpSocket> {
    let any = match server.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    // From here on what others send is dropped by the kernel.
    socket.connect(server).await?;
    Ok(socket)
}

/// The meaning of a datagram.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// A piece of the reply; nothing comes behind the last one.
    Piece { text: Vec<u8>, is_last: bool },
    /// A text that is told to everybody, and what is to be sent for it.
    Aside { text: Vec<u8>, answer: Vec<u8> },
    /// The server is there.
    Alive,
    /// The line was not carried out.
    Refused(Failure),
    /// Nothing of this protocol, or of another conversation.
    Foreign,
}

/// A protocol with the state of one conversation.
pub(super) trait DatagramProtocol {
    /// The name of the protocol, for a person.
    const NAME: &'static str;

    /// Understands a datagram.
    fn hear(&mut self, datagram: &[u8]) -> Said;

    /// Returns a question that changes nothing, and that a server answers which is there.
    fn nudge(&mut self) -> Vec<u8>;

    /// Takes what has come of a reply of which parts are missing.
    fn flush(&mut self) -> Option<Vec<u8>>;
}

/// A server that is talked to by datagrams.
#[derive(Debug)]
pub(super) struct Talk<D> {
    socket: D,
    address: HostPort,
    buffer: Vec<u8>,
}

impl<D: Datagrams> Talk<D> {
    pub(super) fn new(socket: D, address: HostPort) -> Self {
        let buffer = vec![0; DATAGRAM_MAX];
        Self {
            socket,
            address,
            buffer,
        }
    }

    /// Returns the failure of a port at which nobody listens.
    pub(super) fn refused(&self) -> Failure {
        nothing_listens(&self.address, Transport::Udp)
    }

    pub(super) async fn send(&mut self, bytes: &[u8], until: Instant) -> Result<(), Failure> {
        if Instant::now() >= until {
            return Err(silent("there was no time left to send it"));
        }
        match timeout_at(until, self.socket.send(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(self.refused()),
            Ok(Err(error)) => Err(Failure::failed(format!("it cannot be sent: {error}"))),
            Err(_) => Err(silent("it was not sent in time")),
        }
    }

    /// Receives a datagram; closed is a port that refuses.
    pub(super) async fn hear(&mut self, until: Instant) -> Heard<&[u8]> {
        if Instant::now() >= until {
            return Heard::Nothing;
        }
        match timeout_at(until, self.socket.receive(&mut self.buffer)).await {
            Err(_) => Heard::Nothing,
            Ok(Err(_)) => Heard::Closed,
            Ok(Ok(n)) => Heard::Part(self.buffer.get(..n).unwrap_or_default()),
        }
    }

    /// Sends a greeting, and again while nothing answers, until `understood` takes
    /// something from an answer: whoever hears it twice answers twice.
    pub(super) async fn greet<T>(
        &mut self,
        greeting: &[u8],
        until: Instant,
        mut understood: impl FnMut(&[u8]) -> Option<Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut again_at = Instant::now();
        let mut any = false;
        loop {
            let now = Instant::now();
            if now >= until {
                return Err(match any {
                    true => Failure::failed("what it answers is not of this protocol"),
                    false => silent("it did not answer in time"),
                });
            }
            if now >= again_at {
                self.send(greeting, until).await?;
                again_at = now + AGAIN;
            }
            match self.hear(again_at.min(until)).await {
                Heard::Part(datagram) => {
                    any = true;
                    if let Some(answer) = understood(datagram) {
                        return answer;
                    }
                }
                Heard::Closed => return Err(self.refused()),
                Heard::Nothing => {}
            }
        }
    }

    /// Sends a line, once, and gathers its reply.
    pub(super) async fn ask<C: DatagramProtocol>(
        &mut self,
        conversation: &mut C,
        line: &[u8],
        question: &Question,
        until: Instant,
    ) -> Result<Reply, AskError> {
        self.send(line, until).await?;
        let mut gathered = Gathered::new(question.expect.as_deref());
        let mut nudge_at = Instant::now() + NUDGE;
        // The time after which no more is awaited, unless something comes.
        let mut over_at = until;
        let (mut is_last, mut is_nudged, mut is_alive, mut is_foreign) = (false, false, false, false);
        let closed = loop {
            if gathered.is_full() || (is_last && !gathered.expects_more()) {
                break false;
            }
            let ends_at = if gathered.expects_more() {
                until
            } else {
                over_at.min(until)
            };
            match self.hear(ends_at.min(nudge_at)).await {
                Heard::Part(datagram) => match conversation.hear(datagram) {
                    Said::Piece { text, is_last: last } => {
                        gathered.push(&text);
                        is_last |= last;
                        over_at = Instant::now() + QUIET;
                    }
                    Said::Aside { text, answer } => {
                        gathered.overhear(&text);
                        // A server that is not answered says it again. From here on a refusal
                        // may be that of the answer, as by a nudge.
                        is_nudged = true;
                        let _ = self.send(&answer, until).await;
                    }
                    Said::Alive => {
                        is_alive = true;
                        over_at = over_at.min(Instant::now() + QUIET);
                    }
                    Said::Refused(failure) => return Err(failure.into()),
                    Said::Foreign => is_foreign = true,
                },
                Heard::Closed if is_nudged || gathered.any() || is_alive => break true,
                Heard::Closed => return Err(self.refused().into()),
                Heard::Nothing if Instant::now() >= ends_at => break false,
                Heard::Nothing => {
                    nudge_at = Instant::now() + NUDGE;
                    let nudge = conversation.nudge();
                    // The refusal of an earlier one is told here, too.
                    if self.send(&nudge, until).await.is_err() && is_nudged {
                        break true;
                    }
                    is_nudged = true;
                }
            }
        };
        if let Some(text) = conversation.flush() {
            gathered.push(&text);
            gathered.cut();
        }
        if gathered.any() || closed || gathered.confirmed() {
            return Ok(gathered.finish(closed));
        }
        Err(AskError::Unclear(match (is_alive, is_foreign) {
            (true, _) => Failure::failed("it answers, but not to this line").hint(
                "the line or its reply was lost, or passed over: some servers take a line only so often; \
                 see in the log of the game whether it was carried out",
            ),
            (false, true) => Failure::failed(format!("what it answers is not {}", C::NAME)),
            (false, false) => silent("nothing answered in time")
                .hint("the line may have been carried out; a server says nothing to whom it has banned"),
        }))
    }
}

/// Refuses a packet that a server would cut.
pub(super) fn fits(packet: Vec<u8>, max: usize, line: &str) -> Result<Vec<u8>, Failure> {
    if packet.len() <= max {
        return Ok(packet);
    }
    let room = max.saturating_sub(packet.len() - line.len());
    let message = format!("the line has {} bytes, and this protocol takes {room}", line.len());
    Err(Failure::new(FailureKind::Usage, message).hint("make it shorter, or two of it"))
}
