//! From the game's standard output into its console log, without making the
//! game wait.
//!
//! A game that writes line by line would wake us for each line. So a busy
//! source is left alone for a moment before it is drained, and its pipe is
//! made larger meanwhile. A source that is not busy is read at once, and costs
//! neither a timer nor a large buffer.
//!
//! That a pipe has something is told by a signal, not by `poll(2)`, which would
//! make every write dearer for the game from then on.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::signal::Signal;

use crate::store::InstanceDir;
use crate::store::console::ConsoleLog;
use crate::store::launch::Launch;
use crate::store::times::Times;
use crate::sys::buffer::Buffer;
use crate::sys::pty::Pty;
use crate::sys::reaper::Ending;
use crate::sys::signals::Signals;
use crate::sys::{clock, pipe};

/// Bytes that are read at once from a source that is not busy.
const CALM_READ: usize = 4096;

/// Bytes that are read at once from a busy source.
const BUSY_READ: NonZeroUsize = NonZeroUsize::new(256 * 1024).expect("not zero");

/// The capacity of a pipe, as the kernel makes it and when it is busy.
const CALM_PIPE: usize = 64 * 1024;
const BUSY_PIPE: usize = 1024 * 1024;

/// The number of reads with less than [`STREAK_MS`] between them that makes a
/// source busy.
const STREAK: u32 = 16;
const STREAK_MS: u64 = 2;

/// The pause between two reads of a busy source, in microseconds: with a large
/// pipe, and where it could not be made large.
const NAP_US: u64 = 2_000;
const SHORT_NAP_US: u64 = 250;

/// The most reads that follow each other before other sources are served.
const READS: usize = 8;

/// A busy source that gives nothing for so long is busy no more.
const CALM_AFTER_MS: u64 = 50;

/// The source of output.
#[derive(Debug)]
pub(super) enum OutputFd {
    /// The end of a pipe that is read; the game holds both.
    Pipe(OwnedFd),
    /// A pseudo-terminal. Its slave is kept open, because a game may close every
    /// terminal that it has and open its own again: the kernel ends the output of
    /// a master without a slave.
    Terminal(Pty),
}

/// The pace at which a source is read. It is busy unless it is calm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Calm {
        streak: u32,
    },
    /// There may be more.
    Drain,
    /// The source is not read for a moment.
    Nap,
    /// The source gave nothing, and is waited for.
    Wait,
}

/// The way from a source into a log.
#[derive(Debug)]
pub(super) struct Output {
    source: Option<OutputFd>,
    /// Reads the signal that a pipe has something.
    signal: Signals,
    listening: bool,
    log: ConsoleLog,
    times: Times,
    buffer: Buffer,
    pace: Pace,
    /// The time of the last read that gave something, on the monotonic clock.
    last_ms: u64,
    capacity: usize,
    /// True once a larger pipe was asked for, until the source is calm.
    asked_for_room: bool,
}

impl Output {
    /// SIGIO must be blocked.
    pub(super) fn new(source: Option<OutputFd>, log: ConsoleLog) -> io::Result<Self> {
        let mut output = Self {
            source,
            signal: Signals::read(&[Signal::SIGIO])?,
            listening: false,
            log,
            times: Times::default(),
            buffer: Buffer::new(BUSY_READ)?,
            // What was there before us raises no signal: it is read first.
            pace: Pace::Drain,
            last_ms: 0,
            capacity: CALM_PIPE,
            asked_for_room: false,
        };
        output.listen(true);
        Ok(output)
    }

    /// Returns the bytes of output that could not be logged so far, and how many of
    /// them the log does not tell of yet.
    pub(super) fn lost(&self) -> (u64, u64) {
        self.log.lost()
    }

    /// Returns the descriptor to wait on; `None` while the source rests, or when it
    /// has ended.
    pub(super) fn wanted(&self) -> Option<BorrowedFd<'_>> {
        if self.pace == Pace::Nap {
            return None;
        }
        self.source.as_ref().map(|source| match source {
            OutputFd::Pipe(_) => self.signal.as_fd(),
            OutputFd::Terminal(pty) => pty.master.as_fd(),
        })
    }

    /// Returns the microseconds after which [`Output::pump`] is due although nothing
    /// came; `None` when it is not.
    pub(super) fn wake_after_us(&self) -> Option<u64> {
        self.source.as_ref()?;
        match self.pace {
            Pace::Calm { .. } => None,
            Pace::Drain => Some(0),
            Pace::Nap if self.capacity >= BUSY_PIPE => Some(NAP_US),
            Pace::Nap => Some(SHORT_NAP_US),
            Pace::Wait => Some(CALM_AFTER_MS * 1000),
        }
    }

    /// Reads once. This is due whenever there is something to read, or the time of
    /// [`Output::wake_after_us`] is over.
    pub(super) fn pump(&mut self, dir: &InstanceDir) {
        let now = clock::monotonic_ms();
        // Before the read: what is written after it raises another.
        if self.pace != Pace::Nap {
            let _ = self.signal.next();
        }
        if let Pace::Calm { streak } = self.pace {
            let n = self.read(dir, CALM_READ, now);
            let streak = if now <= self.last_ms + STREAK_MS { streak + 1 } else { 0 };
            if n == CALM_READ || n > 0 && streak >= STREAK {
                self.hurry(now);
            } else if n > 0 {
                self.go_on(Pace::Calm { streak }, now);
            }
            return;
        }
        let n = self.drain(dir, now);
        if n >= CALM_READ && !self.asked_for_room {
            // It was busy before we came to it.
            self.hurry(now);
        } else if n > 0 {
            self.listen(false);
            // A source that fills its pipe faster than we empty it must not wait for
            // us.
            let naps = n < self.capacity / 2;
            self.go_on(if naps { Pace::Nap } else { Pace::Drain }, now);
        } else if !self.listening {
            // What came meanwhile has raised no signal: once more.
            self.listen(true);
            self.pace = Pace::Drain;
        } else if now >= self.last_ms + CALM_AFTER_MS {
            self.calm(now);
        } else {
            self.pace = Pace::Wait;
        }
    }

    fn go_on(&mut self, pace: Pace, now: u64) {
        (self.pace, self.last_ms) = (pace, now);
    }

    /// Has the source signal its input, or no more. A terminal always does.
    fn listen(&mut self, on: bool) {
        let done = match &self.source {
            Some(OutputFd::Pipe(fd)) if self.listening != on => pipe::signal_input(fd, on).is_ok(),
            _ => true,
        };
        if done {
            self.listening = on;
        }
    }

    /// Reads until there is nothing more, or other sources must be served.
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
        if let Some(OutputFd::Pipe(fd)) = &self.source {
            self.capacity = pipe::set_capacity(fd, BUSY_PIPE);
        }
        self.asked_for_room = true;
        self.listen(false);
        self.go_on(Pace::Nap, now);
    }

    /// Takes the source for calm. It must be listened to.
    fn calm(&mut self, now: u64) {
        if let Some(OutputFd::Pipe(fd)) = &self.source
            && self.capacity > CALM_PIPE
        {
            self.capacity = pipe::set_capacity(fd, CALM_PIPE);
        }
        self.asked_for_room = false;
        self.buffer.release();
        self.go_on(Pace::Calm { streak: 0 }, now);
    }

    /// Reads at most `limit` bytes into the log. Returns 0 when there is nothing.
    fn read(&mut self, dir: &InstanceDir, limit: usize, now: u64) -> usize {
        let Some(source) = &self.source else { return 0 };
        let buffer = self.buffer.bytes();
        let limit = limit.min(buffer.len());
        match pipe::read(source.fd(), &mut buffer[..limit]) {
            Ok(0) => self.source = None,
            Ok(n) => {
                let wall = clock::wall_ms();
                self.times.append(&mut self.log, dir, &buffer[..n], now, wall);
                return n;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.source = None,
        }
        0
    }

    /// Has the begin of the launch noted in the log's index.
    pub(super) fn launched(&mut self, launch: &Launch) {
        self.times.launched(launch);
    }

    /// Reads what is left, and closes the log's account of this launch.
    pub(super) fn finish(&mut self, dir: &InstanceDir, ending: Option<Ending>) {
        let mut budget = 64 * BUSY_PIPE;
        loop {
            let n = self.read(dir, BUSY_READ.get(), clock::monotonic_ms());
            budget = budget.saturating_sub(n);
            // A stranger who holds our pipe open could write for ever.
            if n == 0 || budget == 0 {
                break;
            }
        }
        self.log.finish(dir, clock::monotonic_ms());
        self.times.ended(dir, &self.log, ending, clock::wall_ms());
        self.buffer.release();
    }
}

impl OutputFd {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Pipe(fd) => fd.as_fd(),
            Self::Terminal(pty) => pty.master.as_fd(),
        }
    }
}
