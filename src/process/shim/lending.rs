//! The end of `run`, which makes the shims for the verbs of others: see
//! [`super::borrowing`].

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::stat::fstat;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::borrowing::{AGAIN, NAME, greeting, own_program, receive};
use super::entry;
use super::spawner::{MESSAGE_MAX, Spawner};
use super::wire::LaunchStage;
use crate::inventory::is_valid_id;
use crate::store::StateDir;
use crate::sys::{host, oom_score, socket};

/// The limit for a verb to say what it wants.
const ASKS_WITHIN: Duration = Duration::from_secs(10);

/// `run`, as it makes shims for verbs.
#[derive(Debug)]
pub struct Lender {
    listener: UnixListener,
    spawner: Arc<Spawner>,
}

impl Lender {
    /// Listens in a state directory, of which the caller is the resident supervisor.
    ///
    /// # Errors
    /// When no socket can be made there.
    pub fn open(state: &StateDir, spawner: Arc<Spawner>) -> io::Result<Self> {
        // That of an earlier one, which has ended.
        state.remove(NAME)?;
        let listener = socket::listen(state.as_fd(), NAME)?;
        let listener = UnixListener::from_std(listener.into())?;
        Ok(Self { listener, spawner })
    }

    #[cfg(test)]
    pub(super) fn into_listener(self) -> UnixListener {
        self.listener
    }

    /// Makes shims for as long as it is polled.
    pub async fn serve(self) {
        let mut verbs = JoinSet::new();
        loop {
            match self.listener.accept().await {
                Ok((verb, _)) => {
                    let spawner = Arc::clone(&self.spawner);
                    verbs.spawn(async move {
                        let lent = tokio::time::timeout(ASKS_WITHIN, lend(&verb, &spawner)).await;
                        if let Ok(Err(error)) = lent {
                            tracing::debug!(%error, "a verb has got no shim");
                        }
                    });
                }
                // No descriptor is left; a verb does not wait for ever.
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
            while verbs.try_join_next().is_some() {}
        }
    }
}

/// Makes the shim that a verb asks for.
async fn lend(verb: &UnixStream, spawner: &Spawner) -> io::Result<()> {
    // The directory is closed to others already.
    if ![0, host::effective_uid()].contains(&verb.peer_cred()?.uid()) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let environment = File::open("/proc/self/environ")?;
    let said = format!("{}\n{}", greeting()?, oom_score::handed_on().unwrap_or_default());
    socket::send_with_descriptors(verb, said.as_bytes(), &[environment.as_raw_fd()])?;
    let mut buffer = [0; MESSAGE_MAX];
    let (n, attached) = receive(verb, &mut buffer).await?;
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let [channel, program] = <[OwnedFd; 2]>::try_from(attached).map_err(|_| broken())?;
    let id = buffer.get(..n).and_then(|id| std::str::from_utf8(id).ok());
    let id = id.filter(|id| is_valid_id(id)).ok_or_else(broken)?;
    let answer = channel.try_clone()?;
    let made = match is_ours(&program)? {
        true => spawner.make(id, channel),
        false => Spawner::execute_shim(&format!("/proc/self/fd/{}", program.as_raw_fd()), id, channel),
    };
    made.map(drop)
        .inspect_err(|error| entry::refuse(&answer, LaunchStage::Fork, error))
}

/// Returns true for the program that this process executes.
fn is_ours(program: &OwnedFd) -> io::Result<bool> {
    let file = |fd: &OwnedFd| fstat(fd).map(|stat| (stat.st_dev, stat.st_ino));
    Ok(file(program)? == file(&own_program()?)?)
}
