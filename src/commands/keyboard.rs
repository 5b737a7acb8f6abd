//! The keyboard, read as keys are pressed.

use std::io::Read;

use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use crate::sys::signals;

/// The most bytes that are read at once.
const KEYS: usize = 1024;

/// Reads the keyboard on a thread of its own, because standard input may be a
/// file, and a file is never reported as ready. The thread ends with the
/// process, or when the process is put into the background: it must not be
/// stopped there for reading.
pub(super) fn keyboard() -> mpsc::UnboundedReceiver<Vec<u8>> {
    let (pressed, keys) = mpsc::unbounded_channel();
    let read = move || {
        signals::block_here(Signal::SIGTTIN);
        let mut buffer = [0; KEYS];
        let mut stdin = std::io::stdin().lock();
        while let Ok(n @ 1..) = stdin.read(&mut buffer) {
            if pressed.send(buffer.get(..n).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    };
    // Without a thread there is no key.
    let _ = std::thread::Builder::new().spawn(read);
    keys
}
