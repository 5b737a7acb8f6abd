//! Reports of instances, made once for every reader: a screen, a pipe, a
//! program, and in time a message system.
//!
//! [`row()`] makes the rows of all screens. [`Feed`] decides what is news: it keeps the rows as they are now, and turns
//! each event into a snapshot, a transition or a log entry. [`Stream`] puts
//! these in the order that programs rely on. [`json`] gives every answer its
//! shape. Nothing here writes, reads a clock, or knows a screen.

mod feed;
mod goal;
mod instance_report;
pub mod json;
mod row;
mod stream;
pub mod verdict;

pub use feed::{Feed, News, in_words, uptime};
pub use goal::Goal;
pub use instance_report::InstanceReport;
pub use row::{RowView, row};
pub use stream::Stream;
