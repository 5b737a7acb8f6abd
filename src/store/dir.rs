//! The directories themselves: opened once, then everything happens relative
//! to their descriptors, so that no later rename or link can redirect it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat, fstatat};
use nix::unistd::UnlinkatFlags;

use super::format::ParseError;
use crate::failure::Failure;
use crate::sys::host;

/// Our files hold little; what is larger than this is not ours.
const FILE_MAX: u64 = 256 * 1024;

const INSTANCES: &str = "instances";

/// Why a file of the store could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// It is there, and the system would not let us read it.
    Io(PathBuf, io::Error),
    /// It is there, and it is damaged.
    Damaged(PathBuf, String),
    /// A newer gamectl wrote it.
    Future(PathBuf, u32),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Damaged(path, why) => write!(f, "{} is damaged: {why}", path.display()),
            Self::Future(path, version) => {
                write!(
                    f,
                    "{} was written by a newer gamectl (format {version})",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    pub(super) fn from_parse(path: PathBuf, error: &ParseError) -> Self {
        match error {
            ParseError::Damaged(why) => Self::Damaged(path, (*why).to_owned()),
            ParseError::Future(version) => Self::Future(path, *version),
        }
    }
}

/// The state directory, opened and found to be ours alone.
#[derive(Debug)]
pub struct StateDir {
    fd: OwnedFd,
    path: PathBuf,
}

/// Where the state directory is: `--state-dir`, else `$GAMECTL_STATE_DIR`, else
/// `/var/lib/gamectl` for root, else `$XDG_STATE_HOME/gamectl`, else
/// `~/.local/state/gamectl`. Never below `XDG_RUNTIME_DIR`, which vanishes at
/// logout.
///
/// # Errors
/// When none of these can be told.
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
    /// Opens the state directory. `None` when there is none, which means that
    /// nothing was ever started.
    ///
    /// # Errors
    /// When it cannot be opened, belongs to somebody else, or others may enter.
    pub fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        match nix::fcntl::open(path, flags, Mode::empty()) {
            Ok(fd) => {
                let dir = Self {
                    fd,
                    path: path.to_path_buf(),
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
    /// As [`StateDir::open`], and when it cannot be made.
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

    /// Takes over a descriptor of the directory, as the shim gets it from its
    /// starter, who has checked it.
    pub fn received(fd: OwnedFd) -> Self {
        Self {
            fd,
            path: PathBuf::from("."),
        }
    }

    /// Its path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the folder of an instance. `None` when it was never started.
    ///
    /// # Errors
    /// When it is there and cannot be used.
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
    ///
    /// # Errors
    /// When it cannot be made or used.
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

    /// The ids of all instances that have a folder, sorted.
    ///
    /// # Errors
    /// When the directory cannot be read.
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

fn make_dir(parent: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    match nix::sys::stat::mkdirat(parent, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// The folder of one instance.
#[derive(Debug)]
pub struct InstanceDir {
    fd: OwnedFd,
    path: PathBuf,
}

impl InstanceDir {
    /// Takes over a descriptor of the folder, as the shim gets it from its
    /// starter. The path is for messages only.
    ///
    /// # Errors
    /// When it is not a directory of ours.
    pub fn checked(fd: OwnedFd, path: PathBuf) -> io::Result<Self> {
        let stat = fstat(&fd)?;
        if SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) != SFlag::S_IFDIR {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if stat.st_uid != host::effective_uid() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("it belongs to uid {}", stat.st_uid),
            ));
        }
        Ok(Self { fd, path })
    }

    /// Its path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What marks the environment of every process of this instance, whatever
    /// launch it belongs to: a `NAME=value` entry that no other folder of this
    /// host gives.
    ///
    /// # Errors
    /// What `fstat(2)` said.
    pub fn mark(&self) -> io::Result<String> {
        let stat = fstat(&self.fd)?;
        Ok(format!("GAMECTL_TREE={:x}-{:x}", stat.st_dev, stat.st_ino))
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is not a small plain file.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let failed = |error: io::Error| ReadError::Io(self.path.join(name), error);
        // Without O_NONBLOCK the open of a FIFO put in its place would wait.
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let file = match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(failed(errno.into())),
        };
        let mut bytes = Vec::with_capacity(1024);
        let read = (&file).take(FILE_MAX + 1).read_to_end(&mut bytes);
        read.map_err(failed)?;
        if bytes.len() as u64 > FILE_MAX {
            return Err(ReadError::Damaged(
                self.path.join(name),
                "it is far too large".to_owned(),
            ));
        }
        Ok(Some(bytes))
    }

    /// Replaces a file atomically and durably: whoever reads it, also after a
    /// power cut, finds the old or the new one.
    ///
    /// # Errors
    /// When it could not be written; the old one is then still there.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = temporary(name);
        let written = self.write_new(&new, bytes).and_then(|()| self.rename(&new, name));
        if written.is_err() {
            let _ = self.remove(&new);
        }
        written
    }

    /// As [`InstanceDir::replace`], but for a power cut shortly afterwards: it
    /// may bring the old file back, whole. For what means nothing after a
    /// boot.
    ///
    /// # Errors
    /// When it could not be written; the old one is then still there.
    pub fn replace_for_this_boot(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = temporary(name);
        let written = self
            .write_new(&new, bytes)
            .and_then(|()| self.rename_unsynced(&new, name));
        if written.is_err() {
            let _ = self.remove(&new);
        }
        written
    }

    /// Gives a file another name, replacing what has that name. It is durable
    /// after [`InstanceDir::sync`].
    ///
    /// # Errors
    /// What `renameat(2)` said.
    pub fn rename_unsynced(&self, from: &str, to: &str) -> io::Result<()> {
        nix::fcntl::renameat(&self.fd, from, &self.fd, to)?;
        Ok(())
    }

    fn write_new(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.create_file(name)?;
        file.write_all(bytes)?;
        nix::unistd::fdatasync(&file)?;
        Ok(())
    }

    /// Makes a new empty file, in place of what is left of an older attempt.
    ///
    /// # Errors
    /// What `openat(2)` said.
    pub fn create_file(&self, name: &str) -> io::Result<File> {
        self.remove(name)?;
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let fd = openat(&self.fd, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(File::from(fd))
    }

    /// Opens a file for reading and appending, and makes it where there is
    /// none.
    ///
    /// # Errors
    /// What `openat(2)` said.
    pub fn open_append(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_APPEND | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let fd = openat(&self.fd, name, flags | OFlag::O_NONBLOCK, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let file = File::from(fd);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(format!("{name} is not a plain file")));
        }
        Ok(file)
    }

    /// Opens a file for reading; `None` when there is none.
    ///
    /// # Errors
    /// What `openat(2)` said.
    pub fn open_read(&self, name: &str) -> io::Result<Option<File>> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(File::from(fd))),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Gives a file another name, replacing what has that name, durably.
    ///
    /// # Errors
    /// What `renameat(2)` said.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename_unsynced(from, to)?;
        self.sync()
    }

    /// Swaps the names of two files, durably. Where one of them is missing or
    /// the filesystem cannot swap, `from` just replaces `to`.
    ///
    /// # Errors
    /// What `renameat(2)` said.
    pub fn swap(&self, from: &str, to: &str) -> io::Result<()> {
        let flags = nix::fcntl::RenameFlags::RENAME_EXCHANGE;
        if nix::fcntl::renameat2(&self.fd, from, &self.fd, to, flags).is_ok() {
            return self.sync();
        }
        self.rename(from, to)
    }

    /// Makes the names in this directory durable.
    ///
    /// # Errors
    /// What `fsync(2)` said.
    pub fn sync(&self) -> io::Result<()> {
        nix::unistd::fsync(&self.fd)?;
        Ok(())
    }

    /// Removes a file, if there is one.
    ///
    /// # Errors
    /// What `unlinkat(2)` said.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match nix::unistd::unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes a FIFO anew, so that nobody who holds an old one of that name can
    /// write into it.
    ///
    /// # Errors
    /// What `mkfifoat(3)` said.
    pub fn make_fifo(&self, name: &str) -> io::Result<()> {
        self.remove(name)?;
        nix::unistd::mkfifoat(&self.fd, name, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(())
    }

    /// Puts a damaged file out of the way, where a person can look at it.
    /// Returns its new name.
    ///
    /// # Errors
    /// What `renameat(2)` said.
    pub fn set_aside(&self, name: &str) -> io::Result<String> {
        let aside = format!("{name}.damaged-{}", crate::sys::clock::wall_ms());
        self.rename(name, &aside)?;
        Ok(aside)
    }

    /// Whether an open file is still the one that has this name.
    pub fn is_still(&self, name: &str, file: &File) -> bool {
        let Ok(open) = file.metadata() else { return false };
        fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)
            .is_ok_and(|named| (named.st_dev, named.st_ino) == (open.dev(), open.ino()))
    }
}

impl AsFd for InstanceDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The name under which a file is written before it takes its own. It holds
/// our pid, because two processes may replace the same file at once.
pub(super) fn temporary(name: &str) -> String {
    format!("{name}.new-{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(instance.read("x").unwrap(), None);
        instance.replace("x", b"one").unwrap();
        instance.replace("x", b"two").unwrap();
        assert_eq!(instance.read("x").unwrap().unwrap(), b"two");
        let secret = dir.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        std::os::unix::fs::symlink(&secret, instance.path().join("y")).unwrap();
        assert!(matches!(instance.read("y"), Err(ReadError::Io(..))));
        instance.replace("y", b"mine").unwrap();
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
