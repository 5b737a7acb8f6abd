//! The options of a verb.

use std::time::Duration;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StartOptions {
    /// Return at the launch instead of waiting for ready.
    pub no_wait: bool,
    /// Overrides the instance's own `ready.timeout`.
    pub timeout: Option<Duration>,
    /// The part of it that has passed already, as while another verb held the lock.
    pub spent: Duration,
    /// The number of automatic restarts since the last `start` or `restart`, 0
    /// for a start that a person asked for. Recorded with the launch, and
    /// returned in [`Facts::restarts`](super::Facts::restarts).
    pub restarts: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StopOptions {
    /// Send a TERM at once, and kill 5 seconds later.
    pub now: bool,
    /// True if a start follows, as in a restart.
    pub comes_back: bool,
}
