//! One request over a new TCP connection, and the answer to it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
        let mut stream = channel::connect(server, until).await.ok()?;
        stream.write_all(request).await.ok()?;
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
            answer.extend_from_slice(buffer.get(..n)?);
            if let Some(verdict) = understood(&answer) {
                return Some(verdict);
            }
        }
    };
    timeout_at(until, asked).await.ok().flatten()
}
