//! One line and its reply; and the reads, writes and failures that all protocols
//! share.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::failure::{Failure, FailureKind};

/// The longest line that is sent, in bytes. A packet of Source RCON holds 4096
/// with its head.
pub(super) const LINE_MAX: usize = 4000;

/// Checks that a line can be sent, over a channel or to a console.
///
/// # Errors
/// When it is too long, or has a line break or a NUL in it.
pub fn check_line(line: &str) -> Result<(), Failure> {
    if line.len() > LINE_MAX || line.contains(['\n', '\r', '\0']) {
        let message = format!("a line has at most {LINE_MAX} bytes, and no line end or NUL in it");
        return Err(Failure::new(FailureKind::Usage, message));
    }
    Ok(())
}

/// A line that nothing answers for so long has no reply.
pub(super) const NO_REPLY: Duration = Duration::from_millis(1400);

#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub line: String,
    /// A text that confirms it. Where one is given it is waited for, also past
    /// the end of the reply.
    pub expect: Option<String>,
    /// The time that the whole exchange may take, connecting included.
    pub limit: Duration,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The reply, without white space at its end; empty if none came. Bytes that
    /// are no UTF-8 are replaced.
    pub text: String,
    /// True if the expected text came; `None` if none was expected.
    pub confirmed: Option<bool>,
    /// True if the other end closed the connection meanwhile, as servers do
    /// that are told to quit.
    pub closed: bool,
    /// True if the reply was longer than what is read.
    pub cut: bool,
}

impl Reply {
    /// Returns true if the other end closed the connection instead of replying.
    pub fn is_closed_only(&self) -> bool {
        self.closed && self.text.is_empty() && self.confirmed != Some(true)
    }
}

/// The reason why a line or a request has no proper answer.
#[derive(Debug, Clone, PartialEq)]
pub enum AskError {
    /// Nothing was carried out: it was not sent, or was refused.
    Refused(Failure),
    /// Something was sent, and may have been carried out: the answer does not tell.
    Unclear(Failure),
}

impl AskError {
    pub fn failure(self) -> Failure {
        match self {
            Self::Refused(failure) | Self::Unclear(failure) => failure,
        }
    }

    /// Changes the failure, and keeps what it means.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Failure) -> Failure) -> Self {
        match self {
            Self::Refused(failure) => Self::Refused(change(failure)),
            Self::Unclear(failure) => Self::Unclear(change(failure)),
        }
    }
}

/// A failure before the line is sent, unless it is said to be another.
impl From<Failure> for AskError {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

pub(super) enum Heard<T> {
    Part(T),
    Closed,
    Nothing,
}

/// Reads what has come, or waits for it.
pub(super) async fn read<'a>(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &'a mut [u8],
    until: Instant,
) -> Heard<&'a [u8]> {
    // Also where there is always something to read.
    if Instant::now() >= until {
        return Heard::Nothing;
    }
    match timeout_at(until, stream.read(buffer)).await {
        Err(_) => Heard::Nothing,
        Ok(Ok(0) | Err(_)) => Heard::Closed,
        Ok(Ok(n)) => Heard::Part(buffer.get(..n).unwrap_or_default()),
    }
}

/// Writes all of this. Where it fails, its end was not written, without which no server
/// carries a line out.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], until: Instant) -> Result<(), Failure> {
    // What is written too late would be carried out when nobody counts on it.
    if Instant::now() >= until {
        return Err(silent("there was no time left to send it"));
    }
    match timeout_at(until, stream.write_all(bytes)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failure::failed(format!("the connection was lost: {error}"))),
        Err(_) => Err(silent("it did not take the line in time")),
    }
}

/// Returns the failure of a server that did not answer in time.
pub(super) fn silent(message: &str) -> Failure {
    Failure::new(FailureKind::Timeout, message)
}

pub(super) fn wrong_password() -> Failure {
    Failure::failed("the password is wrong").hint("compare it with the game's own settings or arguments")
}
