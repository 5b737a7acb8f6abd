//! One request over a new TCP connection, and the answer to it.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::channel;
use crate::inventory::HostPort;

/// Sends a request, and reads until `understood` has a verdict on what has come
/// so far. Returns `None` if there is none in time.
pub(super) async fn exchange<T>(
    server: &HostPort,
    until: Instant,
    request: &[u8],
    understood: impl Fn(&[u8]) -> Option<T>,
) -> Option<T> {
    let asked = async {
        let stream = channel::connect(server, until).await.ok()?;
        answer(stream, request, understood).await.ok()?
    };
    timeout_at(until, asked).await.ok().flatten()
}

/// Sends a request over a connection, and reads until `understood` has a verdict.
/// Returns `None` if the connection is closed before. Has no limit.
pub(super) async fn answer<T>(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
    understood: impl Fn(&[u8]) -> Option<T>,
) -> io::Result<Option<T>> {
    stream.write_all(request).await?;
    stream.flush().await?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(None);
        }
        answer.extend_from_slice(buffer.get(..n).unwrap_or_default());
        if let Some(verdict) = understood(&answer) {
            return Ok(Some(verdict));
        }
    }
}
