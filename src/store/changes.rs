//! Notifications of changes to the folders of instances: an intent is written, a
//! launch begins or becomes ready, an end is put on record. All folders share one
//! `inotify(7)` instance, of which a user has few.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::dir::StateDir;
use crate::sys::inotify::{Change, Watches};

/// The tag of the watch of the directory that holds the folders.
const FOLDERS: &str = "";

/// The files whose change is a change of the instance.
const OBSERVED: [&str; 4] = ["intent", "launch", "exit", "ctl"];

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

    /// Passes changes on, for as long as it is polled.
    pub async fn follow(&self) -> io::Result<()> {
        let mut watches = Watches::new()?;
        watches.add(&self.folders, FOLDERS)?;
        for entry in std::fs::read_dir(&self.folders)? {
            let entry = entry?;
            self.watch(&mut watches, &entry.path(), &entry.file_name().to_string_lossy());
        }
        // What changed before we began to watch.
        self.notify_all();
        loop {
            for change in watches.next().await? {
                match change {
                    Change::Everything => self.notify_all(),
                    Change::Name { tag, name } if tag == FOLDERS => {
                        self.watch(&mut watches, &self.folders.join(&name), &name);
                        self.notify(&name);
                    }
                    Change::Name { tag, name } if OBSERVED.contains(&name.as_str()) => self.notify(&tag),
                    Change::Name { .. } => {}
                }
            }
        }
    }

    fn watch(&self, watches: &mut Watches, path: &Path, id: &str) {
        // It may be a stray file among the folders, or a folder that is gone again.
        if let Err(error) = watches.add(path, id) {
            tracing::debug!(%error, id, "its folder cannot be watched");
        }
    }

    fn notify(&self, id: &str) {
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
