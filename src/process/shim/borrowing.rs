//! The shims that `run` makes for the verbs of others: a game that is started while
//! `run` watches gets the cgroup, the limits and the environment of `run`, whoever
//! typed the start.
//!
//! ```text
//!  verb                                   run
//!  ────                                   ───
//!  connects to `run.socket` ────────────▶ accepts
//!  ◀──── its frame, its environment ─────
//!  the id, a channel, this program ─────▶ makes a shim, which waits at the channel
//!  ◀──────────── the shim: it is there ──
//!  tells the shim its task
//! ```
//!
//! Everything else is done by the verb, as without `run`. A verb that hears nothing
//! in time closes the channel before it has told anything: a shim that comes after
//! that finds it closed, and ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::entry::OURSELVES;
use super::starter::NewShim;
use crate::process::environment::{self, Environment};
use crate::store::StateDir;
use crate::store::lock::{self, Holder};
use crate::sys::host::Frame;
use crate::sys::{oom_score, socket};

/// The name of the socket in the state directory.
pub(super) const NAME: &str = "run.socket";

/// The version of the conversation between a verb and `run`, which may be different
/// programs. The task of a shim has none: the shim is the program of the verb.
const VERSION: u32 = 1;

/// The longest greeting, in bytes.
const GREETING_MAX: usize = 512;

/// The limit for `run` to greet, and then for a shim of its to be there.
const GREETS_WITHIN: Duration = Duration::from_secs(2);
const MAKES_WITHIN: Duration = Duration::from_secs(5);

/// The pause before a connection is tried or accepted again, where there are too many.
pub(super) const AGAIN: Duration = Duration::from_millis(10);

/// The part of a game that comes from the process which has made its shim.
#[derive(Debug)]
pub(in crate::process) struct Inherited {
    pub(in crate::process) environment: Environment,
    /// Its `oom_score_adj`, where it does not inherit the right one.
    pub(in crate::process) oom_score: Option<String>,
}

impl Inherited {
    pub(super) fn ours() -> Self {
        Self {
            environment: environment::ours(),
            oom_score: oom_score::handed_on().map(str::to_owned),
        }
    }
}

/// Has `run` make a shim. `None` when no `run` watches the state directory.
///
/// # Errors
/// With the reason for which there is one that has made none; nothing of it is left
/// then.
///
/// # Cancel safety
/// A shim that was made finds nobody, and ends.
pub(super) async fn borrow(state: &StateDir, id: &str) -> Result<Option<(NewShim, Inherited)>, String> {
    let why = match tokio::time::timeout(GREETS_WITHIN, connect(state)).await {
        Ok(Ok((run, inherited))) => match tokio::time::timeout(MAKES_WITHIN, ask(&run, id)).await {
            Ok(Ok(shim)) => return Ok(Some((shim, inherited))),
            Ok(Err(error)) => format!("could not do it ({error})"),
            Err(_) => format!("did not do it in {} s", MAKES_WITHIN.as_secs()),
        },
        Ok(Err(error)) if is_unheard(&error) => "takes no launches".to_owned(),
        Ok(Err(error)) => format!("could not be asked ({error})"),
        Err(_) => format!("did not answer in {} s", GREETS_WITHIN.as_secs()),
    };
    let Some(Holder(run)) = lock::run_holder(state) else {
        return Ok(None);
    };
    Err(format!(
        "launched by this command and not by {run}, which {why}: \
         it has the limits, the session and the environment of this command"
    ))
}

/// Returns true for an error which says that nobody listens.
fn is_unheard(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Connects to `run`, and receives what its games inherit.
async fn connect(state: &StateDir) -> io::Result<(UnixStream, Inherited)> {
    let connected = loop {
        match socket::connect(state.as_fd(), NAME) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::time::sleep(AGAIN).await,
            connected => break connected?,
        }
    };
    let run = UnixStream::from_std(connected.into())?;
    let mut buffer = [0; GREETING_MAX];
    let (n, mut attached) = receive(&run, &mut buffer).await?;
    if n == 0 {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    let said = String::from_utf8_lossy(buffer.get(..n).unwrap_or_default());
    let (first, score) = said.split_once('\n').unwrap_or((&said, ""));
    if first != greeting()? {
        return Err(io::Error::other("it is in another container, or too new"));
    }
    let mut bytes = Vec::new();
    let environment = attached.pop().ok_or(io::ErrorKind::InvalidData)?;
    File::from(environment).read_to_end(&mut bytes)?;
    let inherited = Inherited {
        environment: variables(&bytes),
        oom_score: Some(score).filter(|score| !score.is_empty()).map(str::to_owned),
    };
    Ok((run, inherited))
}

/// Returns an environment as the kernel keeps it.
fn variables(bytes: &[u8]) -> Environment {
    let pair = |entry: &[u8]| {
        let at = entry.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
        let (name, value) = entry.split_at(at);
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(name), text(value.get(1..)?)))
    };
    bytes.split(|byte| *byte == 0).filter_map(pair).collect()
}

/// Asks for a shim, and waits until it is there.
async fn ask(run: &UnixStream, id: &str) -> io::Result<NewShim> {
    let (ours, theirs) = socket::stream_pair()?;
    let program = own_program()?;
    socket::send_with_descriptors(run, id.as_bytes(), &[theirs.as_raw_fd(), program.as_raw_fd()])?;
    drop(theirs);
    let mut shim = NewShim::at(ours, None)?;
    let said = shim.is_there().await;
    said.map(|_| shim)
}

/// Returns the first line of `run`: a verb of the same version in the same frame says
/// the same. The second one is the `oom_score_adj` of its games, where they do not
/// inherit the right one.
pub(super) fn greeting() -> io::Result<String> {
    let Frame { boot, namespaces, .. } = Frame::here()?;
    Ok(format!("{VERSION} {boot} {namespaces}"))
}

pub(super) async fn receive(stream: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let receive = || socket::receive_with_descriptors(stream, buffer);
    stream.async_io(Interest::READABLE, receive).await
}

/// Opens the program that this process executes.
pub(super) fn own_program() -> io::Result<OwnedFd> {
    Ok(nix::fcntl::open(
        OURSELVES,
        OFlag::O_PATH | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?)
}

#[cfg(test)]
mod tests {
    use super::super::lending::Lender;
    use super::super::spawner::MESSAGE_MAX;
    use super::*;
    use std::sync::Arc;
    use tokio::net::UnixListener;

    #[test]
    fn an_environment_as_the_kernel_keeps_it() {
        let found = variables(b"A=1\0B==x\0=C=1\0none\0EMPTY=\0\0\xff=\xfe");
        let odd = |byte| OsString::from_vec(vec![byte]);
        let wanted = [
            ("A".into(), "1".into()),
            ("B".into(), "=x".into()),
            ("EMPTY".into(), "".into()),
        ];
        assert_eq!(found, wanted.into_iter().chain([(odd(0xff), odd(0xfe))]).collect());
    }

    #[tokio::test]
    async fn without_a_run_nothing_is_lent_and_nothing_said() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::create(&folder.path().join("state")).unwrap();
        assert!(matches!(borrow(&state, "a").await, Ok(None)));
        // A `run` that was killed leaves its socket.
        drop(Lender::open(&state, Arc::default()).unwrap());
        assert!(matches!(borrow(&state, "a").await, Ok(None)));
        // One that is too old to lend holds its lock.
        let _lock = lock::try_run(&state, "gamectl run (pid 7)").unwrap().unwrap();
        let why = borrow(&state, "a").await.err().unwrap();
        assert!(why.contains("gamectl run (pid 7), which takes no launches"), "{why}");
    }

    /// A `run` of which a test plays the part.
    struct Played {
        _folder: tempfile::TempDir,
        state: StateDir,
        _lock: lock::RunLock,
        listener: UnixListener,
    }

    impl Played {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let state = StateDir::create(&folder.path().join("state")).unwrap();
            let lock = lock::try_run(&state, "gamectl run (pid 7)").unwrap().unwrap();
            let listener = Lender::open(&state, Arc::default()).unwrap().into_listener();
            Self {
                _folder: folder,
                state,
                _lock: lock,
                listener,
            }
        }

        async fn greets(&self, greeting: &str) -> UnixStream {
            let (verb, _) = self.listener.accept().await.unwrap();
            let environment = File::open("/proc/self/environ").unwrap();
            socket::send_with_descriptors(&verb, greeting.as_bytes(), &[environment.as_raw_fd()]).unwrap();
            verb
        }

        /// Greets a verb, and returns the channel of the shim that it asks for.
        async fn is_asked(&self) -> OwnedFd {
            let verb = self.greets(&greeting().unwrap()).await;
            let (n, mut attached) = receive(&verb, &mut [0; MESSAGE_MAX]).await.unwrap();
            assert_eq!((n, attached.len()), (1, 2));
            attached.remove(0)
        }

        async fn refusal(&self) -> String {
            borrow(&self.state, "a").await.err().unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_does_not_answer_is_not_waited_for() {
        let run = Played::new();
        let why = run.refusal().await;
        assert!(why.contains("which did not answer in 2 s"), "{why}");
    }

    #[tokio::test]
    async fn a_run_of_another_kind_is_not_asked() {
        let run = Played::new();
        let newer = greeting().unwrap().replacen('1', "2", 1);
        let (why, _verb) = tokio::join!(run.refusal(), run.greets(&newer));
        assert!(why.contains("in another container, or too new"), "{why}");
    }

    #[tokio::test]
    async fn a_run_that_is_killed_when_it_is_asked_leaves_nothing() {
        let run = Played::new();
        let asked = async { drop(run.is_asked().await) };
        let (why, ()) = tokio::join!(run.refusal(), asked);
        assert!(why.contains("could not do it"), "{why}");
    }

    #[tokio::test]
    async fn a_shim_that_comes_too_late_is_told_nothing() {
        let run = Played::new();
        let asked = async {
            let channel = run.is_asked().await;
            tokio::time::pause();
            channel
        };
        let (why, channel) = tokio::join!(run.refusal(), asked);
        assert!(why.contains("did not do it in 5 s"), "{why}");
        let read = crate::sys::pipe::read(&channel, &mut [0; 8]).unwrap();
        assert_eq!(read, 0);
    }
}
