//! The keyboard, read as keys are pressed.

use std::fs::File;
use std::io::{self, PipeWriter, Read};
use std::os::fd::AsFd;
use std::thread::JoinHandle;

use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use crate::sys::{pipe, signals};

/// The most bytes that are read at once.
const KEYS: usize = 1024;

/// The keyboard, until this is dropped: whoever reads it next gets all that is typed from then on.
///
/// It is read on a thread of its own, because standard input may be a file, and a file is
/// never reported as ready. The thread ends also when the process is put into the
/// background: it must not be stopped there for reading.
pub(super) struct Keyboard {
    typed: mpsc::UnboundedReceiver<Vec<u8>>,
    reader: Option<(PipeWriter, JoinHandle<()>)>,
}

impl Keyboard {
    pub(super) fn open() -> Self {
        let (sender, typed) = mpsc::unbounded_channel();
        // Without a thread there is no key.
        let reader = begin(sender).ok();
        Self { typed, reader }
    }

    /// Waits for the next bytes; `None` once there are no more.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        self.typed.recv().await
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some((open, thread)) = self.reader.take() {
            drop(open);
            // It reads nothing that is not there, and so ends at once.
            let _ = thread.join();
        }
    }
}

fn begin(pressed: mpsc::UnboundedSender<Vec<u8>>) -> io::Result<(PipeWriter, JoinHandle<()>)> {
    let (wanted, open) = io::pipe()?;
    let mut stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let read = move || {
        signals::block_here(Signal::SIGTTIN);
        let mut buffer = [0; KEYS];
        while pipe::wait_to_read_unless_gone(&stdin, &wanted)
            && let Ok(n @ 1..) = stdin.read(&mut buffer)
        {
            if pressed.send(buffer.get(..n).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    };
    Ok((open, std::thread::Builder::new().spawn(read)?))
}
