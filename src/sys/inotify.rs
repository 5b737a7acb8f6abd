//! Being told of changes to directories. See `inotify(7)`.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Names that appear in a directory, are renamed into it, or are written anew.
const NAMES: AddWatchFlags = AddWatchFlags::IN_MOVED_TO
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_CLOSE_WRITE)
    .union(AddWatchFlags::IN_ONLYDIR);

/// Names that appear in a directory or are renamed into it.
const NEW_NAMES: AddWatchFlags = AddWatchFlags::IN_MOVED_TO
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_ONLYDIR);

struct Raw(Inotify);

impl AsRawFd for Raw {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Watched directories, each with a tag of the caller's.
pub struct Watches {
    fd: AsyncFd<Raw>,
    tags: HashMap<WatchDescriptor, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Name {
        tag: String,
        /// The file's name; lossy where it is not UTF-8.
        name: String,
    },
    /// More than the kernel could keep: anything may have changed.
    Everything,
}

impl Watches {
    /// # Errors
    /// `EMFILE` where the user has as many as `fs.inotify.max_user_instances`
    /// allows. To be called in a runtime.
    pub fn new() -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        // SAFETY: the descriptor is owned by what is registered, and open as
        // long as that lives.
        let fd = unsafe { AsyncFd::register_with_interest(Raw(inotify), Interest::READABLE) };
        Ok(Self {
            fd: fd?,
            tags: HashMap::new(),
        })
    }

    /// Watches a directory for names that appear in it.
    ///
    /// # Errors
    /// `ENOENT` where it is not there, `ENOSPC` at
    /// `fs.inotify.max_user_watches`.
    pub fn add(&mut self, path: &Path, tag: &str) -> io::Result<()> {
        self.add_for(path, tag, NEW_NAMES)
    }

    /// Watches like [`Watches::add`], and for writes to files in the folder, too.
    pub fn add_with_writes(&mut self, path: &Path, tag: &str) -> io::Result<()> {
        self.add_for(path, tag, NAMES)
    }

    fn add_for(&mut self, path: &Path, tag: &str, what: AddWatchFlags) -> io::Result<()> {
        let watch = self.fd.get_ref().0.add_watch(path, what)?;
        self.tags.insert(watch, tag.to_owned());
        Ok(())
    }

    /// Waits until something changes.
    ///
    /// # Cancel safety
    /// Safe: what was read is returned.
    pub async fn next(&mut self) -> io::Result<Vec<Change>> {
        loop {
            let mut ready = self.fd.readable().await?;
            match ready.get_inner().0.read_events() {
                Ok(events) => {
                    let change = |event: nix::sys::inotify::InotifyEvent| {
                        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                            return Some(Change::Everything);
                        }
                        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                            self.tags.remove(&event.wd);
                            return None;
                        }
                        let name = event.name?.to_string_lossy().into_owned();
                        let tag = self.tags.get(&event.wd)?.clone();
                        Some(Change::Name { tag, name })
                    };
                    return Ok(events.into_iter().filter_map(change).collect());
                }
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_come_with_their_tag() {
        let dir = tempfile::tempdir().unwrap();
        let mut watches = Watches::new().unwrap();
        watches.add(dir.path(), "a").unwrap();
        let name = |name: &str| Change::Name {
            tag: "a".into(),
            name: name.into(),
        };
        std::os::unix::fs::symlink("nowhere", dir.path().join("new")).unwrap();
        assert_eq!(watches.next().await.unwrap(), [name("new")]);
        std::fs::rename(dir.path().join("new"), dir.path().join("intent")).unwrap();
        assert_eq!(watches.next().await.unwrap(), [name("intent")]);
        assert!(watches.add(&dir.path().join("none"), "b").is_err());
    }
}
