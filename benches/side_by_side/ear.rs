//! A client of NATS that hears everything, counts, and notes when states came.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::game::now;

/// A state, and when it came, in nanoseconds of the monotonic clock.
pub(crate) struct Word {
    pub(crate) at: u64,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Heard {
    messages: AtomicU64,
    bytes: AtomicU64,
}

pub(crate) struct Ear {
    heard: Arc<Heard>,
    words: Receiver<Word>,
}

impl Ear {
    /// Connects, and hears from now on all that is published.
    pub(crate) fn to(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
        stream
            .write_all(b"CONNECT {\"verbose\":false}\r\nSUB > 1\r\n")
            .expect("subscribe");
        let (sender, words) = channel();
        let heard = Arc::new(Heard::default());
        let counted = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut lines = BufReader::with_capacity(1 << 20, stream.try_clone().expect("the stream"));
            let (mut line, mut body) = (Vec::new(), Vec::new());
            loop {
                line.clear();
                if lines.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                    return;
                }
                if line.starts_with(b"PING") && stream.write_all(b"PONG\r\n").is_err() {
                    return;
                }
                if !line.starts_with(b"MSG") {
                    continue;
                }
                let text = String::from_utf8_lossy(&line);
                let words: Vec<&str> = text.split_whitespace().collect();
                let size: usize = words.last().and_then(|size| size.parse().ok()).unwrap_or(0);
                body.resize(size + 2, 0);
                if lines.read_exact(&mut body).is_err() {
                    return;
                }
                counted.messages.fetch_add(1, Ordering::Relaxed);
                counted.bytes.fetch_add(size as u64, Ordering::Relaxed);
                if words.get(1).is_some_and(|subject| subject.ends_with(".status")) {
                    let body = serde_json::from_slice(&body[..size]).unwrap_or_default();
                    let _ = sender.send(Word { at: now(), body });
                }
            }
        });
        Self { heard, words }
    }

    /// Returns what comes line by line, each with the time at which it came.
    pub(crate) fn lines(from: impl Read + Send + 'static) -> Receiver<Word> {
        let (sender, words) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let at = now();
                let body = serde_json::from_str(&line).unwrap_or_default();
                let _ = sender.send(Word { at, body });
            }
        });
        words
    }

    /// Returns the messages so far.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.messages.load(Ordering::Relaxed)
    }

    /// Returns the bytes of their bodies.
    pub(crate) fn bytes(&self) -> u64 {
        self.heard.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn words(&self) -> &Receiver<Word> {
        &self.words
    }
}
