//! From the game's standard output into its console log, without making the
//! game wait.
//!
//! A game that writes line by line would wake us for each line. So a busy
//! source is left alone for a moment before it is drained, and its pipe is
//! made larger meanwhile. A source that is not busy is read at once, and costs
//! neither a timer nor a large buffer.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::store::InstanceDir;
use crate::store::console::ConsoleLog;
use crate::sys::buffer::Buffer;
use crate::sys::{clock, pipe};

/// What is read at once from a source that is not busy.
const CALM_READ: usize = 4096;

/// What is read at once from a busy one.
const BUSY_READ: NonZeroUsize = NonZeroUsize::new(256 * 1024).expect("not zero");

/// The capacity of a FIFO, as the kernel makes it and when it is busy.
const CALM_PIPE: usize = 64 * 1024;
const BUSY_PIPE: usize = 1024 * 1024;

/// So many reads with less than [`STREAK_MS`] between them make a source busy.
const STREAK: u32 = 16;
const STREAK_MS: u64 = 2;

/// How long a busy source is left alone, in microseconds: while its pipe is
/// large, and where it could not be made so.
const NAP_US: u64 = 2_000;
const SHORT_NAP_US: u64 = 250;

/// So many reads follow each other at the most before others have their turn.
const READS: usize = 8;

/// A busy source that gives nothing for so long is busy no more.
const CALM_AFTER_MS: u64 = 50;

/// Where output comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// A FIFO, of which we hold both ends.
    Fifo(OwnedFd),
    /// The master of a pseudo-terminal.
    Terminal(OwnedFd),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Calm { streak: u32, last_ms: u64 },
    Busy { nap: bool, last_ms: u64 },
}

/// The way from a source into a log.
#[derive(Debug)]
pub(super) struct Output {
    source: Option<Source>,
    log: ConsoleLog,
    buffer: Buffer,
    pace: Pace,
    capacity: usize,
}

impl Output {
    pub(super) fn new(source: Option<Source>, log: ConsoleLog) -> io::Result<Self> {
        Ok(Self {
            source,
            log,
            buffer: Buffer::new(BUSY_READ)?,
            pace: Pace::Calm { streak: 0, last_ms: 0 },
            capacity: CALM_PIPE,
        })
    }

    /// Bytes lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.log.lost()
    }

    /// What to wait on; `None` while it is left alone, or when it has ended.
    pub(super) fn wanted(&self) -> Option<BorrowedFd<'_>> {
        if matches!(self.pace, Pace::Busy { nap: true, .. }) {
            return None;
        }
        self.source.as_ref().map(Source::fd)
    }

    /// After how many microseconds to come back although nothing was waited
    /// for or came; `None` when there is no need to.
    pub(super) fn wake_after_us(&self) -> Option<u64> {
        match self.pace {
            Pace::Calm { .. } => None,
            Pace::Busy { nap: true, .. } if self.capacity >= BUSY_PIPE => Some(NAP_US),
            Pace::Busy { nap: true, .. } => Some(SHORT_NAP_US),
            Pace::Busy { nap: false, .. } => Some(CALM_AFTER_MS * 1000),
        }
    }

    /// Reads once. To be called whenever there is something to read, or the
    /// time of [`Output::wake_after_us`] is over.
    pub(super) fn pump(&mut self, dir: &InstanceDir) {
        let now = clock::monotonic_ms();
        match self.pace {
            Pace::Calm { streak, last_ms } => {
                let n = self.read(dir, CALM_READ, now);
                if n == 0 {
                    return;
                }
                let streak = if now <= last_ms + STREAK_MS { streak + 1 } else { 0 };
                if streak >= STREAK || n == CALM_READ {
                    self.hurry(now);
                } else {
                    self.pace = Pace::Calm { streak, last_ms: now };
                }
            }
            Pace::Busy { last_ms, .. } => {
                let n = self.drain(dir, now);
                if n > 0 {
                    // A source that fills its pipe faster than we empty it
                    // must not wait for us.
                    let nap = n < self.capacity / 2;
                    self.pace = Pace::Busy { nap, last_ms: now };
                } else if now >= last_ms + CALM_AFTER_MS {
                    self.calm(now);
                } else {
                    self.pace = Pace::Busy { nap: false, last_ms };
                }
            }
        }
    }

    /// Reads until there is nothing more, or others must have their turn.
    fn drain(&mut self, dir: &InstanceDir, now: u64) -> usize {
        let mut sum = 0;
        for _ in 0..READS {
            let n = self.read(dir, BUSY_READ.get(), now);
            sum += n;
            if n < BUSY_READ.get() {
                break;
            }
        }
        sum
    }

    fn hurry(&mut self, now: u64) {
        if let Some(Source::Fifo(fd)) = &self.source {
            self.capacity = pipe::set_capacity(fd, BUSY_PIPE);
        }
        self.pace = Pace::Busy {
            nap: true,
            last_ms: now,
        };
    }

    fn calm(&mut self, now: u64) {
        if let Some(Source::Fifo(fd)) = &self.source {
            pipe::set_capacity(fd, CALM_PIPE);
        }
        self.buffer.release();
        self.pace = Pace::Calm {
            streak: 0,
            last_ms: now,
        };
    }

    /// Reads at most `limit` bytes into the log. 0 when there is nothing.
    fn read(&mut self, dir: &InstanceDir, limit: usize, now: u64) -> usize {
        let Some(source) = &self.source else { return 0 };
        let buffer = self.buffer.bytes();
        let limit = limit.min(buffer.len());
        match pipe::read(source.fd(), &mut buffer[..limit]) {
            Ok(0) => self.source = None,
            Ok(n) => {
                self.log.append(dir, &buffer[..n], now);
                return n;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // EIO: nobody has the pseudo-terminal open any more.
            Err(_) => self.source = None,
        }
        0
    }

    /// Reads what is left, and closes the log's account of this launch.
    pub(super) fn finish(&mut self, dir: &InstanceDir) {
        let mut budget = 64 * BUSY_PIPE;
        loop {
            let n = self.read(dir, BUSY_READ.get(), clock::monotonic_ms());
            budget = budget.saturating_sub(n);
            // A stranger who holds our FIFO open could write for ever.
            if n == 0 || budget == 0 {
                break;
            }
        }
        self.log.finish(dir, clock::monotonic_ms());
        self.buffer.release();
    }
}

impl Source {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Fifo(fd) | Self::Terminal(fd) => fd.as_fd(),
        }
    }
}
