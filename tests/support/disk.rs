//! A small disk of its own for a state directory, that nobody else sees.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

use super::{Sandbox, skipped};

/// A small disk at the state directory, for as long as it is held: for this
/// thread and those that it makes, and for what they run.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Made with these options of a `tmpfs`. `None`, said, where it may not be
    /// made.
    #[track_caller]
    pub fn mount(sandbox: &Sandbox, test: &str, options: &str) -> Option<Self> {
        let path = sandbox.state_dir();
        fs::create_dir(&path).expect("a state directory");
        let none: Option<&str> = None;
        let private = || {
            unshare(CloneFlags::CLONE_NEWNS)?;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
            let options = format!("mode=0700,{options}");
            mount(
                Some("none"),
                &path,
                Some("tmpfs"),
                MsFlags::empty(),
                Some(options.as_str()),
            )
        };
        match private() {
            Ok(()) => Some(Self(path)),
            Err(errno) => {
                fs::remove_dir(&path).expect("remove");
                skipped(test, &format!("a small disk cannot be mounted: {errno}"));
                None
            }
        }
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Fills it but for so many pages.
    pub fn fill(&self, but: u64) {
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(self.filler())
            .expect("a filler");
        for size in [65_536, 4096, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
        let size = file.metadata().expect("its size").len();
        file.set_len((size / 4096 - but) * 4096).expect("cut the filler");
    }

    /// Gives back what filled it.
    pub fn free(&self) {
        fs::remove_file(self.filler()).expect("remove the filler");
    }

    fn fillers(&self) -> PathBuf {
        self.0.join("fillers")
    }

    /// Makes files until none can be made.
    pub fn use_up_inodes(&self) {
        let _ = fs::create_dir(self.fillers());
        let made = fs::read_dir(self.fillers()).expect("the fillers").count();
        let mut names = (made..).map(|number| self.fillers().join(number.to_string()));
        while names.next().is_some_and(|name| File::create_new(name).is_ok()) {}
    }

    /// Removes these files.
    pub fn free_inodes(&self) {
        fs::remove_dir_all(self.fillers()).expect("remove the fillers");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}
