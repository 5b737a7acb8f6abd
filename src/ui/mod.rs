//! What people and scripts see: the only room that prints.
//!
//! # Theory of operation
//!
//! A [`Screen`] is made once, from what was asked for ([`Options`]) and from
//! what there is to print on ([`Surroundings`]); both are passed in, so that
//! every screen can be seen in a test. Everything goes through it:
//!
//! *stdout is the answer, stderr is everything else.* Whoever reads stdout in
//! a script gets rows, results, log lines or JSON, and nothing besides.
//!
//! *Off a terminal nothing is decorated.* No colour, no symbol, no spinner, no
//! cut line: what a script was tested with in a shell it also gets from cron.
//!
//! *A closed pipe is not an error.* What is written after it is dropped; any
//! other failed write is kept, and [`Screen::finish`] tells it.
//!
//! *Text from a game is never trusted.* It passes [`text`] before it can reach
//! a terminal. JSON keeps it whole and escapes what a terminal could obey.

mod console;
mod findings;
mod json;
mod logs;
mod options;
mod paint;
mod problem;
mod progress;
mod region;
mod result;
mod screen;
mod sink;
mod span;
mod spinner;
mod status;
pub mod text;
mod watch;
mod width;
mod wrap;

#[cfg(test)]
mod gallery;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use console::{Console, Wanted};
pub use logs::Logs;
pub use options::{Color, Options, Size, SizeSource, Surroundings};
pub use progress::{Progress, TICK};
pub use screen::Screen;
pub use watch::{Key, Watch, keys};
