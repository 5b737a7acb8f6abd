//! Reports of instances, made once for every reader: a screen, a pipe, a
//! program, and in time a message system.
//!
//! [`Feed`] decides what is news: it keeps the rows as they are now, and turns
//! each event into a snapshot, a transition or a log entry. [`Stream`] puts
//! these in the order that programs rely on. [`json`] gives every answer its
//! shape. Nothing here writes, reads a clock, or knows a screen.

mod feed;
pub mod json;
mod stream;

pub use feed::{Feed, Report, in_words, uptime};
pub use stream::Stream;
