//! The quarantine of damaged files: each gets a new name, under which a person can
//! look at it. No file is lost by that, also where two processes quarantine at
//! once, and on a filesystem that cannot rename exclusively.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::{Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::folder::InstanceDir;
use crate::sys::clock;

/// The number of names that are tried. Each that is taken was given in the same
/// millisecond.
const NAMES: u32 = 1000;

/// A rename that fails with `EEXIST` where the new name is taken.
type Rename = fn(&InstanceDir, &str, &str) -> nix::Result<()>;

impl InstanceDir {
    /// Gives a damaged file a name that nothing had before, and returns that.
    ///
    /// # Errors
    /// Returns `NotFound` when there is no such file, as when another process has
    /// quarantined it, else the error of `renameat2(2)`.
    pub fn quarantine(&self, name: &str) -> io::Result<String> {
        self.quarantine_by(name, clock::wall_ms(), rename_exclusively)
    }

    fn quarantine_by(&self, name: &str, at_ms: u64, rename: Rename) -> io::Result<String> {
        for number in 0..NAMES {
            let new = match number {
                0 => format!("{name}.damaged-{at_ms}"),
                _ => format!("{name}.damaged-{at_ms}-{number}"),
            };
            match rename(self, name, &new) {
                Err(Errno::EEXIST) => {}
                Err(errno) => return Err(errno.into()),
                Ok(()) => {
                    self.sync()?;
                    return Ok(new);
                }
            }
        }
        Err(Errno::EEXIST.into())
    }
}

/// Gives a file another name, unless that is taken: then it returns `EEXIST`.
pub(super) fn rename_exclusively(dir: &InstanceDir, from: &str, to: &str) -> nix::Result<()> {
    match renameat2(dir, from, dir, to, RenameFlags::RENAME_NOREPLACE) {
        // The kernel does not know this, or the filesystem does not.
        Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => rename_over_own(dir, from, to),
        done => done,
    }
}

/// Renames exclusively in two steps: something empty takes the name, which fails
/// where it is taken, and is then replaced.
fn rename_over_own(dir: &InstanceDir, from: &str, to: &str) -> nix::Result<()> {
    let stat = fstatat(dir, from, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    let is_dir = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFDIR;
    let removal = if is_dir {
        mkdirat(dir, to, Mode::S_IRWXU)?;
        UnlinkatFlags::RemoveDir
    } else {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        openat(dir.as_fd(), to, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
        UnlinkatFlags::NoRemoveDir
    };
    let renamed = renameat(dir, from, dir, to);
    if renamed.is_err() {
        let _ = unlinkat(dir, to, removal);
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;
    use std::fs;

    const WAYS: [Rename; 2] = [rename_exclusively, rename_over_own];

    #[test]
    fn a_name_that_is_taken_stays_whose_it_is() {
        for rename in WAYS {
            let (_tmp, dir) = instance();
            let names: Vec<String> = ["one", "two", "three"]
                .map(|text| {
                    fs::write(dir.path().join("x"), text).unwrap();
                    dir.quarantine_by("x", 7, rename).unwrap()
                })
                .into();
            assert_eq!(names, ["x.damaged-7", "x.damaged-7-1", "x.damaged-7-2"]);
            let kept = names
                .iter()
                .map(|name| fs::read_to_string(dir.path().join(name)).unwrap());
            assert_eq!(kept.collect::<Vec<_>>(), ["one", "two", "three"]);
            let missing = dir.quarantine_by("x", 7, rename).unwrap_err();
            assert_eq!(missing.kind(), io::ErrorKind::NotFound);
            assert!(!dir.path().join("x.damaged-7-3").exists(), "nothing is left of the try");
        }
    }

    #[test]
    fn whatever_stands_there_is_quarantined() {
        for rename in WAYS {
            let (_tmp, dir) = instance();
            let x = dir.path().join("x");
            fs::create_dir(&x).unwrap();
            fs::write(x.join("inside"), "").unwrap();
            let folder = dir.quarantine_by("x", 7, rename).unwrap();
            assert!(dir.path().join(folder).join("inside").exists());
            std::os::unix::fs::symlink("nowhere", &x).unwrap();
            let link = dir.quarantine_by("x", 7, rename).unwrap();
            assert_eq!(fs::read_link(dir.path().join(link)).unwrap().as_os_str(), "nowhere");
            dir.make_fifo("x").unwrap();
            dir.quarantine_by("x", 7, rename).unwrap();
            assert!(!x.exists());
        }
    }

    /// Many at once, all in the same millisecond.
    #[test]
    fn nothing_is_lost_where_many_do_it_at_once() {
        const MANY: usize = 8;
        const EACH: usize = 20;
        for rename in WAYS {
            let (_tmp, dir) = instance();
            std::thread::scope(|scope| {
                for thread in 0..MANY {
                    let dir = &dir;
                    scope.spawn(move || {
                        for number in 0..EACH {
                            let name = format!("own-{thread}");
                            fs::write(dir.path().join(&name), format!("{thread} {number}")).unwrap();
                            // The new names are the same for all.
                            dir.rename_until_free(&name, rename);
                        }
                    });
                }
            });
            let kept = fs::read_dir(dir.path()).unwrap().flatten();
            let mut texts: Vec<String> = kept.map(|entry| fs::read_to_string(entry.path()).unwrap()).collect();
            texts.sort_unstable();
            texts.dedup();
            assert_eq!(texts.len(), MANY * EACH);
        }
    }

    impl InstanceDir {
        fn rename_until_free(&self, name: &str, rename: Rename) {
            let mut tries = (0..).map(|number| rename(self, name, &format!("x.damaged-7-{number}")));
            let last = tries.find(|tried| *tried != Err(Errno::EEXIST));
            assert_eq!(last, Some(Ok(())));
        }
    }
}
