//! The standard streams of this process.

use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::sys::{pipe, pty};
use crate::ui::{Options, Screen, Size, Surroundings};

/// Returns the screen on the standard streams.
pub(super) fn screen(options: Options) -> Screen {
    let size = || {
        // Standard error may be the terminal where standard output is a pipe.
        let size = pty::size(io::stdout()).or_else(|| pty::size(io::stderr()));
        size.map(|(columns, rows)| Size { columns, rows })
    };
    Screen::new(options, Surroundings::detect(Arc::new(size)))
}

/// Sends traces of the engine to standard error.
pub(super) fn trace(screen: &Screen, verbose: u8) {
    let level = if verbose == 1 {
        tracing::Level::DEBUG
    } else {
        tracing::Level::TRACE
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(screen.error_writer())
        .with_ansi(false)
        .without_time()
        .init();
}

/// Returns true when no process reads the answer any more.
pub(super) fn reader_is_gone() -> bool {
    pipe::is_hung_up(io::stdout())
}

/// Word that no process reads the answer any more.
pub(super) type ReaderGone = oneshot::Receiver<()>;

/// Waits for that on a thread of its own, which ends with the process: a file or
/// `/dev/null` cannot be awaited by epoll(7).
///
/// # Errors
/// Returns the error of a thread that could not be started.
pub(super) fn watch_reader() -> io::Result<ReaderGone> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new().spawn(move || {
        if pipe::wait_for_hang_up(io::stdout()) {
            // The command may have ended.
            let _ = sender.send(());
        }
    })?;
    Ok(receiver)
}

/// Waits for that word; forever where it cannot come.
///
/// # Cancel safety
/// Safe.
pub(super) async fn reader_gone(word: &mut Option<ReaderGone>) {
    if let Some(word) = word
        && word.await.is_ok()
    {
        return;
    }
    *word = None;
    std::future::pending::<()>().await;
}
