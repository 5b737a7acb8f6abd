//! What is damaged is put out of the way, where a person can look at it.
//! Nothing is lost by that: a name that is taken stays whose it is, also where
//! two do it at once, and on a filesystem that cannot be asked for that.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::{Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::folder::InstanceDir;
use crate::sys::clock;

/// How many names are tried. Each that is taken was put aside in the same
/// millisecond.
const NAMES: u32 = 1000;

/// A way to rename a file that fails with `EEXIST` where the new name is taken.
type Rename = fn(&InstanceDir, &str, &str) -> nix::Result<()>;

impl InstanceDir {
    /// Puts a damaged file out of the way, where a person can look at it.
    /// Returns its new name, which nothing had before.
    ///
    /// # Errors
    /// `NotFound` when there is no such file, as when somebody else has put it
    /// aside; else what `renameat2(2)` said.
    pub fn set_aside(&self, name: &str) -> io::Result<String> {
        self.set_aside_by(name, clock::wall_ms(), rename_exclusively)
    }

    fn set_aside_by(&self, name: &str, at_ms: u64, rename: Rename) -> io::Result<String> {
        for number in 0..NAMES {
            let aside = match number {
                0 => format!("{name}.damaged-{at_ms}"),
                _ => format!("{name}.damaged-{at_ms}-{number}"),
            };
            match rename(self, name, &aside) {
                Err(Errno::EEXIST) => {}
                Err(errno) => return Err(errno.into()),
                Ok(()) => {
                    self.sync()?;
                    return Ok(aside);
                }
            }
        }
        Err(Errno::EEXIST.into())
    }

    /// Gives a file another name, unless something has that name.
    ///
    /// # Errors
    /// `AlreadyExists` when it is taken; else what `renameat2(2)` said.
    pub(super) fn rename_exclusively(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rename_exclusively(self, from, to)?)
    }
}

fn rename_exclusively(dir: &InstanceDir, from: &str, to: &str) -> nix::Result<()> {
    match renameat2(dir, from, dir, to, RenameFlags::RENAME_NOREPLACE) {
        // The kernel does not know this, or the filesystem does not.
        Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => rename_over_own(dir, from, to),
        done => done,
    }
}

/// The same in two steps: something empty takes the name, which fails where it
/// is taken, and then makes room.
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
    use crate::store::StateDir;
    use std::fs;

    const WAYS: [Rename; 2] = [rename_exclusively, rename_over_own];

    fn instance() -> (tempfile::TempDir, InstanceDir) {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        (tmp, dir)
    }

    #[test]
    fn a_name_that_is_taken_stays_whose_it_is() {
        for rename in WAYS {
            let (_tmp, dir) = instance();
            let names: Vec<String> = ["one", "two", "three"]
                .map(|text| {
                    fs::write(dir.path().join("x"), text).unwrap();
                    dir.set_aside_by("x", 7, rename).unwrap()
                })
                .into();
            assert_eq!(names, ["x.damaged-7", "x.damaged-7-1", "x.damaged-7-2"]);
            let kept = names
                .iter()
                .map(|name| fs::read_to_string(dir.path().join(name)).unwrap());
            assert_eq!(kept.collect::<Vec<_>>(), ["one", "two", "three"]);
            let missing = dir.set_aside_by("x", 7, rename).unwrap_err();
            assert_eq!(missing.kind(), io::ErrorKind::NotFound);
            assert!(!dir.path().join("x.damaged-7-3").exists(), "nothing is left of the try");
        }
    }

    #[test]
    fn whatever_stands_there_is_put_aside() {
        for rename in WAYS {
            let (_tmp, dir) = instance();
            let x = dir.path().join("x");
            fs::create_dir(&x).unwrap();
            fs::write(x.join("inside"), "").unwrap();
            let folder = dir.set_aside_by("x", 7, rename).unwrap();
            assert!(dir.path().join(folder).join("inside").exists());
            std::os::unix::fs::symlink("nowhere", &x).unwrap();
            let link = dir.set_aside_by("x", 7, rename).unwrap();
            assert_eq!(fs::read_link(dir.path().join(link)).unwrap().as_os_str(), "nowhere");
            dir.make_fifo("x").unwrap();
            dir.set_aside_by("x", 7, rename).unwrap();
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
