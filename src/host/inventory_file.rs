//! Notices that the inventory has changed on disk.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::sys::inotify::{Change, Watches};

/// The file must stay unchanged for this long: editors write in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// A watch on the file of the inventory. The directory is watched, because the
/// file may be written in place or replaced.
pub struct InventoryFile {
    watches: Watches,
    name: OsString,
    touched_at: Option<Instant>,
}

impl InventoryFile {
    /// # Errors
    /// When the directory of the file cannot be watched.
    pub(super) fn watch(path: &Path) -> io::Result<Self> {
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

    /// Returns when the file has changed, and has then stayed unchanged for a
    /// moment.
    ///
    /// # Cancel safety
    /// Safe: a change that was noticed is reported by the next call.
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
            // Changes are noticed no more; a reload by signal still works.
            return std::future::pending().await;
        };
        changes.iter().any(|change| match change {
            Change::Everything => true,
            Change::Name { name, .. } => *name == self.name.to_string_lossy(),
        })
    }
}
