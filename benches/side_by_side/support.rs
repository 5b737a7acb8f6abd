//! The names under which files that are shared with the tests know what they use.

pub(crate) use crate::ports::free_port;
pub(crate) use crate::repository;
pub(crate) use crate::wait::wait_until;

/// Says something about a failure.
pub(crate) fn say(text: &str) {
    eprint!("{text}");
}
