//! The surroundings of a launch in which its probes look.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::ownership::PortOwner;
use crate::store::InstanceDir;
use crate::store::file_end::FileEnd;
use crate::store::launch::LogPosition;

#[derive(Debug, Clone)]
pub struct ProbeContext {
    /// The instance's folder, with its console log.
    pub dir: Option<Arc<InstanceDir>>,
    /// The position in the log at which the output of this launch begins.
    pub log_from: LogPosition,
    /// The time of the launch, on the boot-time clock, in milliseconds.
    pub launched_boot_ms: u64,
    /// The owner whose answers count.
    pub owner: Option<PortOwner>,
    pub cwd: PathBuf,
    /// The whole environment of commands.
    pub env: Vec<(OsString, OsString)>,
    /// The end of the game's own log file before the launch, where it is known.
    pub file_from: Option<FileEnd>,
}
