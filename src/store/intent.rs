//! The intent, kept as the target of a symbolic link that points nowhere. That
//! makes it one system call to read, atomic to replace, possible to write on a
//! full disk (a short target lives in the inode), and `ls -l` shows it:
//! `intent -> 1,running,1764000000123,1000,f8f2d47c`. Nothing ever follows it.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;

use super::dir::StateDir;
use super::folder::{InstanceDir, ReadError, temporary};
use super::quarantine::rename_exclusively;
use super::record::Durability;
use crate::event::Want;
use crate::sys::{clock, host};

const NAME: &str = "intent";

/// An intent to stop that is kept ready: a link can be renamed also where no inode
/// is left to make one.
const RESERVED: &str = "intent.stop";
const VERSION: u32 = 1;

/// An intent, with the user who set it and the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    pub want: Want,
    /// The time in milliseconds since the Unix epoch.
    pub at_ms: u64,
    pub uid: u32,
    /// The boot of the host in which it was set, as [`host::boot_tag`] gives
    /// it; 0 when that is not known.
    pub boot: u32,
}

impl Intent {
    /// Makes an intent of this user, now.
    pub fn now(want: Want) -> Self {
        Self {
            want,
            at_ms: clock::wall_ms(),
            uid: host::effective_uid(),
            boot: host::boot_tag(),
        }
    }

    /// Returns true if it was set since the host booted.
    pub fn is_of_this_boot(&self) -> bool {
        self.boot != 0 && self.boot == host::boot_tag()
    }

    fn to_text(self) -> String {
        let want = self.want.as_str();
        format!("{VERSION},{want},{},{},{:x}", self.at_ms, self.uid, self.boot)
    }

    /// Parses a link target. `Err` holds the version when it is a newer one.
    fn parse(text: &str) -> Result<Self, Option<u32>> {
        let mut fields = text.split(',');
        let version: u32 = fields.next().and_then(|field| field.parse().ok()).ok_or(None)?;
        if version > VERSION {
            return Err(Some(version));
        }
        let want = match fields.next() {
            Some("running") => Want::Running,
            Some("stopped") => Want::Stopped,
            _ => return Err(None),
        };
        let mut number = || fields.next().and_then(|field| field.parse::<u64>().ok()).ok_or(None);
        Ok(Self {
            want,
            at_ms: number()?,
            uid: u32::try_from(number()?).map_err(|_| None)?,
            boot: match fields.next() {
                Some(tag) => u32::from_str_radix(tag, 16).map_err(|_| None)?,
                None => 0,
            },
        })
    }
}

/// Reads the intent of an instance; `None` when none was ever set.
pub fn read(dir: &InstanceDir) -> Result<Option<Intent>, ReadError> {
    read_link(dir, dir.path(), NAME)
}

/// Reads the intent of an instance whose folder is not open.
pub fn peek(state: &StateDir, id: &str) -> Result<Option<Intent>, ReadError> {
    read_link(state, state.path(), &format!("instances/{id}/{NAME}"))
}

fn read_link(dir: impl AsFd, path: &Path, name: &str) -> Result<Option<Intent>, ReadError> {
    let path = || path.join(name);
    let target = match nix::fcntl::readlinkat(dir, name) {
        Ok(target) => target,
        Err(Errno::ENOENT) => return Ok(None),
        Err(Errno::EINVAL) => return Err(ReadError::Damaged(path(), "it is not a link".to_owned())),
        Err(errno) => return Err(ReadError::Io(path(), errno.into())),
    };
    match Intent::parse(&target.to_string_lossy()) {
        Ok(intent) => Ok(Some(intent)),
        Err(Some(version)) => Err(ReadError::Future(path(), version)),
        Err(None) => Err(ReadError::Damaged(path(), "its target is not ours".to_owned())),
    }
}

/// Sets the intent of an instance. Where no inode is left, an intent to stop is
/// the one that [`reserve_stop`] kept ready, with the time and the user of that.
///
/// # Errors
/// Fails when it could not be written; the old intent then still stands.
pub fn write(dir: &InstanceDir, intent: Intent, durability: Durability) -> io::Result<()> {
    match put(dir, NAME, intent) {
        Err(error) if is_full(&error) && intent.want == Want::Stopped && is_reserved(dir) => {
            dir.rename(RESERVED, NAME)?;
        }
        written => written?,
    }
    match durability {
        Durability::Now => dir.sync(),
        Durability::WithFolder | Durability::ThisBoot => Ok(()),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Keeps an intent to stop ready, for the time when no inode is left, unless
/// there is one of this boot.
///
/// # Errors
/// Fails when there is no inode left for it.
pub fn reserve_stop(dir: &InstanceDir) -> io::Result<()> {
    if !is_reserved(dir) {
        put(dir, RESERVED, Intent::now(Want::Stopped))?;
    }
    Ok(())
}

fn is_reserved(dir: &InstanceDir) -> bool {
    let kept = read_link(dir, dir.path(), RESERVED);
    matches!(kept, Ok(Some(kept)) if kept.want == Want::Stopped && kept.is_of_this_boot())
}

/// Makes a link of this name, or replaces it. A link that is new needs no temporary
/// name: it is there with its target, or not at all.
fn put(dir: &InstanceDir, name: &str, intent: Intent) -> io::Result<()> {
    let text = intent.to_text();
    let make = |name: &str| nix::unistd::symlinkat(text.as_str(), dir, name);
    match make(name) {
        Err(Errno::EEXIST) => {}
        made => return Ok(made?),
    }
    let new = temporary(name);
    // What is left of an older attempt.
    dir.remove(&new)?;
    make(&new)?;
    dir.rename(&new, name)
}

/// Quarantines a damaged intent. One that was written in its place meanwhile, which
/// takes no lock, is not damaged and stays.
pub fn quarantine(dir: &InstanceDir) -> io::Result<()> {
    let quarantined = match dir.quarantine(NAME) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        quarantined => quarantined?,
    };
    if matches!(read_link(dir, dir.path(), &quarantined), Err(ReadError::Damaged(..))) {
        return Ok(());
    }
    match rename_exclusively(dir, &quarantined, NAME) {
        // Another intent has been written since, which counts.
        Err(Errno::EEXIST) => dir.remove(&quarantined),
        done => Ok(done?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{instance, state};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn round_trip_and_damage() {
        let (_tmp, state) = state();
        let dir = state.create_instance("a").unwrap();
        assert_eq!(read(&dir).unwrap(), None);
        assert_eq!(peek(&state, "a").unwrap(), None);
        assert_eq!(peek(&state, "never").unwrap(), None);
        for want in [Want::Running, Want::Stopped] {
            let intent = Intent::now(want);
            write(&dir, intent, Durability::Now).unwrap();
            assert_eq!(read(&dir).unwrap(), Some(intent));
            assert_eq!(peek(&state, "a").unwrap(), Some(intent));
            assert!(intent.is_of_this_boot());
        }
        let set = |target: &str| {
            let path = dir.path().join(NAME);
            std::fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(target, path).unwrap();
        };
        set("1,running,1,1");
        assert!(!read(&dir).unwrap().unwrap().is_of_this_boot());
        set("2,running,1,1");
        assert!(matches!(read(&dir), Err(ReadError::Future(_, 2))));
        for damaged in [
            "x",
            "1",
            "1,maybe,1,1",
            "1,running",
            "1,running,x,1",
            "1,running,1,-1",
            "1,running,1,1,boot",
            "/etc/passwd",
        ] {
            set(damaged);
            assert!(matches!(read(&dir), Err(ReadError::Damaged(..))), "{damaged}");
        }
        std::fs::remove_file(dir.path().join(NAME)).unwrap();
        std::fs::write(dir.path().join(NAME), "1,running,1,1").unwrap();
        assert!(matches!(read(&dir), Err(ReadError::Damaged(..))), "a file is no link");
    }

    #[test]
    fn no_intent_is_quarantined_that_was_written_meanwhile() {
        let (_tmp, dir) = instance();
        let files = || std::fs::read_dir(dir.path()).unwrap().count();
        std::fs::write(dir.path().join(NAME), "noise").unwrap();
        quarantine(&dir).unwrap();
        assert_eq!((read(&dir).unwrap(), files()), (None, 1));
        // Two have found it damaged; one has gone on to write an intent.
        quarantine(&dir).unwrap();
        let wish = Intent::now(Want::Stopped);
        write(&dir, wish, Durability::Now).unwrap();
        quarantine(&dir).unwrap();
        assert_eq!((read(&dir).unwrap(), files()), (Some(wish), 2));
    }

    #[test]
    fn what_is_kept_ready_is_the_instances_own_and_of_this_boot() {
        let (_tmp, state) = state();
        let [a, b] = ["a", "b"].map(|id| state.create_instance(id).unwrap());
        let link = |dir: &InstanceDir| dir.path().join(RESERVED).symlink_metadata().unwrap();
        for dir in [&a, &b] {
            reserve_stop(dir).unwrap();
            assert!(is_reserved(dir) && link(dir).is_symlink());
            assert_eq!(link(dir).nlink(), 1);
        }
        let inode = link(&a).ino();
        reserve_stop(&a).unwrap();
        assert_eq!(link(&a).ino(), inode, "there already");
        let kept = || std::fs::read_link(a.path().join(RESERVED)).unwrap();
        for old in ["1,stopped,1,1,1", "1,running,1,1", "noise"] {
            std::fs::remove_file(a.path().join(RESERVED)).unwrap();
            std::os::unix::fs::symlink(old, a.path().join(RESERVED)).unwrap();
            assert!(!is_reserved(&a), "{old}");
            reserve_stop(&a).unwrap();
            assert!(is_reserved(&a) && kept() != Path::new(old));
        }
        assert_eq!(std::fs::read_dir(a.path()).unwrap().count(), 1);
        // An older gamectl has let two instances share one.
        b.remove(RESERVED).unwrap();
        std::fs::hard_link(a.path().join(RESERVED), b.path().join(RESERVED)).unwrap();
        reserve_stop(&b).unwrap();
        b.rename(RESERVED, NAME).unwrap();
        assert_eq!(read(&b).unwrap().map(|wish| wish.want), Some(Want::Stopped));
        assert!(is_reserved(&a) && !is_reserved(&b) && read(&a).unwrap().is_none());
    }
}
