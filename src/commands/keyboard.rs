//! What is typed, as it comes.

use std::io::Read;

use tokio::sync::mpsc;

/// Bytes taken from the keyboard at once.
const KEYS: usize = 1024;

/// Reads the keyboard on a thread of its own: it may be a file, which no
/// readiness can be waited for. The thread ends with the process.
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
