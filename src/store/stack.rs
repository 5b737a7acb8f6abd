//! The record of the last start of something whose processes are not ours: a
//! stack of containers, a unit of systemd.

use std::io;

use super::folder::{InstanceDir, ReadError};
use super::format::Document;
use super::record::Durability;

pub(super) const NAME: &str = "stack";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stack {
    pub started_wall_ms: u64,
    /// The automatic restarts since the last start by a verb.
    pub restarts: u32,
    /// The services that it brought up.
    pub services: Vec<String>,
    /// True when all were ready once: what is missing since is not slow but gone.
    pub arrived: bool,
    /// The run that it follows: the latest start of a container before it, in
    /// nanoseconds of the engine's clock; 0 for none.
    pub follows_ns: u64,
    /// The last stop of what it brought up.
    pub stop: Option<StackStop>,
}

/// A stop that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackStop {
    pub at_wall_ms: u64,
    /// The run that it is to end: the latest start of a container, or what tells one run of
    /// a unit from another.
    pub run_ns: u64,
    /// True if it did not wait for the grace periods.
    pub now: bool,
}

/// Reads the record; `None` when it was never started here.
pub fn read(dir: &InstanceDir) -> Result<Option<Stack>, ReadError> {
    dir.read(NAME, |document| {
        Ok(Stack {
            started_wall_ms: document.require("started_wall_ms")?,
            restarts: document.require("restarts")?,
            services: document.all("service").map(str::to_owned).collect(),
            arrived: document.parse("arrived").unwrap_or_default(),
            follows_ns: document.parse("follows_ns").unwrap_or_default(),
            stop: match (document.parse("stop_wall_ms"), document.parse("stop_run_ns")) {
                (Some(at_wall_ms), Some(run_ns)) => Some(StackStop {
                    at_wall_ms,
                    run_ns,
                    now: document.parse("stop_now").unwrap_or_default(),
                }),
                _ => None,
            },
        })
    })
}

/// Writes the record.
pub fn write(dir: &InstanceDir, stack: &Stack) -> io::Result<()> {
    let mut document = Document::default()
        .with("started_wall_ms", stack.started_wall_ms)
        .with("restarts", stack.restarts)
        .with("arrived", stack.arrived)
        .with("follows_ns", stack.follows_ns);
    if let Some(stop) = stack.stop {
        document.push("stop_wall_ms", stop.at_wall_ms);
        document.push("stop_run_ns", stop.run_ns);
        document.push("stop_now", stop.now);
    }
    for service in &stack.services {
        document.push("service", service);
    }
    dir.write(NAME, &document, None, Durability::WithFolder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn round_trip() {
        let (_tmp, dir) = instance();
        assert_eq!(read(&dir).unwrap(), None);
        let stack = Stack {
            started_wall_ms: 5,
            restarts: 3,
            services: vec!["db".to_owned(), "game".to_owned()],
            arrived: true,
            follows_ns: 7,
            stop: Some(StackStop {
                at_wall_ms: 8,
                run_ns: 9,
                now: true,
            }),
        };
        write(&dir, &stack).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(stack));
    }
}
