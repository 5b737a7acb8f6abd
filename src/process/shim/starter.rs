//! The starter's end of the conversation with a new shim.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::spec::Spec;
use super::wire::Started;
use crate::store::{InstanceDir, StateDir};
use crate::sys::socket;

/// The bytes of the first word of a shim: its pid, 0 when there is none.
const WORD: usize = 4;

/// Answers are short.
const ANSWER_MAX: u64 = 64 * 1024;

/// A new shim that waits for its task. Dropped, it ends without one.
#[derive(Debug)]
pub struct NewShim {
    channel: UnixStream,
    /// Its pid, where that is known.
    pid: Option<i32>,
    /// All that it has said so far.
    heard: Vec<u8>,
}

impl NewShim {
    /// Returns the shim that is at the other end of a channel, or will be, with its pid
    /// where that is known.
    pub(super) fn at(channel: OwnedFd, pid: Option<i32>) -> io::Result<Self> {
        let channel = std::os::unix::net::UnixStream::from(channel);
        channel.set_nonblocking(true)?;
        Ok(Self {
            channel: UnixStream::from_std(channel)?,
            pid,
            heard: Vec::new(),
        })
    }

    /// Waits until it has said its pid, and so is there.
    ///
    /// # Errors
    /// When it has ended.
    pub(super) async fn is_there(&mut self) -> io::Result<i32> {
        let mut word = [0; WORD];
        self.channel.read_exact(&mut word).await?;
        self.heard.extend(word);
        let pid = i32::from_le_bytes(word);
        self.pid = Some(pid);
        Ok(pid)
    }

    /// Has the shim `moved` by its pid, tells it what to do, and waits for its answer.
    /// Returns `None` when it ended without one: what runs then must be looked for.
    ///
    /// # Errors
    /// When it cannot be told.
    ///
    /// # Cancel safety
    /// Dropped, it leaves a shim that goes on by itself.
    pub async fn told(
        mut self,
        state: &StateDir,
        dir: &InstanceDir,
        spec: &Spec,
        moved: impl AsyncFnOnce(i32),
    ) -> io::Result<Option<Started>> {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        let told = self.tell(state, dir, spec, moved).await;
        let heard = (&mut self.channel).take(ANSWER_MAX).read_to_end(&mut self.heard).await;
        // One that could not begin has said so, whether it was told anything or not.
        let answer = self.heard.get(WORD..).unwrap_or_default();
        match (Started::from_message(answer), told.and(heard)) {
            (Ok(started), _) => Ok(Some(started)),
            (Err(_), Err(error)) if !matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof) => Err(error),
            (Err(_), _) => Ok(None),
        }
    }

    async fn tell(
        &mut self,
        state: &StateDir,
        dir: &InstanceDir,
        spec: &Spec,
        moved: impl AsyncFnOnce(i32),
    ) -> io::Result<()> {
        let pid = match self.pid {
            Some(pid) => pid,
            None => self.is_there().await?,
        };
        if pid == 0 {
            return Ok(());
        }
        moved(pid).await;
        let bytes = serde_json::to_vec(spec)?;
        let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
        let descriptors = [state.as_fd().as_raw_fd(), dir.as_fd().as_raw_fd()];
        socket::send_with_descriptors(&self.channel, &length.to_le_bytes(), &descriptors)?;
        self.channel.write_all(&bytes).await
    }
}
