//! Calls of other programs: argv without a shell, no standard input but what is
//! given, a deadline, and a limited answer.
//!
//! Every program gets a process group of its own, so that Ctrl-C at our
//! terminal does not reach it, and so that the whole group can be killed at the
//! deadline.

mod merged_output;
mod typist;

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::sys::{oom_score, open_files};
pub use merged_output::MergedOutput;
pub use typist::Typist;

/// The most bytes of an answer. A container takes some 10 KiB of `docker inspect`,
/// and at most a thousand are asked for at once.
const ANSWER_MAX: u64 = 32 << 20;

/// The most bytes of complaints that are kept: the last ones.
pub const COMPLAINT_MAX: usize = 4096;

/// The bytes of an input that are written at once.
const FED_AT_ONCE: usize = 64 * 1024;

/// The longest wait for the end of a killed program.
const KILL_WAIT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub enum CallError {
    Io(io::Error),
    /// The program was killed after this time.
    TimedOut(Duration),
    /// The program was killed because its answer had no end.
    TooLong,
}

impl CallError {
    pub fn is_missing_program(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::TimedOut(limit) => write!(f, "it did not end within {}", humantime::format_duration(*limit)),
            Self::TooLong => write!(f, "it answered with more than {} MiB", ANSWER_MAX >> 20),
        }
    }
}

impl std::error::Error for CallError {}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[derive(Debug, Clone)]
pub struct Finished {
    pub status: ExitStatus,
    pub output: Vec<u8>,
    /// The end of the standard error.
    pub complaint: String,
}

impl Finished {
    /// Returns an answer that is one word, such as a version.
    pub fn word(&self) -> String {
        String::from_utf8_lossy(&self.output).trim().to_owned()
    }
}

#[derive(Debug)]
pub struct ProgramCall {
    command: Command,
    input: Vec<u8>,
    /// Told the number of bytes of the input that were written.
    written: Option<watch::Sender<usize>>,
    outlives_caller: bool,
}

impl ProgramCall {
    pub fn new<W: Into<OsString>>(argv: impl IntoIterator<Item = W>) -> Self {
        let mut words = argv.into_iter().map(Into::into);
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        Self {
            command,
            input: Vec::new(),
            written: None,
            outlives_caller: false,
        }
    }

    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    #[must_use]
    pub fn with_env(mut self, env: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.command.env_clear().envs(env);
        self
    }

    #[must_use]
    pub fn add_env(mut self, env: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.command.envs(env);
        self
    }

    /// Runs the program as another user, with no groups but the user's own.
    #[must_use]
    pub fn as_user(mut self, uid: u32, gid: u32) -> Self {
        self.command.uid(uid).gid(gid);
        self
    }

    /// Gives the program something to read. It need not read it.
    #[must_use]
    pub fn with_input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Tells how many bytes of the input the program has taken, as it takes them.
    #[must_use]
    pub fn telling_input(mut self, written: watch::Sender<usize>) -> Self {
        self.written = Some(written);
        self
    }

    /// Leaves the program running when the call is dropped.
    #[must_use]
    pub fn outliving_caller(mut self) -> Self {
        self.outlives_caller = true;
        self
    }

    #[must_use]
    pub fn complaining_to(mut self, file: File) -> Self {
        self.command.stderr(file);
        self
    }

    /// Runs the program and discards what it prints.
    ///
    /// # Cancel safety
    /// The program is killed, unless it outlives its caller.
    pub async fn status(mut self, limit: Duration) -> Result<ExitStatus, CallError> {
        if !self.input.is_empty() {
            self.command.stdin(Stdio::piped());
        }
        let input = std::mem::take(&mut self.input);
        let mut running = self.spawn()?;
        let until = Instant::now() + limit;
        if let Some(mut stdin) = running.child.stdin.take() {
            let _ = timeout_at(until, stdin.write_all(&input)).await;
        }
        running.wait(until, limit).await
    }

    /// Runs the program and returns what it prints.
    ///
    /// # Errors
    /// When it cannot be run, takes too long, or prints more than 32 MiB.
    ///
    /// # Cancel safety
    /// The program is killed, unless it outlives its caller.
    pub async fn output(mut self, limit: Duration) -> Result<Finished, CallError> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if !self.input.is_empty() {
            self.command.stdin(Stdio::piped());
        }
        let input = std::mem::take(&mut self.input);
        let until = Instant::now() + limit;
        let written = self.written.take();
        let mut running = self.spawn()?;
        let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
        let stdin = running.child.stdin.take();
        let write = async {
            if let Some(mut stdin) = stdin {
                // It need not read it.
                let _ = feed(&mut stdin, &input, written.as_ref()).await;
            }
        };
        let read = async { tokio::try_join!(whole(stdout), async { Ok(tail(stderr).await) }) };
        let read = async { tokio::join!(write, read).1 };
        let read = timeout_at(until, read).await.unwrap_or(Err(CallError::TimedOut(limit)));
        let (output, complaint) = match read {
            Ok(read) => read,
            Err(error) => {
                running.kill().await;
                return Err(error);
            }
        };
        Ok(Finished {
            status: running.wait(until, limit).await?,
            output,
            complaint,
        })
    }

    /// Has its complaints read by whoever runs it.
    fn hear_complaints(&mut self) {
        self.command.stderr(Stdio::piped());
    }

    /// Has it print both of its streams into one pipe, and returns the other end of that.
    fn print_together(&mut self) -> io::Result<io::PipeReader> {
        let (merged, theirs) = io::pipe()?;
        self.command.stdout(theirs.try_clone()?).stderr(theirs);
        Ok(merged)
    }

    pub fn spawn(mut self) -> Result<Running, CallError> {
        oom_score::hand_on(self.command.as_std_mut());
        open_files::hand_on(self.command.as_std_mut());
        Ok(Running {
            child: self.command.spawn()?,
            outlives_caller: self.outlives_caller,
        })
    }

    pub fn stream(mut self) -> Result<OutputStream, CallError> {
        self.command.stdout(Stdio::piped());
        let mut running = self.spawn()?;
        let stdout = running.child.stdout.take().ok_or(io::ErrorKind::BrokenPipe);
        Ok(OutputStream {
            stdout: stdout.map_err(io::Error::from)?,
            _running: running,
        })
    }
}

/// A program that was started. Dropping this kills its process group, unless
/// the program outlives its caller.
#[derive(Debug)]
pub struct Running {
    child: Child,
    outlives_caller: bool,
}

impl Running {
    /// Takes the end where its complaints are read; `None` if nobody hears them.
    fn take_complaints(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Waits for the end of the program, and kills it at the deadline; `limit`
    /// is the time that the error names.
    ///
    /// # Cancel safety
    /// Safe: call it again to go on waiting.
    pub async fn wait(&mut self, until: Instant, limit: Duration) -> Result<ExitStatus, CallError> {
        match timeout_at(until, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => {
                self.kill().await;
                Err(CallError::TimedOut(limit))
            }
        }
    }

    /// Kills the program with its process group, and waits for its end.
    pub async fn kill(&mut self) {
        self.signal_group();
        let _ = timeout(KILL_WAIT, self.child.wait()).await;
    }

    fn signal_group(&self) {
        // An id that is still there was not reaped, so it cannot be another's.
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.outlives_caller {
            self.signal_group();
        }
    }
}

/// The standard output of a program that is killed when this is dropped.
#[derive(Debug)]
pub struct OutputStream {
    stdout: ChildStdout,
    _running: Running,
}

impl AsyncRead for OutputStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdout).poll_read(cx, buffer)
    }
}

async fn feed(stdin: &mut ChildStdin, input: &[u8], told: Option<&watch::Sender<usize>>) -> io::Result<()> {
    let mut written = 0;
    for piece in input.chunks(FED_AT_ONCE) {
        stdin.write_all(piece).await?;
        written += piece.len();
        if let Some(told) = told {
            told.send_replace(written);
        }
    }
    Ok(())
}

/// Reads everything, as long as it is an answer.
async fn whole(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, CallError> {
    let mut kept = Vec::new();
    if let Some(stream) = stream {
        let _ = stream.take(ANSWER_MAX + 1).read_to_end(&mut kept).await;
    }
    match kept.len() as u64 > ANSWER_MAX {
        true => Err(CallError::TooLong),
        false => Ok(kept),
    }
}

/// Reads everything, and returns the last bytes as text.
async fn tail(stream: Option<impl AsyncRead + Unpin>) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; COMPLAINT_MAX]);
    if let Some(mut stream) = stream {
        while let Ok(n @ 1..) = stream.read(&mut piece).await {
            kept.extend_from_slice(piece.get(..n).unwrap_or_default());
            kept.drain(..kept.len().saturating_sub(COMPLAINT_MAX));
        }
    }
    last_text(&kept)
}

/// Returns the last bytes of what a program printed, as text.
pub fn last_text(bytes: &[u8]) -> String {
    let from = bytes.len().saturating_sub(COMPLAINT_MAX);
    String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> ProgramCall {
        ProgramCall::new(["sh", "-c", script])
    }

    #[tokio::test]
    async fn an_answer_has_its_output_and_the_end_of_its_complaints() {
        let script = "echo 1.2; for i in $(seq 2000); do echo complaint $i >&2; done; exit 3";
        let answer = shell(script).output(LONG).await.unwrap();
        assert_eq!((answer.status.code(), answer.word().as_str()), (Some(3), "1.2"));
        assert!(answer.complaint.ends_with("complaint 2000\n"));
        assert_eq!(answer.complaint.len(), COMPLAINT_MAX);
    }

    #[tokio::test]
    async fn an_answer_without_end_is_none() {
        let begun = Instant::now();
        let error = shell("exec yes flood").output(LONG).await.unwrap_err();
        assert_eq!(error.to_string(), "it answered with more than 32 MiB");
        assert!(begun.elapsed() < LONG, "its time was not waited for");
        // Complaints without end are cut, and end with the time.
        let limit = Duration::from_millis(300);
        let error = shell("exec yes flood >&2").output(limit).await.unwrap_err();
        assert_eq!(error.to_string(), "it did not end within 300ms");
    }

    #[tokio::test]
    async fn input_and_environment_reach_the_program() {
        let env = vec![("PATH".into(), std::env::var_os("PATH").unwrap())];
        let script = r#"read word; test "$word$MORE$HOME" = inputmore && test "$(pwd)" = /"#;
        let program = shell(script).with_env(env).add_env([("MORE", "more".to_owned())]);
        let status = program
            .in_folder(Path::new("/"))
            .with_input("input\n")
            .status(LONG)
            .await;
        assert!(status.unwrap().success());
    }

    #[tokio::test]
    async fn a_program_that_does_not_read_its_input_is_not_waited_for() {
        let status = shell("exec <&-; exit 0")
            .with_input(vec![b'x'; 1 << 20])
            .status(LONG)
            .await;
        assert!(status.unwrap().success());
    }

    #[tokio::test]
    async fn it_is_told_what_the_program_has_taken() {
        let (written, seen) = watch::channel(0);
        let program = shell("head -c 100000 >/dev/null; read rest; wc -c").with_input(vec![b'x'; 1 << 20]);
        program.telling_input(written).output(LONG).await.unwrap();
        assert_eq!(*seen.borrow(), 1 << 20);
        let (written, seen) = watch::channel(0);
        let program = shell("exec true").with_input(vec![b'x'; 1 << 20]);
        program.telling_input(written).output(LONG).await.unwrap();
        assert!(*seen.borrow() < 1 << 20);
    }

    #[tokio::test]
    async fn the_whole_group_is_killed_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let script = "(sleep 1; touch survived) & wait";
        let limit = Duration::from_millis(200);
        for captures in [true, false] {
            let program = shell(script).in_folder(folder.path());
            let error = if captures {
                program.output(limit).await.unwrap_err()
            } else {
                program.status(limit).await.unwrap_err()
            };
            assert_eq!(error.to_string(), "it did not end within 200ms");
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!folder.path().join("survived").exists());
    }

    #[tokio::test]
    async fn a_dropped_call_is_killed_unless_it_outlives_its_caller() {
        let folder = tempfile::tempdir().unwrap();
        let touch = |name: &str| shell(&format!("sleep 0.5; touch {name}")).in_folder(folder.path());
        drop(touch("killed").spawn().unwrap());
        drop(touch("left").outliving_caller().spawn().unwrap());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(folder.path().join("left").exists() && !folder.path().join("killed").exists());
    }

    #[tokio::test]
    async fn a_missing_program_is_an_error_of_its_own() {
        let error = ProgramCall::new(["gamectl-no-such-program"])
            .output(LONG)
            .await
            .unwrap_err();
        assert!(error.is_missing_program(), "{error}");
    }
}
