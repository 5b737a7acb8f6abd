//! One instance in detail.

use std::time::SystemTime;

use crate::event::Row;
use crate::supervisor::TreeProcess;

/// All that `status` of a single instance shows.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceReport {
    pub row: Row,
    /// The processes of its tree; `None` on planes that do not tell, and an error where that
    /// cannot be found out.
    pub processes: Result<Option<Vec<TreeProcess>>, String>,
    /// The crashes that `run` has counted, the oldest first.
    pub crashes: Vec<SystemTime>,
    /// The instances that it needs, each with its state.
    pub needs: Vec<(String, &'static str)>,
    /// The instances that need it.
    pub needed_by: Vec<(String, &'static str)>,
    /// The time of the next firing of its schedules, and its deed, in words; an error where
    /// that is not known.
    pub next: Result<Option<(String, String)>, String>,
    /// The last output, or why it is not known.
    pub log: Result<Vec<u8>, String>,
    /// The commands that may help.
    pub commands: Vec<String>,
}
