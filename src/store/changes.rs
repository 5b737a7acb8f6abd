//! Notifications of changes to the folders of instances: an intent is written, a
//! launch begins or becomes ready, an end is put on record. All folders share one
//! `inotify(7)` instance, of which a user has few; where none is left, every folder
//! counts as changed once a second.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;

use tokio::sync::watch;

use super::dir::StateDir;
use crate::sys::inotify::{Change, Watches};

/// The tag of the watch of the directory that holds the folders.
const FOLDERS: &str = "";

/// The files whose change is a change of the instance.
const OBSERVED: [&str; 6] = ["intent", "launch", "exit", "ctl", "restarts", "countdown"];

/// The time between two notifications where the kernel gives none.
const EVERY: Duration = Duration::from_secs(1);

/// A subscription to the changes of one folder, which it counts.
pub type Changed = watch::Receiver<u64>;

#[derive(Debug)]
pub struct Changes {
    folders: PathBuf,
    channels: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Changes {
    /// Watches this state directory while [`Changes::follow`] is polled.
    pub fn of(state: &StateDir) -> Self {
        Self {
            folders: state.path().join(super::dir::INSTANCES),
            channels: Mutex::default(),
        }
    }

    /// Subscribes to the changes of one folder, which need not be there yet.
    pub fn subscribe(&self, id: &str) -> Changed {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = channels.entry(id.to_owned()).or_insert_with(|| watch::Sender::new(0));
        channel.subscribe()
    }

    /// Passes changes on, for as long as it is polled. Where the kernel reports
    /// none, `say` is told so once, with the remedy.
    pub async fn follow(&self, say: impl FnOnce(String)) {
        let Err(error) = self.pass_on().await;
        say(unreported(&error));
        loop {
            self.notify_all();
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn pass_on(&self) -> io::Result<Infallible> {
        let mut watches = Watches::new()?;
        watches.add(&self.folders, FOLDERS)?;
        for entry in std::fs::read_dir(&self.folders)? {
            let entry = entry?;
            watch(&mut watches, &entry.path(), &entry.file_name().to_string_lossy())?;
        }
        // What changed before we began to watch.
        self.notify_all();
        loop {
            for change in watches.next().await? {
                match change {
                    Change::Everything => self.notify_all(),
                    Change::Name { tag, name } if tag == FOLDERS => {
                        watch(&mut watches, &self.folders.join(&name), &name)?;
                        self.notify(&name);
                    }
                    Change::Name { tag, name } if OBSERVED.contains(&name.as_str()) => self.notify(&tag),
                    Change::Name { .. } => {}
                }
            }
        }
    }

    /// Counts a change of one folder.
    pub fn notify(&self, id: &str) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(id) {
            channel.send_modify(|count| *count += 1);
        }
    }

    fn notify_all(&self) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for channel in channels.values() {
            channel.send_modify(|count| *count += 1);
        }
    }
}

/// Watches the folder of an instance.
///
/// # Errors
/// When no watch is left for it.
fn watch(watches: &mut Watches, path: &Path, id: &str) -> io::Result<()> {
    // A countdown is written in place, and its end is the end of a descriptor.
    match watches.add_with_writes(path, id) {
        Err(error) if is_used_up(&error) => Err(error),
        // It may be a stray file among the folders, or a folder that is gone again.
        Err(error) => {
            tracing::debug!(%error, id, "its folder cannot be watched");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn is_used_up(error: &io::Error) -> bool {
    [Errno::ENOSPC, Errno::ENOMEM]
        .into_iter()
        .any(|errno| error.raw_os_error() == Some(errno as i32))
}

/// Puts in words that changes are not reported.
fn unreported(error: &io::Error) -> String {
    let (what, sysctl) = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE) => ("no inotify instance is left for this user", "max_user_instances"),
        Some(Errno::ENOSPC) => ("no inotify watch is left for this user", "max_user_watches"),
        _ => {
            return format!(
                "the kernel reports no changes ({error}): every instance is looked at once a second instead"
            );
        }
    };
    format!(
        "{what}: every instance is looked at once a second instead; root raises the limit with: sysctl -w fs.inotify.{sysctl}=N (it is in /proc/sys/fs/inotify/{sysctl})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_is_named_with_its_limit() {
        for (errno, wanted) in [
            (Errno::EMFILE, "fs.inotify.max_user_instances"),
            (Errno::ENOSPC, "fs.inotify.max_user_watches"),
            (Errno::ENOMEM, "(Cannot allocate memory"),
        ] {
            let said = unreported(&errno.into());
            assert!(said.contains(wanted) && said.contains("once a second"), "{said}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_reports_every_folder_changes_every_second() {
        let folders = std::path::PathBuf::from("/nowhere");
        let changes = Changes {
            folders,
            channels: Mutex::default(),
        };
        let mut changed = changes.subscribe("a");
        let mut said = Vec::new();
        let follow = changes.follow(|text| said.push(text));
        let _ = tokio::time::timeout(Duration::from_millis(3500), follow).await;
        assert_eq!((said.len(), *changed.borrow_and_update()), (1, 4));
    }
}
