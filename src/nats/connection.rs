//! One connection to one server.

use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::credentials::Credentials;
use super::decoder::{Malformed, NatsDecoder};
use super::encode;
use super::op::{ServerInfo, ServerOp};
use super::stream::{self, ByteStream};
use crate::failure::Failure;
use crate::inventory::{NatsServer, NatsTls};

/// The bytes that are read at a time.
const CHUNK: usize = 8 << 10;

/// The time in which the last word of a server comes that takes nothing any more.
const LAST_WORD: Duration = Duration::from_millis(100);

/// A connection that was accepted.
pub struct NatsConnection {
    read: ReadHalf<Box<dyn ByteStream>>,
    write: WriteHalf<Box<dyn ByteStream>>,
    decoder: NatsDecoder,
    out: Vec<u8>,
    /// The bytes of `out` that were written.
    written: usize,
    is_flushed: bool,
    info: ServerInfo,
}

impl NatsConnection {
    /// Connects, and waits until the server has taken who we are. Has no limit.
    ///
    /// # Errors
    /// With the reason, where there is one in the server's own words.
    ///
    /// # Cancel safety
    /// Dropped, the connection is closed.
    pub async fn open(
        server: &NatsServer,
        tls: Option<&NatsTls>,
        credentials: &Credentials,
        name: &str,
    ) -> Result<Self, Failure> {
        let mut tcp = stream::connect(&server.address).await?;
        let mut decoder = NatsDecoder::default();
        let info = introduced(&mut tcp, &mut decoder).await?;
        let wants_tls = server.tls || tls.is_some() || info.tls_required;
        let stream: Box<dyn ByteStream> = match wants_tls {
            // What came before TLS is from nobody known.
            true if !decoder.is_empty() => return Err(Failure::failed("it speaks before TLS begins")),
            true => {
                let tls = tls.cloned().unwrap_or_default();
                Box::new(stream::begin_tls(tcp, &server.address.host, &tls).await?)
            }
            false => Box::new(tcp),
        };
        let (read, write) = split(stream);
        let mut introduction = credentials.introduce(&info.nonce)?;
        let version = env!("CARGO_PKG_VERSION");
        let about = json!({
            "verbose": false, "pedantic": false, "tls_required": wants_tls, "name": name, "lang": "rust",
            "version": version, "protocol": 1, "echo": true, "headers": true, "no_responders": true,
        });
        introduction.extend(about.as_object().cloned().unwrap_or_default());
        let mut connection = Self {
            read,
            write,
            decoder,
            out: Vec::new(),
            written: 0,
            is_flushed: true,
            info,
        };
        encode::connect(&mut connection.out, &introduction.into());
        connection.ping();
        loop {
            match connection.next().await.map_err(|error| ended(&error))? {
                ServerOp::Pong => return Ok(connection),
                ServerOp::Error(why) => return Err(Failure::failed(format!("it refuses: {why}"))),
                _ => {}
            }
        }
    }

    /// Returns the server as it has introduced itself last.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// Adds a message to what is to be written. It waits for nobody.
    pub fn publish(&mut self, subject: &str, reply: Option<&str>, payload: &[u8]) {
        encode::publish(&mut self.out, subject, reply, payload);
    }

    /// Subscribes; `sid` stands for it in the messages that follow.
    pub fn subscribe(&mut self, subject: &str, sid: u64) {
        encode::subscribe(&mut self.out, subject, sid);
    }

    /// Asks for a `PONG`.
    pub fn ping(&mut self) {
        encode::ping(&mut self.out);
    }

    /// Returns the number of bytes that the system has not taken yet.
    pub fn unwritten(&self) -> usize {
        self.out.len() - self.written
    }

    /// Waits for the next word of the server, and meanwhile writes what is to be written.
    /// A `PING` is answered, and not returned.
    ///
    /// # Errors
    /// When the connection is lost, or what comes is no protocol of NATS.
    ///
    /// # Cancel safety
    /// Safe: what was read is kept, and what was written is known.
    pub async fn next(&mut self) -> io::Result<ServerOp> {
        loop {
            match self.decoder.next() {
                Ok(Some(ServerOp::Ping)) => encode::pong(&mut self.out),
                Ok(Some(ServerOp::Info(info))) => {
                    self.info = *info.clone();
                    return Ok(ServerOp::Info(info));
                }
                Ok(Some(op)) => return Ok(op),
                Ok(None) => self.move_bytes().await?,
                Err(Malformed(what)) => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("what it says is no protocol of NATS: {what:?}"),
                    ));
                }
            }
        }
    }

    /// Reads something, or writes something.
    async fn move_bytes(&mut self) -> io::Result<()> {
        let Self {
            read,
            write,
            decoder,
            out,
            written,
            is_flushed,
            ..
        } = self;
        let writing = async {
            if *written < out.len() {
                *is_flushed = false;
                *written += write.write(out.get(*written..).unwrap_or_default()).await?;
            } else if *is_flushed {
                std::future::pending::<()>().await;
            } else {
                write.flush().await?;
                *is_flushed = true;
            }
            Ok::<_, io::Error>(())
        };
        tokio::select! {
            got = read.read_buf(decoder.room(CHUNK)) => {
                if got? == 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it has closed the connection"));
                }
            }
            done = writing => if let Err(error) = done {
                // A server that has closed the connection has perhaps said why before that.
                return match timeout(LAST_WORD, read.read_buf(decoder.room(CHUNK))).await {
                    Ok(Ok(1..)) => Ok(()),
                    _ => Err(error),
                };
            },
        }
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
            // What a burst has taken is given back.
            self.out.shrink_to(CHUNK);
        }
        Ok(())
    }
}

/// Waits for the introduction of a server.
async fn introduced(tcp: &mut TcpStream, decoder: &mut NatsDecoder) -> Result<ServerInfo, Failure> {
    loop {
        match decoder.next() {
            Ok(Some(ServerOp::Info(info))) => return Ok(*info),
            Ok(Some(ServerOp::Error(why))) => return Err(Failure::failed(format!("it refuses: {why}"))),
            Ok(None) => {
                let got = tcp.read_buf(decoder.room(CHUNK)).await;
                if got.map_err(|error| ended(&error))? == 0 {
                    return Err(Failure::failed("it has closed the connection at once"));
                }
            }
            Ok(Some(_)) | Err(_) => {
                return Err(Failure::failed("this is no server of NATS")
                    .hint("its port is 4222, if nobody has changed that; that of a websocket is another one"));
            }
        }
    }
}

fn ended(error: &io::Error) -> Failure {
    Failure::failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whichever of reading and writing is tried first.
    #[tokio::test]
    async fn the_last_word_of_a_server_is_heard_although_it_takes_nothing_any_more() {
        for _ in 0..50 {
            let (ours, mut theirs) = tokio::io::duplex(4096);
            theirs
                .write_all(b"-ERR 'User Authentication Expired'\r\n")
                .await
                .unwrap();
            drop(theirs);
            let stream: Box<dyn ByteStream> = Box::new(ours);
            let (read, write) = split(stream);
            let mut connection = NatsConnection {
                read,
                write,
                decoder: NatsDecoder::default(),
                out: Vec::new(),
                written: 0,
                is_flushed: true,
                info: ServerInfo::default(),
            };
            connection.publish("games.box1.a.status", None, b"{}");
            let said = connection.next().await.unwrap();
            assert!(
                matches!(&said, ServerOp::Error(why) if why == "User Authentication Expired"),
                "{said:?}"
            );
            let lost = connection.next().await.unwrap_err();
            assert!(
                matches!(lost.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof),
                "{lost}"
            );
        }
    }
}
