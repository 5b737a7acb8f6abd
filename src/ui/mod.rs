//! The screen that people and scripts see: the only room that prints.
//!
//! # Theory of operation
//!
//! A [`Screen`] is made once, from what was asked for ([`Options`]) and from
//! what there is to print on ([`Surroundings`]); both are passed in, so that
//! every screen can be seen in a test. Everything goes through it:
//!
//! *stdout is the answer, stderr is everything else.* A script that reads
//! stdout gets rows, results, log lines or JSON, and nothing besides.
//!
//! *Off a terminal nothing is decorated.* No colour, no symbol, no spinner, no
//! cut line: a script that was tested in a shell gets the same from cron.
//!
//! *A closed pipe is not an error.* Later output is dropped; any
//! other failed write is kept, and [`Screen::finish`] reports it.
//!
//! *Nobody who supervises waits for a reader.* [`Screen::never_wait`] moves the
//! writing to a thread of its own; what a slow reader misses is counted and said.
//!
//! *Text from a game is never trusted.* It passes [`crate::text`] before it can reach
//! a terminal. JSON keeps it whole and escapes what a terminal could obey.

mod console;
mod copies;
mod detail;
mod failures;
mod findings;
mod json;
mod logs;
mod options;
mod paint;
mod problem;
mod progress;
mod queue;
mod region;
mod result;
mod schedule;
mod screen;
mod sink;
mod size;
mod span;
mod spinner;
mod status;
mod streams;
mod watch;
mod width;
mod wrap;

#[cfg(test)]
mod gallery;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use console::{ConsoleView, Wanted};
pub use copies::CopyView;
pub use logs::LogView;
pub use options::{Color, Options, Size, SizeSource, Surroundings};
pub use progress::{Progress, TICK};
pub use screen::Screen;
pub use sink::ErrorWriter;
pub use watch::WatchView;
