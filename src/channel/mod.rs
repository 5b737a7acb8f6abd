//! Admin channels over the network: one line of text in, its reply out.
//!
//! The codecs are pure; the clients work on any stream, or on any socket for datagrams.
//! Everything that is
//! read is bounded in size and in time, whatever the other end does. A
//! connection serves one line and is closed: game servers drop idle ones, and
//! several people may ask at once.
//!
//! A password leaves this room only to the server: no error repeats it.

mod battleye;
mod battleye_packet;
mod connect;
mod datagram;
mod elsewhere;
mod exchange;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gather;
mod goldsrc_rcon;
mod packet;
mod packet_decoder;
mod parts;
mod quake_rcon;
mod rcon;
pub mod resolve;
pub mod say;
#[cfg(test)]
mod script;
mod telnet;
mod telnet_login;
mod to_program;
mod webrcon;

use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};
use tokio::time::Instant;

pub use connect::{NOTHING_LISTENS, connect};
pub use elsewhere::elsewhere;
pub use exchange::{AskError, Question, Reply, check_line};
pub use frame::base64;
pub use to_program::to_program;

use crate::failure::{Failure, FailureKind};
use crate::inventory::{ChannelKind, Password, Remote, Secret};
use crate::sys::listeners::Transport;
use crate::sys::plain_file;

const PASSWORD_MAX: u64 = 4096;

/// Returns what a channel is spoken over.
pub fn transport(kind: ChannelKind) -> Transport {
    match kind.is_datagrams() {
        true => Transport::Udp,
        false => Transport::Tcp,
    }
}

/// Sends a line and returns its reply.
///
/// # Errors
/// When nothing answers, the password is wrong, or the answer is not of the protocol.
/// The error says whether the line may have been carried out.
///
/// # Cancel safety
/// The line may have been sent.
pub async fn ask(remote: &Remote, question: &Question) -> Result<Reply, AskError> {
    check_line(&question.line)?;
    let until = Instant::now() + question.limit;
    let asked = async { Session::open(remote, until).await?.ask(question, until).await };
    asked
        .await
        .map_err(|error: AskError| error.map(|failure| named(remote, failure)))
}

/// Checks that the channel works: logs in, and sends nothing that changes anything.
///
/// # Cancel safety
/// Safe.
pub async fn login(remote: &Remote, limit: Duration) -> Result<(), Failure> {
    let until = Instant::now() + limit;
    let opened = async { Session::open(remote, until).await?.check(until).await };
    opened.await.map_err(|failure| named(remote, failure))
}

/// A connection that is logged in.
enum Session {
    Rcon(rcon::Rcon<TcpStream>),
    Webrcon(webrcon::Webrcon<TcpStream>),
    Telnet(telnet::Telnet<TcpStream>),
    Battleye(battleye::Battleye<UdpSocket>),
    Goldsrc(goldsrc_rcon::GoldsrcRcon<UdpSocket>),
    Quake(quake_rcon::QuakeRcon<UdpSocket>),
}

impl Session {
    async fn open(remote: &Remote, until: Instant) -> Result<Self, Failure> {
        let secret = password(remote).await?;
        let password = secret.reveal();
        let stream = async || connect(&remote.address, until).await;
        let talk = async || -> Result<_, Failure> {
            let socket = datagram::open(&remote.address, until).await?;
            Ok(datagram::Talk::new(socket, remote.address.clone()))
        };
        Ok(match remote.kind {
            ChannelKind::BattleyeRcon => {
                Self::Battleye(battleye::Battleye::login(talk().await?, password, until).await?)
            }
            ChannelKind::GoldsrcRcon => {
                Self::Goldsrc(goldsrc_rcon::GoldsrcRcon::open(talk().await?, password, until).await?)
            }
            ChannelKind::QuakeRcon => Self::Quake(quake_rcon::QuakeRcon::new(talk().await?, password)?),
            ChannelKind::Rcon => Self::Rcon(rcon::Rcon::login(stream().await?, password, until).await?),
            ChannelKind::Webrcon => {
                let host = remote.address.to_string();
                Self::Webrcon(webrcon::Webrcon::open(stream().await?, &host, password, until).await?)
            }
            ChannelKind::Telnet => {
                let greeting = remote.greeting.as_deref();
                Self::Telnet(telnet::Telnet::login(stream().await?, greeting, password, until).await?)
            }
            ChannelKind::Stdin => {
                let message = "this channel is not one over the network";
                return Err(Failure::new(FailureKind::Unsupported, message));
            }
        })
    }

    /// Has a line without effect carried out where that alone tells that the password is right.
    async fn check(&mut self, until: Instant) -> Result<(), Failure> {
        match self {
            Self::Goldsrc(goldsrc) => goldsrc.login(until).await,
            Self::Quake(quake) => quake.login(until).await,
            Self::Rcon(_) | Self::Webrcon(_) | Self::Telnet(_) | Self::Battleye(_) => Ok(()),
        }
    }

    async fn ask(&mut self, question: &Question, until: Instant) -> Result<Reply, AskError> {
        match self {
            Self::Rcon(rcon) => rcon.ask(question, until).await,
            Self::Webrcon(webrcon) => webrcon.ask(question, until).await,
            Self::Telnet(telnet) => telnet.ask(question, until).await,
            Self::Battleye(battleye) => battleye.ask(question, until).await,
            Self::Goldsrc(goldsrc) => goldsrc.ask(question, until).await,
            Self::Quake(quake) => quake.ask(question, until).await,
        }
    }
}

fn named(remote: &Remote, failure: Failure) -> Failure {
    Failure {
        message: format!("{} {}: {}", remote.kind, remote.address, failure.message),
        ..failure
    }
}

/// Reads the password of a channel; it is empty if the channel has none.
async fn password(remote: &Remote) -> Result<Secret, Failure> {
    match &remote.password {
        None => Ok(Secret::new(String::new())),
        Some(password) => secret(password).await,
    }
}

/// Returns a password, read from its file where it is in one.
///
/// # Errors
/// When the file cannot be read, or its first line is empty.
pub async fn secret(password: &Password) -> Result<Secret, Failure> {
    let path = match password {
        Password::Given(secret) => return Ok(secret.clone()),
        Password::File(path) => path,
    };
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::failed(format!("the password file {} {why}", path.display()))
            .hint("its first line is the password; it should be readable by its owner alone")
    };
    let read = plain_file::read(path, PASSWORD_MAX).await;
    let bytes = read.map_err(|error| cannot(&format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| cannot(&"is not text in UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(cannot(&"is empty"));
    }
    Ok(Secret::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::HostPort;

    fn remote(password: Option<Password>) -> Remote {
        Remote {
            kind: ChannelKind::Rcon,
            address: HostPort {
                host: "127.0.0.1".into(),
                port: 9,
            },
            password,
            greeting: None,
        }
    }

    #[tokio::test]
    async fn a_password_file_is_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pw");
        let read = async || password(&remote(Some(Password::File(path.clone())))).await;
        assert!(read().await.unwrap_err().message.contains("cannot be read"));
        std::fs::write(&path, "hunter2\r\nmore\n").unwrap();
        assert_eq!(read().await.unwrap().reveal(), "hunter2");
        std::fs::write(&path, "\n").unwrap();
        assert!(read().await.unwrap_err().message.contains("is empty"));
        std::fs::write(&path, "x".repeat(5000)).unwrap();
        assert!(read().await.unwrap_err().message.contains("larger than 4 KiB"));
    }

    #[tokio::test]
    async fn a_line_is_one_line() {
        for line in ["a\nb", "a\rb", "a\0b", &"x".repeat(exchange::LINE_MAX + 1)] {
            let question = Question {
                line: line.to_owned(),
                expect: None,
                limit: Duration::from_secs(1),
            };
            let error = ask(&remote(None), &question).await.unwrap_err();
            assert_eq!(error.failure().kind, FailureKind::Usage);
        }
    }
}
