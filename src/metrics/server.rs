//! The server of metrics: a few connections at a time, each with a limit.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::board::MetricsBoard;
use super::listen_at::ListenAt;
use super::request::{self, HEAD_MAX, MetricsReply};
use crate::failure::Failure;

/// The most connections at a time; others wait in the queue of the system.
const AT_ONCE: usize = 8;

/// The time of a connection, from its first byte to its last.
const LIMIT: Duration = Duration::from_secs(10);

/// The pause after a connection that could not be accepted.
const AGAIN: Duration = Duration::from_secs(1);

/// Whoever connects.
trait Peer: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Peer for T {}

enum Listener {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, SocketFile),
}

/// The file of a socket, which is removed when this is dropped.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) struct MetricsServer(Listener);

impl MetricsServer {
    /// Begins to listen.
    ///
    /// # Errors
    /// When somebody else listens there, or this user may not.
    pub(super) async fn bind(at: &ListenAt) -> Result<Self, Failure> {
        let listener = match at {
            ListenAt::Loopback(address) => bind_tcp(*address).await.map_err(|error| (error, address.to_string())),
            ListenAt::Unix(path) => bind_unix(path).map_err(|error| (error, path.display().to_string())),
        };
        let listener = listener.map_err(|(error, at)| {
            Failure::failed(format!("metrics cannot be served at {at}: {error}"))
                .hint("another program may listen there; nothing was started")
        })?;
        Ok(Self(listener))
    }

    /// Returns the address, for a person.
    pub(super) fn address(&self) -> String {
        match &self.0 {
            Listener::Tcp(_, at) => format!("http://{at}/metrics"),
            Listener::Unix(_, SocketFile(path)) => format!("the socket {}", path.display()),
        }
    }

    /// Serves whoever connects.
    pub(super) async fn serve(self, board: Arc<MetricsBoard>) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let mut served = JoinSet::new();
        loop {
            // The semaphore is never closed.
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            while served.try_join_next().is_some() {}
            match self.accept().await {
                Ok(peer) => {
                    let board = Arc::clone(&board);
                    served.spawn(async move {
                        let _ = timeout(LIMIT, answer(peer, &board)).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "a reader of metrics cannot be accepted");
                    sleep(AGAIN).await;
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Peer>> {
        Ok(match &self.0 {
            Listener::Tcp(listener, _) => Box::new(listener.accept().await?.0),
            Listener::Unix(listener, _) => Box::new(listener.accept().await?.0),
        })
    }
}

async fn bind_tcp(address: SocketAddr) -> io::Result<Listener> {
    let listener = TcpListener::bind(address).await?;
    // The port may have been left to the system.
    let at = listener.local_addr()?;
    Ok(Listener::Tcp(listener, at))
}

/// Listens at a path, in the place of a socket that nobody listens at any more. Only this
/// user can connect.
fn bind_unix(path: &Path) -> io::Result<Listener> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_socket() => {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            std::fs::remove_file(path)?;
        }
        Ok(_) => return Err(io::Error::other("there is a file that is no socket")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile(path.to_owned());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Listener::Unix(listener, file))
}

/// Answers one request.
async fn answer(mut peer: impl Peer, board: &MetricsBoard) -> io::Result<()> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    let reply = loop {
        let read = peer.read(&mut chunk).await?;
        head.extend_from_slice(&chunk[..read]);
        match request::head_length(&head) {
            Some(length) => break request::reply(&head[..length]),
            None if read == 0 || head.len() > HEAD_MAX => break MetricsReply::Malformed,
            None => {}
        }
    };
    let metrics = match reply {
        MetricsReply::Metrics { .. } => board.render().await,
        _ => String::new(),
    };
    peer.write_all(request::answer(reply, &metrics).as_bytes()).await?;
    peer.shutdown().await
}
