//! The messages of a connection to another gamectl: requests there, answers back.
//!
//! Each end writes lines of JSON. The serving end first writes [`MAGIC`] on a line of
//! its own, so that whatever a login shell prints before it does no harm, and then its
//! greeting; the asking end writes its own greeting, and then requests. Each request has a
//! number, which every answer to it repeats. The line of an [`Say::Output`] is followed by
//! that many bytes of a game's output, as they are.
//!
//! Unknown keys are passed over and unknown answers ignored, so that a newer gamectl
//! can say more. An unknown request is refused. [`PROTOCOL`] changes only when that is
//! not enough.

mod answer;
mod greeting;
mod inbox;
mod keep;
mod lines;
#[cfg(test)]
mod recorded;
mod request;
mod row;

pub use answer::{AnsweredVerb, CountLine, FailureLine, FindingLine, PlanLine, Say, ServeAnswer};
pub use greeting::{FEATURES, Greeting, MAGIC, PROTOCOL};
pub use inbox::{Inbox, ServeMessage};
pub use keep::{AwaitsLine, EntryLine, KeepAsk};
pub use lines::{Garbled, LINE_MAX, Lines};
pub use request::{Ask, LogsFrom, RequestId, ServeRequest, TypedInput, VerbAsk};
pub use row::{RowLine, StateWord};

/// The most bytes of output in one answer.
pub const OUTPUT_MAX: usize = 64 * 1024;

/// Returns a message as a line.
pub fn line(message: &impl serde::Serialize) -> Vec<u8> {
    // None of the types can fail: their keys are texts.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}
