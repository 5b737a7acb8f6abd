//! The output of a program as it comes, whichever of its streams it is of.

use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe::Receiver;

use super::{CallError, ProgramCall, Running};

/// The standard output and the standard error of a program that is killed when this is
/// dropped, in the order in which they came.
#[derive(Debug)]
pub struct MergedOutput {
    merged: Receiver,
    running: Running,
}

impl MergedOutput {
    /// Starts a program, and reads what it prints.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of(mut call: ProgramCall) -> Result<Self, CallError> {
        let merged = call.print_together()?;
        Ok(Self {
            merged: Receiver::from_owned_fd(merged.into())?,
            running: call.spawn()?,
        })
    }

    /// Returns the pid of the program, until its end was awaited.
    pub fn pid(&self) -> Option<i32> {
        self.running.child.id().and_then(|pid| i32::try_from(pid).ok())
    }

    /// Returns how the program has ended, if it has.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub fn try_end(&mut self) -> io::Result<Option<ExitStatus>> {
        self.running.child.try_wait()
    }
}

impl AsyncRead for MergedOutput {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.merged).poll_read(cx, buffer)
    }
}
