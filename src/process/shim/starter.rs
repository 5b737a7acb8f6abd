//! The starter's end of the conversation with a new shim.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::spawner::Spawner;
use super::spec::Spec;
use super::wire::Started;
use crate::store::{InstanceDir, StateDir};
use crate::sys::socket;

/// Answers are short.
const ANSWER_MAX: u64 = 64 * 1024;

/// Starts a shim and waits for its answer. Returns `None` when it ended without
/// one: what runs then must be looked for.
///
/// # Errors
/// When no process could be made.
///
/// # Cancel safety
/// Dropped, it leaves a shim that goes on by itself.
pub async fn start(spawner: &Spawner, state: &StateDir, dir: &InstanceDir, spec: &Spec) -> io::Result<Option<Started>> {
    let (ours, theirs) = socket::stream_pair()?;
    spawner.shim(&spec.id, theirs)?;
    told_on(ours, state, dir, spec).await
}

/// Tells a shim what to do, and waits for its word.
async fn told_on(channel: OwnedFd, state: &StateDir, dir: &InstanceDir, spec: &Spec) -> io::Result<Option<Started>> {
    let stream = UnixStream::from(channel);
    stream.set_nonblocking(true)?;
    let said = converse(stream, state, dir, spec).await;
    match said {
        Ok(bytes) => Ok(Started::from_message(&bytes).ok()),
        // It ended in the middle of the conversation.
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn converse(stream: UnixStream, state: &StateDir, dir: &InstanceDir, spec: &Spec) -> io::Result<Vec<u8>> {
    let bytes = serde_json::to_vec(spec)?;
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
    let descriptors = [state.as_fd().as_raw_fd(), dir.as_fd().as_raw_fd()];
    socket::send_with_descriptors(&stream, &length.to_le_bytes(), &descriptors)?;
    let mut stream = tokio::net::UnixStream::from_std(stream)?;
    stream.write_all(&bytes).await?;
    let mut answer = Vec::new();
    (&mut stream).take(ANSWER_MAX).read_to_end(&mut answer).await?;
    Ok(answer)
}
