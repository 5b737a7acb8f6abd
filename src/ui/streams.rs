//! Standard output and standard error, and the form in which each is written.

use std::io::Write;

use super::options::{Options, Surroundings};
use super::paint::Look;
use super::sink::{SharedSink, Sink, lock};

/// Both streams. Clones write to the same streams.
#[derive(Clone)]
pub(super) struct OutputStreams {
    pub(super) options: Options,
    pub(super) around: Surroundings,
    pub(super) out: SharedSink,
    pub(super) err: SharedSink,
}

impl OutputStreams {
    pub(super) fn new(
        options: Options,
        around: Surroundings,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Self {
        Self {
            options,
            around,
            out: Sink::shared(out),
            err: Sink::shared(err),
        }
    }

    pub(super) fn write_out(&self, text: &str) {
        lock(&self.out).write(text.as_bytes());
    }

    pub(super) fn write_err(&self, text: &str) {
        lock(&self.err).write(text.as_bytes());
    }

    pub(super) fn out_look(&self) -> Look {
        self.look(self.around.stdout_tty)
    }

    pub(super) fn err_look(&self) -> Look {
        self.look(self.around.stderr_tty)
    }

    /// Returns the look with the columns that the terminal has now.
    fn look(&self, tty: bool) -> Look {
        Look {
            color: self.around.colored(self.options.color, tty),
            symbols: tty && self.around.utf8 && !self.around.dumb,
            columns: tty.then(|| usize::from(self.around.size().columns)),
        }
    }
}
