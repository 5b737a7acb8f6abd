//! Being told that the inventory has changed on disk.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::sys::inotify::{Change, Watches};

/// How long it must be left alone: editors write in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// The file of the inventory, watched. It may be written in place or replaced,
/// so it is its directory that is watched.
pub struct InventoryFile {
    watches: Watches,
    name: OsString,
    touched_at: Option<Instant>,
}

impl InventoryFile {
    /// Watches a file.
    ///
    /// # Errors
    /// When its directory cannot be watched.
    pub fn watch(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut watches = Watches::new()?;
        watches.add_with_writes(folder, "")?;
        Ok(Self {
            watches,
            name: name.to_owned(),
            touched_at: None,
        })
    }

    /// Returns when it has changed, and was then left alone for a moment.
    ///
    /// # Cancel safety
    /// Safe: a change that was seen is told the next time.
    pub async fn changed(&mut self) {
        loop {
            let Some(at) = self.touched_at else {
                if self.touched().await {
                    self.touched_at = Some(Instant::now());
                }
                continue;
            };
            match tokio::time::timeout_at(at + QUIET, self.touched()).await {
                Ok(true) => self.touched_at = Some(Instant::now()),
                Ok(false) => {}
                Err(_) => {
                    self.touched_at = None;
                    return;
                }
            }
        }
    }

    async fn touched(&mut self) -> bool {
        let Ok(changes) = self.watches.next().await else {
            // Nothing is told any more; a signal still works.
            return std::future::pending().await;
        };
        changes.iter().any(|change| match change {
            Change::Everything => true,
            Change::Name { name, .. } => *name == self.name.to_string_lossy(),
        })
    }
}
