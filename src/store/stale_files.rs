//! The removal of temporary files whose writers were killed: `intent.new-1234`.

use std::io;
use std::os::fd::AsFd;

use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{Mode, fstatat};

use super::folder::{InstanceDir, writer_of};
use crate::sys::{clock, procfs};

/// The least age of a stale file in seconds. Its writer may be in another pid
/// namespace, where we do not see it, and needs it for a moment only.
const OLD_SECS: u64 = 60;

impl InstanceDir {
    /// Removes the temporary files of dead writers. Takes no lock.
    ///
    /// # Errors
    /// Fails when the folder cannot be read. A file that cannot be removed stays.
    pub fn remove_stale_files(&self) -> io::Result<()> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let mut entries = nix::dir::Dir::openat(self.as_fd(), ".", flags, Mode::empty())?;
        for entry in entries.iter() {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if writer_of(name).is_some_and(|pid| !procfs::exists(pid)) && self.is_old(name) {
                let _ = self.remove(name);
            }
        }
        Ok(())
    }

    fn is_old(&self, name: &str) -> bool {
        let stat = fstatat(self.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW);
        let written = stat.ok().and_then(|stat| u64::try_from(stat.st_mtime).ok());
        written.is_some_and(|written| written + OLD_SECS <= clock::wall_ms() / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;
    use nix::sys::stat::{UtimensatFlags, utimensat};
    use nix::sys::time::TimeSpec;

    #[test]
    fn only_what_the_dead_have_left_long_ago() {
        let (_tmp, dir) = instance();
        // No pid is as high as that.
        let dead = 2_000_000_000;
        let own = std::process::id();
        let now = (clock::wall_ms() / 1000).cast_signed();
        let make = |name: &str, is_link: bool, age: i64| {
            let path = dir.path().join(name);
            if is_link {
                std::os::unix::fs::symlink("1,stopped,1,1", &path).unwrap();
            } else {
                std::fs::write(&path, "half").unwrap();
            }
            let time = TimeSpec::new(now - age, 0);
            utimensat(dir.as_fd(), name, &time, &time, UtimensatFlags::NoFollowSymlink).unwrap();
        };
        let stay = [
            (format!("intent.new-{own}"), true, 1000),
            (format!("plan.new-{dead}"), false, 10),
            (format!("exit.new-{dead}"), false, -1000),
            ("plan.new-0".to_owned(), false, 1000),
            (format!("plan.new--{dead}"), false, 1000),
            (format!("plan.new-+{dead}"), false, 1000),
            ("plan.new-99999999999999".to_owned(), false, 1000),
            (format!("plan.new-{dead}.damaged-1"), false, 1000),
            ("plan".to_owned(), false, 1000),
            ("plan.new".to_owned(), false, 1000),
        ];
        let go = [
            (format!("intent.new-{dead}"), true, 1000),
            (format!("stack.new-{dead}"), false, 100),
        ];
        for (name, is_link, age) in stay.iter().chain(&go) {
            make(name, *is_link, *age);
        }
        dir.remove_stale_files().unwrap();
        let there = |name: &String| dir.path().join(name).symlink_metadata().is_ok();
        for (name, ..) in &stay {
            assert!(there(name), "{name}");
        }
        for (name, ..) in &go {
            assert!(!there(name), "{name}");
        }
    }
}
