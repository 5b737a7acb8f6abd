//! A stream to write to, and its first failure.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) use super::queue::lock;
use super::queue::{LossNotice, Queue};

/// A stream that the screen and its views share.
pub(super) type SharedSink = Arc<Mutex<Sink>>;

/// Writes `word` before a panic is reported, if `shown` is true. A panic ends the
/// program, so the terminal has to be given back at once.
pub(super) fn last_word(sink: &SharedSink, shown: &Arc<AtomicBool>, word: &'static str) {
    let (sink, shown) = (Arc::downgrade(sink), Arc::downgrade(shown));
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if shown.upgrade().is_some_and(|shown| shown.swap(false, Ordering::Relaxed))
            && let Some(sink) = sink.upgrade()
            // The thread that panics may hold it.
            && let Ok(mut sink) = sink.try_lock()
        {
            sink.write(word.as_bytes());
            sink.drain();
        }
        before(panic);
    }));
}

/// The time without progress after which a reader is taken to read no more.
const PATIENCE: Duration = Duration::from_secs(1);

/// A stream that is written to until it fails, and never again after that.
pub(super) struct Sink {
    stream: Box<dyn Write + Send>,
    /// Writes the stream, where its reader is not waited for.
    queue: Option<Queue>,
    failure: Option<io::Error>,
}

impl Sink {
    pub(super) fn new(stream: Box<dyn Write + Send>) -> Self {
        Self {
            stream,
            queue: None,
            failure: None,
        }
    }

    pub(super) fn shared(stream: Box<dyn Write + Send>) -> SharedSink {
        Arc::new(Mutex::new(Self::new(stream)))
    }

    /// Waits for no reader from now on.
    pub(super) fn never_wait(&mut self, notice: LossNotice) -> io::Result<()> {
        self.queue = Some(Queue::start(&mut self.stream, notice)?);
        Ok(())
    }

    /// Writes these bytes through to the end of the stream. A buffer kept back
    /// would hide a full disk, and show a result late.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if !self.is_open() {
            return;
        }
        match &self.queue {
            Some(queue) => queue.push(bytes),
            None => self.failure = self.stream.write_all(bytes).and_then(|()| self.stream.flush()).err(),
        }
    }

    pub(super) fn is_open(&mut self) -> bool {
        self.failure().is_none()
    }

    /// Returns true when all was written that was to be.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.as_ref().is_none_or(Queue::is_empty)
    }

    pub(super) fn has_room(&self) -> bool {
        self.queue.as_ref().is_none_or(Queue::has_room)
    }

    /// Waits for a reader who still reads. Returns the number of lines that were
    /// dropped without a word.
    pub(super) fn drain(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.drain(PATIENCE))
    }

    /// Returns the wait for the end of a loss, which has been told then.
    pub(super) fn caught_up(&self) -> Option<impl Future<Output = ()> + use<>> {
        self.queue.as_ref().map(Queue::caught_up)
    }

    /// Returns the first failed write.
    fn failure(&mut self) -> Option<&io::Error> {
        if self.failure.is_none() {
            self.failure = self.queue.as_ref().and_then(Queue::take_failure);
        }
        self.failure.as_ref()
    }

    /// Returns the first failed write, unless the reader is gone, as in
    /// `gamectl logs | head`, which is no failure.
    pub(super) fn error(&mut self) -> Option<&io::Error> {
        self.failure()
            .filter(|failure| failure.kind() != io::ErrorKind::BrokenPipe)
    }
}

/// Standard error for what is not made in this room, such as traces.
pub struct ErrorWriter(pub(super) SharedSink);

impl Write for ErrorWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `room` bytes, then fails in the given way.
    struct Narrow {
        room: usize,
        kind: io::ErrorKind,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut taken = lock(&self.taken);
            let fits = bytes.len().min(self.room - taken.len());
            if fits == 0 {
                return Err(self.kind.into());
            }
            taken.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn narrow(room: usize, kind: io::ErrorKind) -> (Sink, Arc<Mutex<Vec<u8>>>) {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let stream = Narrow {
            room,
            kind,
            taken: Arc::clone(&taken),
        };
        (Sink::new(Box::new(stream)), taken)
    }

    #[test]
    fn a_closed_pipe_drops_the_rest_and_is_no_failure() {
        let (mut sink, taken) = narrow(4, io::ErrorKind::BrokenPipe);
        sink.write(b"abc");
        assert!(sink.is_open());
        sink.write(b"def");
        sink.write(b"ghi");
        assert!(!sink.is_open());
        assert!(sink.error().is_none());
        assert_eq!(*lock(&taken), b"abcd");
    }

    #[test]
    fn any_other_failed_write_is_kept() {
        let (mut sink, _) = narrow(0, io::ErrorKind::StorageFull);
        sink.write(b"abc");
        sink.write(b"def");
        assert!(!sink.is_open());
        assert_eq!(sink.error().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
    }
}
