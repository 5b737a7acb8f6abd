//! The standard streams of this process.

use std::sync::Arc;

use crate::sys::{pipe, pty};
use crate::ui::{Options, Screen, Size, Surroundings};

/// Returns the screen on the standard streams.
pub(super) fn screen(options: Options) -> Screen {
    let size = || {
        // Standard error may be the terminal where standard output is a pipe.
        let size = pty::size(std::io::stdout()).or_else(|| pty::size(std::io::stderr()));
        size.map(|(columns, rows)| Size { columns, rows })
    };
    Screen::new(options, Surroundings::detect(Arc::new(size)))
}

/// Sends traces of the engine to standard error.
pub(super) fn trace(verbose: u8) {
    let level = if verbose == 1 {
        tracing::Level::DEBUG
    } else {
        tracing::Level::TRACE
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .init();
}

/// Returns true when no process reads the answer any more.
pub(super) fn reader_is_gone() -> bool {
    pipe::is_hung_up(std::io::stdout())
}
