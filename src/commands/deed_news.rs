//! News of the deeds that keys have asked for.

use std::io;

use crate::event::{LogEntry, Verb, VerbEvent};
use crate::pane::PaneDeed;
use crate::report::InstanceReport;

/// Something about a deed that is under way.
pub(super) enum DeedNews {
    Event(Verb, VerbEvent),
    /// A word about a deed, such as why it could not be begun.
    Said(LogEntry),
    /// An instance in detail, or why it cannot be shown.
    Detail(String, Result<Box<InstanceReport>, String>),
    Over(String, PaneDeed),
    /// The console of an instance can be opened, or why it cannot.
    Console(String, Result<(), String>),
    /// The log was saved to this file, or was not.
    Saved(String, io::Result<()>),
    /// A piece of a log, or why there are no more.
    Log(String, Result<Vec<u8>, String>),
}
