//! The standard input of a container.
//!
//! `podman attach` closes the standard input of a container for good when it ends, unless
//! that is a terminal. A plain pipe is therefore opened where the first process of the
//! container has it. To a terminal `podman attach` is used, and left by its detach keys.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::Duration;

use nix::libc::O_NONBLOCK;
use tokio::time::{Instant, timeout_at};

use super::described::Described;
use super::game::PodmanGame;
use crate::channel::check_line;
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::program::Typist;

/// The time within which input is taken.
const TAKEN: Duration = Duration::from_secs(5);

/// The pause before it is asked again whether a key was read.
const READ_AGAIN: Duration = Duration::from_millis(2);

/// The keys that leave a terminal, which nobody types, and how podman names them.
const DETACH: [u8; 4] = [0x1f, 0x1e, 0x1f, 0x1e];
const DETACH_NAMES: &str = "ctrl-_,ctrl-^,ctrl-_,ctrl-^";

/// The container that a game reads its console from.
pub(super) struct InputOf {
    described: Described,
}

impl InputOf {
    /// Finds the one running container that has an open standard input.
    ///
    /// # Errors
    /// When nothing runs, or there is none, or there are several.
    pub(super) async fn find(game: &PodmanGame) -> Result<Self, Failure> {
        let (containers, described) = game.fresh().await?;
        let is_own = |one: &&Described| {
            let own = containers.iter().find(|own| own.id == one.id);
            one.is_running && own.is_some_and(|own| !own.member.oneoff)
        };
        let running: Vec<Described> = described.iter().filter(is_own).cloned().collect();
        if running.is_empty() {
            let start = command(format_args!("start {}", game.records().id()));
            let failure = Failure::new(FailureKind::NotRunning, "it does not run");
            return Err(failure.hint(format!("{start} starts it")));
        }
        let mut open = running.into_iter().filter(|one| one.has_open_input);
        match (open.next(), open.next()) {
            (Some(described), None) => Ok(Self { described }),
            (None, _) => {
                let failure = Failure::new(FailureKind::Unsupported, "its container has no open standard input");
                Err(failure
                    .hint("make it with `podman create --interactive`, or give it an admin channel such as `rcon`"))
            }
            (Some(_), Some(_)) => {
                let message = "several containers of the pod have an open standard input";
                Err(Failure::new(FailureKind::Unsupported, message).hint("name the one with `container:`"))
            }
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.described.has_terminal
    }

    /// Writes bytes to it.
    ///
    /// # Errors
    /// When it has ended, or takes nothing now.
    pub(super) async fn write(&self, game: &PodmanGame, bytes: &[u8]) -> Result<(), Failure> {
        match self.is_terminal() {
            true => self.type_in(game, bytes).await,
            false => self.write_to_pipe(game, bytes).await,
        }
    }

    async fn write_to_pipe(&self, game: &PodmanGame, bytes: &[u8]) -> Result<(), Failure> {
        let Described { id, pid, .. } = &self.described;
        let path = format!("/proc/{pid}/fd/0");
        let not_open = |error: std::io::Error| {
            let message = format!("the standard input of its container cannot be opened: {path}: {error}");
            Failure::failed(message)
        };
        let mut options = OpenOptions::new();
        let mut pipe = match options.write(true).custom_flags(O_NONBLOCK).open(&path) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return self.write_as_podman(game, &path, bytes).await;
            }
            opened => opened.map_err(not_open)?,
        };
        let is_pipe = pipe.metadata().is_ok_and(|meta| meta.file_type().is_fifo());
        // It was that process if the container has it still.
        let now = game.engine().describe(&[id]).await?;
        let is_same = now.iter().any(|one| one.id == *id && one.is_running && one.pid == *pid);
        if !is_pipe || !is_same {
            return Err(Failure::new(FailureKind::NotRunning, "it has ended meanwhile"));
        }
        // At most a line at once: a pipe takes it whole, or not at all.
        match pipe.write(bytes) {
            Ok(n) if n == bytes.len() => Ok(()),
            Ok(_) => Err(Failure::failed(
                "the game took only a part of the line, as it does not read its input",
            )),
            Err(error) => Err(Failure::failed(format!("the game does not read its input: {error}"))),
        }
    }

    /// Writes to the pipe of a process that is another user of the container: with podman
    /// alone one may write there.
    async fn write_as_podman(&self, game: &PodmanGame, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let script = "[ -p \"$0\" ] && exec cat >\"$0\"";
        let call = game.engine().program(["unshare", "sh", "-c", script, path])?;
        match call.with_input(bytes).output(TAKEN).await {
            Ok(done) if done.status.success() => Ok(()),
            Ok(done) => {
                let said = done.complaint.trim();
                let message = format!("the standard input of its container cannot be opened: {path}: {said}");
                Err(Failure::failed(message))
            }
            Err(error) => Err(Failure::failed(format!("the game does not read its input: {error}"))),
        }
    }

    async fn type_in(&self, game: &PodmanGame, bytes: &[u8]) -> Result<(), Failure> {
        let words = [
            "attach",
            "--sig-proxy=false",
            "--detach-keys",
            DETACH_NAMES,
            &self.described.id,
        ];
        let attach = game.engine().program(words)?;
        let failed = |error: &dyn std::fmt::Display| Failure::failed(format!("podman attach: {error}"));
        let mut typist = Typist::of(attach).map_err(|error| failed(&error))?;
        let until = Instant::now() + TAKEN;
        let typed = async {
            typist.write(bytes)?;
            // Podman knows these keys only if it reads each of them alone.
            for key in DETACH {
                while typist.unread()? > 0 {
                    tokio::time::sleep(READ_AGAIN).await;
                }
                typist.write(&[key])?;
            }
            typist.end().await
        };
        match timeout_at(until, typed).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed(&status)),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(failed(&"the line was not taken in time")),
        }
    }
}

/// Writes a line to the console of a game.
///
/// # Errors
/// When it is no line, the game has no open input, or takes nothing now.
pub(super) async fn write_line(game: &PodmanGame, line: &str) -> Result<(), Failure> {
    check_line(line)?;
    let input = InputOf::find(game).await?;
    let end = if input.is_terminal() { "\r" } else { "\n" };
    input.write(game, format!("{line}{end}").as_bytes()).await
}
