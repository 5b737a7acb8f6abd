//! The state directory: opened once, and then only used by its descriptor, so that
//! no later rename or link can redirect it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat};

use super::folder::{self, InstanceDir};
use super::shim_status::Place;
use crate::failure::Failure;
use crate::sys::host;

pub(super) const INSTANCES: &str = "instances";

/// The state directory, opened and found to be ours alone.
#[derive(Debug)]
pub struct StateDir {
    fd: OwnedFd,
    path: PathBuf,
    /// The inventory on whose behalf it was opened, where that is a file.
    inventory: Option<PathBuf>,
    slots: Mutex<HashMap<String, Place>>,
}

/// Returns the path of the state directory: `--state-dir`, else
/// `$GAMECTL_STATE_DIR`, else `/var/lib/gamectl` for root, else
/// `$XDG_STATE_HOME/gamectl`, else `~/.local/state/gamectl`. It is never below
/// `XDG_RUNTIME_DIR`, which vanishes at logout.
///
/// # Errors
/// Fails when no home directory is known.
pub fn locate(explicit: Option<&Path>, env: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Result<PathBuf, Failure> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = explicit.map(Path::to_path_buf).or_else(|| set("GAMECTL_STATE_DIR")) {
        return std::path::absolute(&path)
            .map_err(|error| Failure::failed(format!("state directory {}: {error}", path.display())));
    }
    if host::effective_uid() == 0 {
        return Ok(PathBuf::from("/var/lib/gamectl"));
    }
    // By the XDG base directory specification a relative path is ignored.
    let xdg = set("XDG_STATE_HOME").filter(|path| path.is_absolute());
    xdg.or_else(|| {
        set("HOME")
            .filter(|home| home.is_absolute())
            .map(|home| home.join(".local/state"))
    })
    .map(|base| base.join("gamectl"))
    .ok_or_else(|| {
        Failure::failed("no place for the state directory: HOME is not set")
            .hint("set HOME, or give one with --state-dir or GAMECTL_STATE_DIR")
    })
}

impl StateDir {
    /// Opens the state directory. Returns `None` when there is none, which means
    /// that nothing was ever started.
    ///
    /// # Errors
    /// Fails when it cannot be opened, belongs to another user, or others may enter.
    pub fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        match nix::fcntl::open(path, flags, Mode::empty()) {
            Ok(fd) => {
                let dir = Self {
                    fd,
                    path: path.to_path_buf(),
                    inventory: None,
                    slots: Mutex::default(),
                };
                dir.check_private()?;
                Ok(Some(dir))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(cannot_use(path, &errno.into())),
        }
    }

    /// Opens the state directory, and makes it where there is none.
    ///
    /// # Errors
    /// Fails as [`StateDir::open`] does, and when it cannot be made.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        if let Some(dir) = Self::open(path)? {
            dir.make_instances().map_err(|error| cannot_use(path, &error))?;
            return Ok(dir);
        }
        if let Some(parent) = path.parent() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(parent);
            made.map_err(|error| cannot_use(parent, &error))?;
        }
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_use(path, &error)),
        }
        let dir = Self::open(path)?.ok_or_else(|| cannot_use(path, &io::ErrorKind::NotFound.into()))?;
        dir.make_instances().map_err(|error| cannot_use(path, &error))?;
        Ok(dir)
    }

    fn make_instances(&self) -> io::Result<()> {
        make_dir(self.fd.as_fd(), INSTANCES)
    }

    fn check_private(&self) -> Result<(), Failure> {
        let stat = fstat(&self.fd).map_err(|errno| cannot_use(&self.path, &errno.into()))?;
        let me = host::effective_uid();
        let shown = self.path.display();
        if stat.st_uid != me {
            return Err(Failure::failed(format!(
                "state directory {shown} belongs to uid {}, and you are uid {me}",
                stat.st_uid
            ))
            .hint("run gamectl as that user, or give another place with --state-dir"));
        }
        if stat.st_mode & 0o077 != 0 {
            return Err(Failure::failed(format!(
                "state directory {shown} is open to others (mode {:04o})",
                stat.st_mode & 0o7777
            ))
            .hint(format!("close it with: chmod 700 {shown}")));
        }
        Ok(())
    }

    /// Takes over a descriptor of the directory, which the starter of the shim has
    /// checked.
    pub fn received(fd: OwnedFd) -> Self {
        Self {
            fd,
            path: PathBuf::from("."),
            inventory: None,
            slots: Mutex::default(),
        }
    }

    /// Makes it act on behalf of an inventory, by its absolute path.
    #[must_use]
    pub fn for_inventory(mut self, file: Option<PathBuf>) -> Self {
        self.inventory = file;
        self
    }

    /// Returns the inventory on whose behalf it was opened, where that is a file.
    pub fn inventory(&self) -> Option<&Path> {
        self.inventory.as_deref()
    }

    /// Returns the place of the slot of an instance as it was last noted.
    pub(super) fn known_slot(&self, id: &str) -> Option<Place> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(id).copied()
    }

    pub(super) fn note_slot(&self, id: &str, place: Place) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.insert(id.to_owned(), place);
    }

    /// Returns its path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the folder of an instance. Returns `None` when it was never started.
    pub fn instance(&self, id: &str) -> io::Result<Option<InstanceDir>> {
        let name = format!("{INSTANCES}/{id}");
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        match openat(&self.fd, name.as_str(), flags, Mode::empty()) {
            Ok(fd) => InstanceDir::checked(fd, self.path.join(name)).map(Some),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens the folder of an instance, and makes it where there is none.
    pub fn create_instance(&self, id: &str) -> Result<InstanceDir, Failure> {
        let made = || -> io::Result<InstanceDir> {
            if let Some(dir) = self.instance(id)? {
                return Ok(dir);
            }
            make_dir(self.fd.as_fd(), &format!("{INSTANCES}/{id}"))?;
            self.instance(id)?.ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        made().map_err(|error| cannot_use(&self.path.join(INSTANCES).join(id), &error))
    }

    /// Returns the number of folders, where the filesystem counts them: each holds a
    /// link to the directory that it is in. See `inode(7)`.
    pub fn folder_count(&self) -> Option<usize> {
        let stat = nix::sys::stat::fstatat(&self.fd, INSTANCES, nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW).ok()?;
        let is_dir = stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
        // Its name and its own `.`; some filesystems say 1 and mean nothing by it.
        let folders = usize::try_from(stat.st_nlink).ok()?.checked_sub(2)?;
        is_dir.then_some(folders)
    }

    /// Returns the ids of all instances that have a folder, sorted.
    pub fn instance_ids(&self) -> io::Result<Vec<String>> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let mut dir = match nix::dir::Dir::openat(&self.fd, INSTANCES, flags, Mode::empty()) {
            Ok(dir) => dir,
            Err(Errno::ENOENT) => return Ok(Vec::new()),
            Err(errno) => return Err(errno.into()),
        };
        let mut ids = Vec::new();
        for entry in dir.iter() {
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str()
                && crate::inventory::is_valid_id(name)
            {
                ids.push(name.to_owned());
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Removes a file, if there is one.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        folder::remove(&self.fd, name)
    }
}

impl AsFd for StateDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn cannot_use(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::failed(format!("state directory {}: {error}", path.display()));
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM | libc::EROFS) => {
            failure.hint("give a place you may write to with --state-dir or GAMECTL_STATE_DIR")
        }
        Some(libc::ENOSPC | libc::EDQUOT) => failure.hint("free some space; nothing was started"),
        Some(libc::ENOTDIR) => failure.hint("something else has that name"),
        _ => failure,
    }
}

pub(super) fn make_dir(parent: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    match nix::sys::stat::mkdirat(parent, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ReadError;
    use crate::store::format::Document;
    use crate::store::record::Durability;
    use std::os::unix::fs::PermissionsExt;

    fn state() -> (tempfile::TempDir, StateDir) {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::create(&dir.path().join("deep/er/state")).unwrap();
        (dir, state)
    }

    #[test]
    fn what_is_missing_is_not_made_by_looking() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        assert!(StateDir::open(&path).unwrap().is_none());
        assert!(!path.exists());
        let state = StateDir::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(state.instance("a").unwrap().is_none());
        state.create_instance("a").unwrap();
        assert_eq!(state.instance_ids().unwrap(), ["a"]);
        assert!(state.folder_count().is_none_or(|count| count == 1));
        state.create_instance("b").unwrap();
        fs::write(state.path().join(INSTANCES).join("a file"), "").unwrap();
        assert!(state.folder_count().is_none_or(|count| count == 2));
    }

    #[test]
    fn a_directory_open_to_others_is_refused_with_the_cure() {
        let (dir, state) = state();
        fs::set_permissions(state.path(), fs::Permissions::from_mode(0o750)).unwrap();
        let failure = StateDir::open(state.path()).unwrap_err();
        assert!(failure.message.contains("open to others (mode 0750)"), "{failure}");
        assert!(failure.hint.unwrap().contains("chmod 700"));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(StateDir::open(&file).unwrap_err().message.contains("Not a directory"));
    }

    #[test]
    fn replacing_never_shows_half_a_file_and_links_are_not_followed() {
        let (dir, state) = state();
        let instance = state.create_instance("a").unwrap();
        let write = |name: &str, text: &str| {
            let document = Document::default().with("x", text);
            instance.write(name, &document, None, Durability::Now).unwrap();
        };
        let read = |name: &str| instance.read(name, |document| document.require::<String>("x"));
        assert_eq!(read("x").unwrap(), None);
        write("x", "one");
        write("x", "two");
        assert_eq!(read("x").unwrap().as_deref(), Some("two"));
        let secret = dir.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        std::os::unix::fs::symlink(&secret, instance.path().join("y")).unwrap();
        assert!(matches!(read("y"), Err(ReadError::Io(..))));
        write("y", "mine");
        assert_eq!(fs::read(&secret).unwrap(), b"secret");
        std::os::unix::fs::symlink(dir.path(), state.path().join("instances/b")).unwrap();
        assert!(state.instance("b").is_err());
    }

    #[test]
    fn places() {
        let none = |_: &str| None;
        let path = locate(Some(Path::new("/x/y")), &none).unwrap();
        assert_eq!(path, Path::new("/x/y"));
        let env = |name: &str| (name == "GAMECTL_STATE_DIR").then(|| "/from/env".into());
        assert_eq!(locate(None, &env).unwrap(), Path::new("/from/env"));
        assert!(locate(Some(Path::new("rel")), &none).unwrap().is_absolute());
    }
}
