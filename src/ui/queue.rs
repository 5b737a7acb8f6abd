//! A stream that is written on a thread of its own, so that a reader who does not
//! read holds up nobody. What finds no room in the queue is dropped and counted,
//! and the count is written where it is missing.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

/// The most bytes that wait to be written: a snapshot of thousands of instances.
const ROOM: usize = 4 * 1024 * 1024;

/// Bytes written at once. A reader who takes that much is seen to read.
const PART: usize = 8 * 1024;

/// Renders the message that so many lines were dropped.
pub(super) type LossNotice = Box<dyn Fn(usize) -> String + Send>;

/// Locks a mutex even if a panic has poisoned it: the panic must still be
/// reported.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Queue {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Notified when what was dropped has been told.
    caught_up: Notify,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    /// The bytes that are not written yet.
    bytes: usize,
    /// The lines dropped since the last message about them.
    lost: usize,
    failure: Option<io::Error>,
    /// True once a write has failed: nothing more is written.
    failed: bool,
    closed: bool,
}

impl Queue {
    /// Starts the thread. `stream` is only taken when that works.
    pub(super) fn start(stream: &mut Box<dyn Write + Send>, notice: LossNotice) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (give, taken) = mpsc::channel();
        let of_thread = Arc::clone(&shared);
        thread::Builder::new().spawn(move || {
            if let Ok(stream) = taken.recv() {
                of_thread.write(stream, &notice);
            }
        })?;
        // The thread waits for it.
        let _ = give.send(std::mem::replace(stream, Box::new(io::sink())));
        Ok(Self { shared })
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        let mut state = lock(&self.shared.state);
        if state.failed {
            return;
        }
        // Whatever its size, a piece is taken when nothing else waits. Once
        // something was dropped all else is, until there is room to say so.
        let full = state.bytes > 0 && state.bytes + bytes.len() > ROOM;
        if full || state.lost > 0 {
            state.lost += bytes.iter().filter(|byte| **byte == b'\n').count();
            return;
        }
        state.push(bytes.to_vec());
        self.shared.changed.notify_all();
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.shared.state).bytes == 0
    }

    /// Returns true while most of the room is free.
    pub(super) fn has_room(&self) -> bool {
        lock(&self.shared.state).bytes <= ROOM / 4
    }

    /// Returns the first failed write, once.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        lock(&self.shared.state).failure.take()
    }

    /// Waits until all is written, or until nothing was read for `patience`.
    /// Returns the number of lines that nobody will be told of.
    pub(super) fn drain(&self, patience: Duration) -> usize {
        let mut state = lock(&self.shared.state);
        while state.bytes > 0 {
            let left = state.bytes;
            let waited = self
                .shared
                .changed
                .wait_timeout_while(state, patience, |state| state.bytes == left);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            if timeout.timed_out() {
                break;
            }
        }
        let unread = state.pieces.iter().flatten().filter(|byte| **byte == b'\n').count();
        state.lost + unread
    }

    /// Waits until a loss has been told.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) fn caught_up(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.caught_up.notified().await }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_all();
    }
}

impl State {
    fn push(&mut self, piece: Vec<u8>) {
        self.bytes += piece.len();
        self.pieces.push_back(piece);
    }
}

impl Shared {
    /// Writes all that is pushed, until a write fails or the queue is dropped.
    fn write(&self, mut stream: Box<dyn Write + Send>, notice: &LossNotice) {
        while let Some(piece) = self.next() {
            for part in piece.chunks(PART) {
                let written = stream.write_all(part).and_then(|()| stream.flush());
                let mut state = lock(&self.state);
                if let Err(error) = written {
                    *state = State {
                        failure: Some(error),
                        failed: true,
                        ..State::default()
                    };
                    self.changed.notify_all();
                    return;
                }
                state.bytes -= part.len();
                if state.lost > 0 && state.bytes <= ROOM / 2 {
                    let lost = std::mem::take(&mut state.lost);
                    state.push(notice(lost).into_bytes());
                    self.caught_up.notify_one();
                }
                self.changed.notify_all();
            }
        }
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut state = lock(&self.state);
        while state.pieces.is_empty() && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.pieces.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes on each write, and waits for leave to go on after it.
    struct Gated {
        written: mpsc::Sender<Vec<u8>>,
        leave: mpsc::Receiver<io::Result<()>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.send(bytes.to_vec()).expect("the test");
            self.leave.recv().unwrap_or(Ok(()))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Queue, mpsc::Receiver<Vec<u8>>, mpsc::Sender<io::Result<()>>) {
        let (written, seen) = mpsc::channel();
        let (go, leave) = mpsc::channel();
        let mut stream: Box<dyn Write + Send> = Box::new(Gated { written, leave });
        let notice = Box::new(|lost| format!("{lost} lost\n"));
        (Queue::start(&mut stream, notice).unwrap(), seen, go)
    }

    fn rest(seen: &mpsc::Receiver<Vec<u8>>) -> String {
        String::from_utf8(seen.try_iter().flatten().collect()).unwrap()
    }

    #[test]
    fn the_loss_is_counted_and_said_where_it_is() {
        let (queue, seen, go) = gated();
        queue.push(b"first\n");
        seen.recv().unwrap();
        // The writer waits; these do not.
        queue.push(&vec![b'x'; ROOM - 6]);
        queue.push(b"one\ntwo\n");
        // Though it would fit: the message about the others has to come first.
        queue.push(b"\n");
        assert!(!queue.is_empty());
        assert_eq!(queue.drain(Duration::ZERO), 3);
        drop(go);
        assert_eq!(queue.drain(Duration::from_secs(60)), 0);
        queue.push(b"last\n");
        assert_eq!(queue.drain(Duration::from_secs(60)), 0);
        let text = rest(&seen);
        assert_eq!(text.trim_start_matches('x'), "3 lost\nlast\n");
        assert_eq!(text.matches('x').count(), ROOM - 6);
    }

    #[test]
    fn a_large_piece_is_taken_when_nothing_waits() {
        let (queue, seen, go) = gated();
        drop(go);
        let large = vec![b'\n'; ROOM * 2];
        queue.push(&large);
        assert_eq!(queue.drain(Duration::from_secs(60)), 0);
        assert_eq!(rest(&seen).len(), large.len());
    }

    #[test]
    fn after_a_failure_nothing_waits_and_nothing_is_written() {
        let (queue, seen, go) = gated();
        queue.push(b"a\n");
        queue.push(b"b\n");
        go.send(Err(io::ErrorKind::BrokenPipe.into())).unwrap();
        assert_eq!(queue.drain(Duration::from_secs(60)), 0);
        assert_eq!(
            queue.take_failure().map(|error| error.kind()),
            Some(io::ErrorKind::BrokenPipe)
        );
        queue.push(b"c\n");
        assert!(queue.is_empty());
        assert_eq!(rest(&seen), "a\n");
    }
}
