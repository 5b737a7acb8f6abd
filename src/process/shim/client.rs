//! The other end of a shim's socket.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::serve::{LISTEN_AGAIN, NAME};
use super::wire::{Report, Request};
use crate::store::{InstanceDir, launch};
use crate::sys::identity::{self, Presence};
use crate::sys::{socket, tree};

/// The limit for a shim to answer.
pub(in crate::process) const ANSWER: Duration = Duration::from_secs(5);

/// The pause before a connection to a shim with too many of them is tried again.
const AGAIN: Duration = Duration::from_millis(10);

/// The limit for a shim to listen anew where its socket was removed.
const ANEW: Duration = Duration::from_secs(1);

/// A connection to a shim.
#[derive(Debug)]
pub struct Client {
    // Its socket keeps message boundaries; only the waiting is a stream's.
    socket: UnixStream,
}

impl Client {
    /// Connects to the shim of an instance. Waits while the shim has more
    /// connections than it can hold, which callers bound; and for a moment where its
    /// socket was removed, until it has made another.
    ///
    /// # Errors
    /// `NotFound` and `ConnectionRefused` when no shim listens.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn connect(dir: &InstanceDir) -> io::Result<Self> {
        let mut anew = None;
        loop {
            match socket::connect(dir.as_fd(), NAME) {
                Ok(fd) => {
                    let socket = UnixStream::from_std(fd.into())?;
                    return Ok(Self { socket });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::time::sleep(AGAIN).await,
                Err(error) if is_unheard(&error) => {
                    let until = *anew.get_or_insert_with(|| Instant::now() + ANEW);
                    if Instant::now() >= until || !signal_shim(dir, LISTEN_AGAIN as i32) {
                        return Err(error);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the shim is gone.
    ///
    /// # Cancel safety
    /// Safe: a request is sent whole or not at all.
    pub async fn send(&self, request: &Request) -> io::Result<()> {
        let message = request.to_message();
        self.socket
            .async_io(Interest::WRITABLE, || socket::send(&self.socket, message.as_bytes()))
            .await
    }

    /// Receives the next report; `None` when the shim has ended.
    ///
    /// # Errors
    /// When what came is not a report.
    ///
    /// # Cancel safety
    /// Safe: a report is received whole or not at all.
    pub async fn receive(&self) -> io::Result<Option<Report>> {
        // Made when there is something to read: thousands may wait at a time.
        let receive = || {
            let mut buffer = vec![0; socket::MESSAGE_MAX];
            let received = socket::receive(&self.socket, &mut buffer)?;
            let report = |n| Report::from_message(buffer.get(..n).unwrap_or_default());
            let report = received.map(report).transpose();
            report.map_err(|error| io::Error::other(error.to_string()))
        };
        self.socket.async_io(Interest::READABLE, receive).await
    }

    /// Sends a request and receives the answer; `None` when the shim has ended.
    ///
    /// # Errors
    /// As [`Client::send`] and [`Client::receive`].
    ///
    /// # Cancel safety
    /// The request may have been sent.
    pub async fn ask(&self, request: &Request) -> io::Result<Option<Report>> {
        match self.send(request).await {
            Ok(()) => self.receive().await,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Sends one request over a connection of its own. `None` if no answer came
/// within `limit`.
pub(in crate::process) async fn ask(dir: &InstanceDir, request: &Request, limit: Duration) -> Option<Report> {
    let asked = async { Client::connect(dir).await?.ask(request).await };
    tokio::time::timeout(limit, asked).await.ok()?.ok()?
}

/// Asks a shim whose game has ended why it is still there: it cannot put that on
/// record. `None` if it does not say so.
pub(in crate::process) async fn trouble(dir: &InstanceDir) -> Option<String> {
    let report = ask(dir, &Request::Status, ANSWER).await?;
    report.is_in_trouble().then_some(report.note)
}

/// Resumes what of a game was stopped by a signal: it would answer nothing.
pub(in crate::process) fn resume_game(dir: &InstanceDir) {
    let Ok(Some(launch)) = launch::read(dir) else { return };
    let root = match identity::presence(launch.shim) {
        Presence::Alive => launch.shim,
        _ => launch.main,
    };
    let found = tree::descendants(root.pid).unwrap_or_default();
    if identity::presence(root) == Presence::Alive {
        found.into_iter().chain([launch.main]).for_each(tree::resume);
    }
}

/// Returns true when the socket of the shim was removed.
pub(in crate::process) fn socket_is_removed(dir: &InstanceDir) -> bool {
    matches!(dir.open_read(NAME), Ok(None))
}

/// Resumes a shim that was stopped by a signal. A shim that works does not
/// notice.
pub(in crate::process) fn resume_shim(dir: &InstanceDir) {
    signal_shim(dir, libc::SIGCONT);
}

/// Resumes a shim if it is stopped by a signal now.
pub(in crate::process) fn wake_shim(dir: &InstanceDir) {
    if let Ok(Some(launch)) = launch::read(dir) {
        tree::resume(launch.shim);
    }
}

/// Signals the shim on record. Returns true when it is there.
fn signal_shim(dir: &InstanceDir, signal: i32) -> bool {
    let launch = launch::read(dir).ok().flatten();
    launch.is_some_and(|launch| identity::signal_identified(launch.shim, signal).unwrap_or(false))
}

/// Returns true for an error which says that nobody listens by that name.
fn is_unheard(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}
