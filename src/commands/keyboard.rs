//! The keyboard, read as keys are pressed.

use std::io::Read;

use tokio::sync::mpsc;

/// The most bytes that are read at once.
const KEYS: usize = 1024;

/// Reads the keyboard on a thread of its own, because standard input may be a
/// file, and a file is never reported as ready. The thread ends with the
/// process.
pub(super) fn keyboard() -> mpsc::UnboundedReceiver<Vec<u8>> {
    let (pressed, keys) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut buffer = [0; KEYS];
        let mut stdin = std::io::stdin().lock();
        while let Ok(n @ 1..) = stdin.read(&mut buffer) {
            if pressed.send(buffer.get(..n).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    });
    keys
}
