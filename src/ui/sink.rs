//! A stream to write to, and its first failure.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A stream that the screen and its views share.
pub(super) type SharedSink = Arc<Mutex<Sink>>;

/// Locks a mutex even if a panic has poisoned it: the panic must still be
/// reported.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        }
        before(panic);
    }));
}

/// A stream that is written to until it fails, and never again after that.
pub(super) struct Sink {
    stream: Box<dyn Write + Send>,
    failure: Option<io::Error>,
}

impl Sink {
    pub(super) fn new(stream: Box<dyn Write + Send>) -> Self {
        Self { stream, failure: None }
    }

    pub(super) fn shared(stream: Box<dyn Write + Send>) -> SharedSink {
        Arc::new(Mutex::new(Self::new(stream)))
    }

    /// Writes these bytes through to the end of the stream. A buffer kept back
    /// would hide a full disk, and show a result late.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.stream.write_all(bytes).and_then(|()| self.stream.flush()).err();
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.failure.is_none()
    }

    /// Returns the first failed write. A reader that is gone, as in
    /// `gamectl logs | head`, is no failure.
    pub(super) fn failure(&self) -> Option<&io::Error> {
        let failure = self.failure.as_ref();
        failure.filter(|failure| failure.kind() != io::ErrorKind::BrokenPipe)
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
        assert!(sink.failure().is_none());
        assert_eq!(*lock(&taken), b"abcd");
    }

    #[test]
    fn any_other_failed_write_is_kept() {
        let (mut sink, _) = narrow(0, io::ErrorKind::StorageFull);
        sink.write(b"abc");
        sink.write(b"def");
        assert!(!sink.is_open());
        assert_eq!(sink.failure().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
    }
}
