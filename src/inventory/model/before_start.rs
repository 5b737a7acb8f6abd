//! The command that must succeed before each start.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, PartialEq)]
pub struct BeforeStart {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<OsString>,
    /// The time after which it is killed, and the start refused.
    pub timeout: Duration,
    /// Its working directory: the inventory's folder.
    pub cwd: PathBuf,
    /// The user that it runs as: that of the game, if it has one.
    pub user: Option<String>,
}

impl fmt::Debug for BeforeStart {
    // The arguments may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BeforeStart")
            .field("program", &self.command.first())
            .field("timeout", &self.timeout)
            .field("user", &self.user)
            .finish()
    }
}
