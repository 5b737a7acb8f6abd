//! How a shim comes into being: the starter's end.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::Client;
use super::entry::HIDDEN_VERB;
use super::spawner;
use super::spec::Spec;
use super::wire::{Request, Started};
use crate::store::{InstanceDir, StateDir};
use crate::sys::{reaper, socket};

/// This very program, also when its file has been replaced or removed since.
const OURSELVES: &str = "/proc/self/exe";

/// Answers are short.
const ANSWER_MAX: u64 = 64 * 1024;

/// A shim that was begun ahead of being needed.
struct Begun {
    id: String,
    /// Our end of its channel: it ends when that is closed unused.
    channel: OwnedFd,
    pid: i32,
}

static AHEAD: Mutex<Option<Begun>> = Mutex::new(None);

/// Begins a shim for an instance that will probably be started: while the
/// kernel loads it, the inventory is read. It touches nothing before it is
/// told what to do.
///
/// For a command that ends soon: nobody reaps a shim that was begun this way
/// and ends before we do.
pub fn begin_ahead(id: &str) {
    let Ok((ours, theirs)) = socket::stream_pair() else {
        return;
    };
    // What fails here fails again when it is needed, and is reported then.
    let forked = spawner::shim(id, &theirs, true);
    let executed = || shim(id, theirs).spawn().ok()?.id().try_into().ok();
    if let Some(pid) = forked.or_else(executed) {
        *ahead() = Some(Begun {
            id: id.to_owned(),
            channel: ours,
            pid,
        });
    }
}

/// Ends a shim that was begun and is not needed, and waits until it is gone. It
/// was told nothing, so it has touched nothing.
pub fn dismiss() {
    if let Some(begun) = ahead().take() {
        reaper::kill_and_reap(begun.pid);
    }
}

fn ahead() -> MutexGuard<'static, Option<Begun>> {
    AHEAD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shim(id: &str, channel: OwnedFd) -> Command {
    let mut command = Command::new(OURSELVES);
    command
        .arg0("gamectl")
        .args([HIDDEN_VERB, id])
        .env_clear()
        .stdin(Stdio::from(channel))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Starts a shim and waits for its word on how that went. `None` when it ended
/// without one: what runs then must be looked for.
///
/// # Errors
/// When no process could be made.
///
/// # Cancel safety
/// Dropped, it leaves a shim that goes on by itself.
pub async fn start(state: &StateDir, dir: &InstanceDir, spec: &Spec) -> io::Result<Option<Started>> {
    let begun = ahead().take_if(|begun| begun.id == spec.id);
    let ours = match begun {
        Some(begun) => begun.channel,
        None => {
            let (ours, theirs) = socket::stream_pair()?;
            if spawner::shim(&spec.id, &theirs, false).is_none() {
                // It goes on without us, and is init's when we end. Should we
                // live longer than it does, the runtime reaps it.
                drop(tokio::process::Command::from(shim(&spec.id, theirs)).spawn()?);
            }
            ours
        }
    };
    told_on(ours, state, dir, spec).await
}

/// Has the shim of a launch that has ended launch the next, and waits for its
/// word on how that went: it is there for that as long as its starter attends.
/// `None` when it is gone, or launches nothing: what runs then must be looked
/// for.
///
/// # Errors
/// When there are no descriptors left.
///
/// # Cancel safety
/// Dropped, it leaves a shim that goes on by itself.
pub async fn renew(state: &StateDir, dir: &InstanceDir, spec: &Spec, ended: u64) -> io::Result<Option<Started>> {
    let Ok(client) = Client::connect(dir).await else {
        return Ok(None);
    };
    let (ours, theirs) = socket::stream_pair()?;
    let request = Request::Renew { generation: ended };
    if client.send_with(&request, theirs).await.is_err() {
        return Ok(None);
    }
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
    let bytes = spec.to_bytes();
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
    let descriptors = [state.as_fd().as_raw_fd(), dir.as_fd().as_raw_fd()];
    socket::send_with_descriptors(&stream, &length.to_le_bytes(), &descriptors)?;
    let mut stream = tokio::net::UnixStream::from_std(stream)?;
    stream.write_all(&bytes).await?;
    let mut answer = Vec::new();
    (&mut stream).take(ANSWER_MAX).read_to_end(&mut answer).await?;
    Ok(answer)
}
