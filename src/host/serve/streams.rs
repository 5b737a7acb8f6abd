//! Standard input and output as lines and answers. They may be of any kind, so a thread
//! waits for each.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;

use tokio::sync::{mpsc, oneshot};

use crate::failure::{Failure, FailureKind};
use crate::ssh::wire::{Garbled, Lines};

/// The bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// The way of answers to the other end, each with its line end.
pub(super) type Answers = mpsc::Sender<Vec<u8>>;

/// The threads of the streams.
pub(super) struct ServeStreams {
    written: oneshot::Receiver<()>,
}

/// Begins to read lines and to write answers.
///
/// # Errors
/// When standard input is a terminal, or a stream is closed.
pub(super) fn begin(
    lines: mpsc::Sender<Result<Vec<u8>, Garbled>>,
    mut answers: mpsc::Receiver<Vec<u8>>,
) -> Result<ServeStreams, Failure> {
    if io::stdin().is_terminal() {
        let message = "`serve` speaks with another gamectl, and not with a person";
        return Err(Failure::new(FailureKind::Usage, message)
            .hint("list this host in the `hosts` of an inventory elsewhere; that gamectl calls this one"));
    }
    let own = |stream: &dyn Fn() -> io::Result<std::os::fd::OwnedFd>| {
        stream()
            .map(File::from)
            .map_err(|error| Failure::failed(format!("a standard stream cannot be used: {error}")))
    };
    let mut input = own(&|| io::stdin().as_fd().try_clone_to_owned())?;
    let mut output = own(&|| io::stdout().as_fd().try_clone_to_owned())?;
    let (ended, written) = oneshot::channel();
    std::thread::spawn(move || {
        let mut bytes = vec![0; PIECE];
        let mut read = Lines::default();
        while let Ok(n @ 1..) = input.read(&mut bytes) {
            read.push(bytes.get(..n).unwrap_or_default());
            loop {
                let line = match read.line() {
                    Ok(None) => break,
                    Ok(Some(line)) => Ok(line),
                    Err(garbled) => Err(garbled),
                };
                let is_over = line.is_err();
                if lines.blocking_send(line).is_err() || is_over {
                    return;
                }
            }
        }
    });
    std::thread::spawn(move || {
        while let Some(answer) = answers.blocking_recv() {
            if output.write_all(&answer).is_err() {
                break;
            }
        }
        // Closed, so that whoever answers is told.
        drop(answers);
        let _ = ended.send(());
    });
    Ok(ServeStreams { written })
}

impl ServeStreams {
    /// Waits until all answers are written; to be called when there are no more.
    pub(super) async fn finish(self) {
        let _ = self.written.await;
    }
}
