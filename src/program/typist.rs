//! A program that is typed into.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::time::timeout;

use super::{COMPLAINT_MAX, CallError, ProgramCall, Running, last_text};
use crate::sys::pipe;
use crate::sys::pty::{self, Pty};

/// The time for which the last complaints of a program are read that has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A program that is given its input piece by piece, and killed when this is dropped.
#[derive(Debug)]
pub struct Typist {
    keys: File,
    /// The terminal that it reads from, where it has one.
    terminal: Option<OwnedFd>,
    running: Running,
    complaints: Option<ChildStderr>,
    complained: Vec<u8>,
}

impl Typist {
    /// Starts a program, whose complaints nobody hears.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of(mut call: ProgramCall) -> Result<Self, CallError> {
        let (theirs, keys) = io::pipe()?;
        call.command.stdin(theirs);
        Self::begin(call, OwnedFd::from(keys), None)
    }

    /// Starts a program that reads from a terminal, and hears its complaints while its end is
    /// awaited.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn on_terminal(mut call: ProgramCall) -> Result<Self, CallError> {
        call.hear_complaints();
        let Pty { master, slave } = Pty::open()?;
        call.command.stdin(slave.try_clone()?);
        Self::begin(call, master, Some(slave))
    }

    fn begin(call: ProgramCall, keys: OwnedFd, terminal: Option<OwnedFd>) -> Result<Self, CallError> {
        let mut running = call.spawn()?;
        Ok(Self {
            keys: keys.into(),
            terminal,
            complaints: running.take_complaints(),
            running,
            complained: Vec::new(),
        })
    }

    /// Starts a program, and hears its complaints while its end is awaited.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn heard(mut call: ProgramCall) -> Result<Self, CallError> {
        call.hear_complaints();
        Self::of(call)
    }

    /// Writes a piece, which must be smaller than a pipe.
    ///
    /// # Errors
    /// When the program reads no more.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.keys.write_all(bytes)
    }

    /// Returns the number of bytes that the program has not read yet.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn unread(&self) -> io::Result<usize> {
        match &self.terminal {
            Some(terminal) => pipe::pending(terminal),
            None => pipe::pending(&self.keys),
        }
    }

    /// Returns true once the program takes each key of its terminal as it is typed.
    pub fn takes_keys(&self) -> bool {
        self.terminal.as_ref().is_none_or(pty::is_raw)
    }

    /// Returns the last complaints that were heard.
    pub fn complaint(&self) -> String {
        last_text(&self.complained)
    }

    /// Waits for the end of the program.
    ///
    /// # Errors
    /// When it cannot be awaited.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn end(&mut self) -> io::Result<ExitStatus> {
        let (child, mut complaints) = (&mut self.running.child, self.complaints.as_mut());
        let status = tokio::select! {
            status = child.wait() => status?,
            never = hear(&mut complaints, &mut self.complained) => match never {},
        };
        let _ = timeout(LAST_WORDS, hear(&mut complaints, &mut self.complained)).await;
        Ok(status)
    }
}

/// Reads for ever, and keeps the last bytes.
async fn hear(from: &mut Option<&mut ChildStderr>, kept: &mut Vec<u8>) -> std::convert::Infallible {
    let mut piece = [0; COMPLAINT_MAX];
    while let Some(stream) = from {
        match stream.read(&mut piece).await {
            Ok(n @ 1..) => {
                kept.extend_from_slice(piece.get(..n).unwrap_or_default());
                kept.drain(..kept.len().saturating_sub(COMPLAINT_MAX));
            }
            _ => *from = None,
        }
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn complaints_are_heard_to_the_last() {
        let script = "for i in $(seq 20000); do echo complaint $i >&2; done; exit 3";
        let mut typist = Typist::heard(ProgramCall::new(["sh", "-c", script])).unwrap();
        assert_eq!(typist.end().await.unwrap().code(), Some(3));
        assert!(typist.complaint().ends_with("complaint 20000\n"));
        let mut typist = Typist::of(ProgramCall::new(["sh", "-c", script])).unwrap();
        typist.end().await.unwrap();
        assert_eq!(typist.complaint(), "");
    }
}
