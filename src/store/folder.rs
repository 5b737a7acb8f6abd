//! The folder of one instance: opened once, then everything happens relative
//! to its descriptor, so that no later rename or link can redirect it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat, fstatat};
use nix::unistd::UnlinkatFlags;

use crate::sys::host;

/// The size in bytes above which a file is not one of ours.
const FILE_MAX: u64 = 256 * 1024;

/// The reason for which a file that is there could not be read.
#[derive(Debug)]
pub enum ReadError {
    Io(PathBuf, io::Error),
    Damaged(PathBuf, String),
    /// A newer gamectl wrote it, in this version of the format.
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
    /// Fails when it is not a directory, or belongs to another user.
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

    /// Returns its path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the variable, as `NAME=value`, in the environment of every process
    /// of this instance, whatever launch it belongs to. No other folder of this
    /// host has the same.
    pub fn tree_tag(&self) -> io::Result<String> {
        let stat = fstat(&self.fd)?;
        Ok(format!("GAMECTL_TREE={:x}-{:x}", stat.st_dev, stat.st_ino))
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// Fails when it is there and cannot be read, or is not a small plain file.
    pub(super) fn read_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let failed = |error: io::Error| ReadError::Io(self.path.join(name), error);
        let Some(file) = self.open_read(name).map_err(failed)? else {
            return Ok(None);
        };
        // More than a block, so that one call reads it.
        let mut bytes = Vec::with_capacity(8192);
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

    /// Makes a new empty file, in place of what is left of an older attempt.
    pub(super) fn create_file(&self, name: &str) -> io::Result<File> {
        self.remove(name)?;
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let fd = openat(&self.fd, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(File::from(fd))
    }

    /// Opens a file for reading and appending, and makes it where there is
    /// none.
    ///
    /// # Errors
    /// Fails when it cannot be opened, or is not a plain file.
    pub fn open_append(&self, name: &str) -> io::Result<File> {
        self.open_plain(name, OFlag::O_APPEND)
    }

    /// Opens a file for reading and writing anywhere in it, and makes it where
    /// there is none.
    ///
    /// # Errors
    /// Fails when it cannot be opened, or is not a plain file.
    pub(super) fn open_in_place(&self, name: &str) -> io::Result<File> {
        self.open_plain(name, OFlag::empty())
    }

    fn open_plain(&self, name: &str, how: OFlag) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | how;
        let fd = openat(&self.fd, name, flags | OFlag::O_NONBLOCK, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let file = File::from(fd);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(format!("{name} is not a plain file")));
        }
        Ok(file)
    }

    /// Opens a file for reading; `None` when there is none.
    pub fn open_read(&self, name: &str) -> io::Result<Option<File>> {
        open_read(&self.fd, name)
    }

    /// Gives a file another name, replacing what has that name. It is durable
    /// after [`InstanceDir::sync`].
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        nix::fcntl::renameat(&self.fd, from, &self.fd, to)?;
        Ok(())
    }

    /// Swaps the names of two files. Where one of them is missing or the
    /// filesystem cannot swap, `from` just replaces `to`. It is durable after
    /// [`InstanceDir::sync`].
    pub(super) fn swap(&self, from: &str, to: &str) -> io::Result<()> {
        let flags = nix::fcntl::RenameFlags::RENAME_EXCHANGE;
        if nix::fcntl::renameat2(&self.fd, from, &self.fd, to, flags).is_ok() {
            return Ok(());
        }
        self.rename(from, to)
    }

    /// Makes the names in this directory durable.
    pub fn sync(&self) -> io::Result<()> {
        nix::unistd::fsync(&self.fd)?;
        Ok(())
    }

    /// Removes a file, if there is one.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        remove(&self.fd, name)
    }

    /// Makes a FIFO anew, so that no process that holds an old one of that name can
    /// write into it.
    pub fn make_fifo(&self, name: &str) -> io::Result<()> {
        self.remove(name)?;
        nix::unistd::mkfifoat(&self.fd, name, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(())
    }

    /// Returns true when the folder was removed: no file can be made there.
    pub fn is_removed(&self) -> bool {
        fstat(&self.fd).is_ok_and(|stat| stat.st_nlink == 0)
    }

    /// Returns true when an open file still has this name.
    pub(super) fn is_still(&self, name: &str, file: &File) -> bool {
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

/// The infix between the name of a file that is being written and the pid of its
/// writer.
const NEW: &str = ".new-";

/// Removes a file of a directory, if there is one.
pub(super) fn remove(dir: impl AsFd, name: &str) -> io::Result<()> {
    match nix::unistd::unlinkat(dir, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Opens a file for reading, by its path below a folder; `None` when there is none.
pub(super) fn open_read(folder: impl AsFd, path: &str) -> io::Result<Option<File>> {
    // Without O_NONBLOCK the open of a FIFO put in its place would wait.
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    match openat(folder, path, flags, Mode::empty()) {
        Ok(fd) => Ok(Some(File::from(fd))),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Returns the name under which a file is written before it takes its own. It holds
/// our pid, because two processes may replace the same file at once. Where its
/// writer is killed before that, [`InstanceDir::remove_stale_files`] removes it.
pub fn temporary(name: &str) -> String {
    format!("{name}{NEW}{}", std::process::id())
}

/// Returns the pid in a temporary name.
pub(super) fn writer_of(name: &str) -> Option<i32> {
    let (_, digits) = name.rsplit_once(NEW)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|pid| is_number && *pid > 0)
}
