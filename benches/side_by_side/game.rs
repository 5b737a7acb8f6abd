//! The game of all measurements: this program itself, so that it is small,
//! static and the same for every supervisor. Any TERM ends it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::ExitCode;

use nix::time::{ClockId, clock_gettime};

/// The length of a line, with its end.
pub(crate) const LINE: usize = 100;
/// The length of a block.
pub(crate) const BLOCK: usize = 64 * 1024;

/// The monotonic clock in nanoseconds, the same in all processes.
pub(crate) fn now() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| {
        u64::try_from(time.tv_sec()).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap_or(0)
    })
}

/// `FIFO`: writes the time of its first instruction into the FIFO, and waits
/// for a signal. `FIFO lines BYTES` and `FIFO blocks BYTES` print between.
pub(crate) fn play(words: &[String]) -> ExitCode {
    let born = now();
    let Some(fifo) = words.first() else {
        return ExitCode::from(2);
    };
    // In one write, so that those of others do not come between.
    let line = format!("{born}\n");
    let told = OpenOptions::new()
        .write(true)
        .open(fifo)
        .and_then(|mut fifo| fifo.write_all(line.as_bytes()));
    if told.is_err() {
        return ExitCode::from(1);
    }
    if let [_, unit, total] = words {
        let size = if unit == "lines" { LINE } else { BLOCK };
        print(total.parse().unwrap_or(0), size);
    }
    loop {
        nix::unistd::pause();
    }
}

/// Prints lines: as many in one write as go into `size`.
fn print(total: usize, size: usize) {
    // A block holds whole lines, too.
    let length = if size == LINE { LINE } else { 128 };
    let mut line = vec![b'x'; length - 1];
    line.push(b'\n');
    let chunk: Vec<u8> = line.iter().copied().cycle().take(size).collect();
    let stdout = std::io::stdout();
    let mut written = 0;
    while written < total {
        let place = written % size;
        let part = &chunk[place..size.min(place + total - written)];
        match nix::unistd::write(stdout.as_fd(), part) {
            Ok(count) => written += count,
            Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}
