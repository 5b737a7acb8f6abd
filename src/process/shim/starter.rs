//! The starter's end of the conversation with a new shim.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::spawner::Spawner;
use super::spec::Spec;
use super::wire::Started;
use crate::store::{InstanceDir, StateDir};
use crate::sys::socket;

/// Answers are short.
const ANSWER_MAX: u64 = 64 * 1024;

/// The errors that come of a shim which has ended.
const ENDED: [io::ErrorKind; 3] = [
    io::ErrorKind::BrokenPipe,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::UnexpectedEof,
];

/// Starts a shim, has it `moved` by its pid before it begins, and waits for its answer. Returns `None` when it ended without
/// one: what runs then must be looked for.
///
/// # Errors
/// When no process could be made.
///
/// # Cancel safety
/// Dropped, it leaves a shim that goes on by itself.
pub async fn start(
    spawner: &Spawner,
    state: &StateDir,
    dir: &InstanceDir,
    spec: &Spec,
    moved: impl AsyncFnOnce(i32),
) -> io::Result<Option<Started>> {
    let (ours, theirs) = socket::stream_pair()?;
    let executed = spawner.shim(&spec.id, theirs)?;
    let stream = UnixStream::from(ours);
    stream.set_nonblocking(true)?;
    match converse(stream, state, dir, spec, executed, moved).await {
        Ok(bytes) => Ok(Started::from_message(&bytes).ok()),
        // It ended in the middle of the conversation.
        Err(error) if ENDED.contains(&error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn converse(
    stream: UnixStream,
    state: &StateDir,
    dir: &InstanceDir,
    spec: &Spec,
    executed: Option<i32>,
    moved: impl AsyncFnOnce(i32),
) -> io::Result<Vec<u8>> {
    let mut stream = tokio::net::UnixStream::from_std(stream)?;
    let mut pid = [0; 4];
    match executed {
        // To be moved takes about as long as to be executed.
        Some(executed) => {
            let (_, begun) = tokio::join!(moved(executed), stream.read_exact(&mut pid));
            begun?;
        }
        None => {
            stream.read_exact(&mut pid).await?;
            match i32::from_le_bytes(pid) {
                0 => {}
                pid => moved(pid).await,
            }
        }
    }
    let bytes = serde_json::to_vec(spec)?;
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
    let descriptors = [state.as_fd().as_raw_fd(), dir.as_fd().as_raw_fd()];
    socket::send_with_descriptors(&stream, &length.to_le_bytes(), &descriptors)?;
    stream.write_all(&bytes).await?;
    let mut answer = Vec::new();
    (&mut stream).take(ANSWER_MAX).read_to_end(&mut answer).await?;
    Ok(answer)
}
