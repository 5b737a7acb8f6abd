//! Notices that the inventory has changed on disk.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::sys::inotify::{Change, Watches};

/// The file must stay unchanged for this long: editors write in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// The time between two looks where the kernel reports no changes.
const EVERY: Duration = Duration::from_secs(1);

/// Distinguishes what was written from what was there before: inode, length, and
/// the time of the change.
type Stamp = (u64, u64, Option<SystemTime>);

/// A watch on the file of the inventory. The directory is watched, because the
/// file may be written in place or replaced.
pub struct InventoryFile {
    /// `None` where the kernel reports no changes.
    watches: Option<Watches>,
    path: PathBuf,
    name: OsString,
    seen: Option<Stamp>,
    /// The time of the next look.
    look_at: Instant,
    touched_at: Option<Instant>,
}

impl InventoryFile {
    /// # Errors
    /// When the path names no file.
    pub(super) fn watch(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let watch = |folder| {
            let mut watches = Watches::new()?;
            watches.add_with_writes(folder, "")?;
            Ok::<_, io::Error>(watches)
        };
        Ok(Self {
            watches: watch(folder).ok(),
            name: name.to_owned(),
            seen: stamp(&path),
            look_at: Instant::now() + EVERY,
            touched_at: None,
            path,
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
        let Some(watches) = &mut self.watches else {
            tokio::time::sleep_until(self.look_at).await;
            self.look_at = Instant::now() + EVERY;
            let now = stamp(&self.path);
            return now.is_some() && std::mem::replace(&mut self.seen, now) != now;
        };
        let Ok(changes) = watches.next().await else {
            self.watches = None;
            return true;
        };
        changes.iter().any(|change| match change {
            Change::Everything => true,
            Change::Name { name, .. } => *name == self.name.to_string_lossy(),
        })
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.ino(), data.len(), data.modified().ok()))
}
