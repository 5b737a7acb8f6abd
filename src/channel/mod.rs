//! Admin channels over the network: one line of text in, its reply out.
//!
//! The codecs are pure; the clients work on any stream. Everything that is
//! read is bounded in size and in time, whatever the other end does. A
//! connection serves one line and is closed: game servers drop idle ones, and
//! several people may ask at once.
//!
//! A password never leaves this room but to the server: no error repeats it.

mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gather;
mod packet;
mod rcon;
pub mod resolve;
mod telnet;
mod webrcon;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::failure::{Failure, FailureKind};
use crate::inventory::{ChannelKind, HostPort, Password, Remote, Secret};

/// The longest line that is sent, in bytes. A packet of Source RCON holds 4096
/// with its head.
pub const LINE_MAX: usize = 4000;

/// A password file that is longer is none, in bytes.
const PASSWORD_MAX: u64 = 4096;

/// A line to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The line, without an end.
    pub line: String,
    /// A text that confirms it. Where one is given it is waited for, also past
    /// the end of the reply.
    pub expect: Option<String>,
    /// How long all of it may take, connecting included.
    pub limit: Duration,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The reply, without white space at its end. Bytes that are no UTF-8 are
    /// replaced.
    pub text: String,
    /// Whether what was expected came; `None` when nothing was expected.
    pub confirmed: Option<bool>,
    /// Whether the other end closed the connection meanwhile, as servers do
    /// that are told to quit.
    pub closed: bool,
    /// Whether there was more than is read.
    pub cut: bool,
}

/// Sends a line and returns what came back.
///
/// # Errors
/// When nothing answers, the password is wrong, what comes is not the
/// protocol, or no reply came in time.
///
/// # Cancel safety
/// The line may have been sent.
pub async fn ask(remote: &Remote, question: &Question) -> Result<Reply, Failure> {
    if question.line.len() > LINE_MAX || question.line.contains(['\n', '\r', '\0']) {
        let message = format!("a line of at most {LINE_MAX} bytes can be sent, without line breaks");
        return Err(Failure::new(FailureKind::Usage, message));
    }
    let until = Instant::now() + question.limit;
    let asked = async {
        let secret = password(remote)?;
        let stream = connect(&remote.address, until).await?;
        match remote.kind {
            ChannelKind::Rcon => {
                let mut rcon = rcon::Rcon::login(stream, secret.reveal(), until).await?;
                rcon.ask(question, until).await
            }
            ChannelKind::Webrcon => {
                let host = remote.address.to_string();
                let mut webrcon = webrcon::Webrcon::open(stream, &host, secret.reveal(), until).await?;
                webrcon.ask(question, until).await
            }
            ChannelKind::Telnet => {
                let greeting = remote.greeting.as_deref();
                let mut telnet = telnet::Telnet::login(stream, greeting, secret.reveal(), until).await?;
                telnet.ask(question, until).await
            }
            ChannelKind::Stdin => Err(not_a_remote()),
        }
    };
    asked.await.map_err(|failure| named(remote, failure))
}

/// Logs in and sends nothing: whether the channel works.
///
/// # Errors
/// As [`ask`].
///
/// # Cancel safety
/// Safe.
pub async fn login(remote: &Remote, limit: Duration) -> Result<(), Failure> {
    let until = Instant::now() + limit;
    let tried = async {
        let secret = password(remote)?;
        let stream = connect(&remote.address, until).await?;
        match remote.kind {
            ChannelKind::Rcon => rcon::Rcon::login(stream, secret.reveal(), until).await.map(drop),
            ChannelKind::Webrcon => {
                let host = remote.address.to_string();
                let opened = webrcon::Webrcon::open(stream, &host, secret.reveal(), until).await;
                opened.map(drop)
            }
            ChannelKind::Telnet => {
                let greeting = remote.greeting.as_deref();
                let opened = telnet::Telnet::login(stream, greeting, secret.reveal(), until).await;
                opened.map(drop)
            }
            ChannelKind::Stdin => Err(not_a_remote()),
        }
    };
    tried.await.map_err(|failure| named(remote, failure))
}

fn not_a_remote() -> Failure {
    Failure::new(FailureKind::Unsupported, "this channel is not one over the network")
}

/// Says of which channel a failure is.
fn named(remote: &Remote, failure: Failure) -> Failure {
    Failure {
        message: format!("{} {}: {}", remote.kind, remote.address, failure.message),
        ..failure
    }
}

/// The password of a channel; empty when it has none.
fn password(remote: &Remote) -> Result<Secret, Failure> {
    match &remote.password {
        None => Ok(Secret::new(String::new())),
        Some(Password::Given(secret)) => Ok(secret.clone()),
        Some(Password::File(path)) => {
            let cannot = |why: &dyn std::fmt::Display| {
                Failure::failed(format!("the password file {} {why}", path.display()))
                    .hint("its first line is the password; it should be readable by its owner alone")
            };
            let meta = std::fs::metadata(path).map_err(|error| cannot(&format!("cannot be read: {error}")))?;
            if !meta.is_file() || meta.len() > PASSWORD_MAX {
                return Err(cannot(&"is not a short text file"));
            }
            let text = std::fs::read_to_string(path).map_err(|error| cannot(&format!("cannot be read: {error}")))?;
            let line = text.lines().next().unwrap_or_default();
            if line.is_empty() {
                return Err(cannot(&"is empty"));
            }
            Ok(Secret::new(line.to_owned()))
        }
    }
}

/// Connects to a host, wherever its name leads.
///
/// # Errors
/// When none of its addresses accepts in time.
///
/// # Cancel safety
/// Safe.
pub async fn connect(address: &HostPort, until: Instant) -> Result<TcpStream, Failure> {
    let tried = async {
        let mut last = Failure::failed(format!("the host `{}` is not known", address.host));
        for ip in resolve::addresses(&address.host).await {
            match TcpStream::connect(SocketAddr::new(ip, address.port)).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = refused(&error),
            }
        }
        Err(last)
    };
    match tokio::time::timeout_at(until, tried).await {
        Ok(connected) => connected,
        Err(_) => Err(silent("the connection was not accepted in time")),
    }
}

fn refused(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::failed("nothing listens there").hint(
            "many games open it late in their start, or only when it is switched on in their settings or arguments",
        ),
        _ => Failure::failed(error.to_string()),
    }
}

/// The failure of a server that said nothing in time.
fn silent(message: &str) -> Failure {
    Failure::new(FailureKind::Timeout, message)
}

/// The failure of a wrong password.
fn wrong_password() -> Failure {
    Failure::failed("the password is wrong").hint("compare it with the game's own settings or arguments")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_password_file_is_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pw");
        let read = || password(&remote(Some(Password::File(path.clone()))));
        assert!(read().unwrap_err().message.contains("cannot be read"));
        std::fs::write(&path, "hunter2\r\nmore\n").unwrap();
        assert_eq!(read().unwrap().reveal(), "hunter2");
        std::fs::write(&path, "\n").unwrap();
        assert!(read().unwrap_err().message.contains("is empty"));
        std::fs::write(&path, "x".repeat(5000)).unwrap();
        assert!(read().unwrap_err().message.contains("not a short"));
    }

    #[tokio::test]
    async fn a_line_is_one_line() {
        for line in ["a\nb", "a\rb", "a\0b", &"x".repeat(LINE_MAX + 1)] {
            let question = Question {
                line: line.to_owned(),
                expect: None,
                limit: Duration::from_secs(1),
            };
            let failure = ask(&remote(None), &question).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Usage);
        }
    }
}
