//! Reading of small files that somebody may have replaced: by a FIFO that nobody
//! writes to, by a device without an end, by a file on a server that is gone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use nix::fcntl::{self, FcntlArg, OFlag};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::statfs::{self, FsType};
use tokio::sync::oneshot;

/// The longest wait for a file.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The size of most files, in bytes.
const USUAL: usize = 4096;

/// The file system of pipes without a name; see statfs(2).
const PIPES: FsType = FsType(0x5049_5045);

/// Opens a file for reading without a wait for who writes to a FIFO.
fn open_at_once(path: &Path) -> io::Result<File> {
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Opens a file, if it is a plain one.
///
/// # Errors
/// Also when it is anything but a plain file.
pub fn open(path: &Path) -> io::Result<File> {
    let file = open_at_once(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !meta.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    Ok(file)
}

fn read_now(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let bytes = read_limited(open(path)?, max)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::other(format!("it is larger than {} KiB", max / 1024)));
    }
    Ok(bytes)
}

fn late() -> io::Error {
    let seconds = DEADLINE.as_secs();
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("it could not be read within {seconds} s"),
    )
}

/// Calls `work` on a thread of its own, and waits at most [`DEADLINE`] for it.
/// A thread that the kernel holds longer is left behind. Where no thread can be
/// made, it is called on this one.
///
/// # Errors
/// Those of `work`, and the deadline.
pub fn within_deadline<T, Work>(work: Work) -> io::Result<T>
where
    T: Send + 'static,
    Work: FnOnce() -> io::Result<T> + Clone + Send + 'static,
{
    let (sender, receiver) = mpsc::sync_channel(1);
    let there = work.clone();
    if std::thread::Builder::new().spawn(move || sender.send(there())).is_err() {
        return work();
    }
    receiver.recv_timeout(DEADLINE).unwrap_or_else(|_| Err(late()))
}

/// Reads what a person named, or what a shell makes of `<(...)`. Returns at most
/// one byte more than `max`. The writer of a FIFO may take as long as [`DEADLINE`]
/// to begin; a pipe may take any time. A file system that does not answer holds up
/// this thread: a caller that supervises calls it on another one.
///
/// # Errors
/// When it cannot be read, or nobody has written to a FIFO.
pub fn read_named(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let file = open_at_once(path)?;
    let meta = file.metadata()?;
    // A FIFO with a name may never have a writer. Who named a pipe or a device
    // feeds it, too.
    if meta.file_type().is_fifo() && statfs::fstatfs(&file)?.filesystem_type() != PIPES {
        let limit = PollTimeout::try_from(DEADLINE).unwrap_or(PollTimeout::MAX);
        let mut waits = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
        if poll(&mut waits, limit)? == 0 {
            let seconds = DEADLINE.as_secs();
            let message = format!("it is a FIFO, and nobody has written to it within {seconds} s");
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
    }
    if !meta.is_file() {
        fcntl::fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
    }
    read_limited(file, max)
}

/// Reads one byte more than is allowed, to tell.
fn read_limited(from: impl Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL);
    from.take(max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a plain file of at most `max` bytes, off this thread.
///
/// # Errors
/// Also when it is no plain file, is larger, or takes longer than [`DEADLINE`].
///
/// # Cancel safety
/// Safe.
pub async fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    off_thread(move || read_now(&path, max)).await
}

/// Calls `work` as [`within_deadline`] does, and meanwhile leaves this thread to others.
///
/// # Errors
/// Those of `work`, and the deadline.
///
/// # Cancel safety
/// Safe; `work` goes on.
pub async fn off_thread<T, Work>(work: Work) -> io::Result<T>
where
    T: Send + 'static,
    Work: FnOnce() -> io::Result<T> + Clone + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let there = work.clone();
    if std::thread::Builder::new().spawn(move || sender.send(there())).is_err() {
        return work();
    }
    match tokio::time::timeout(DEADLINE, receiver).await {
        Ok(Ok(read)) => read,
        Ok(Err(_)) | Err(_) => Err(late()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_small_plain_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let (fifo, file) = (folder.path().join("fifo"), folder.path().join("file"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::fs::write(&file, vec![b'x'; 2048]).unwrap();
        for (path, max, wanted) in [
            (&*file, 2048, Ok(2048)),
            (&*file, 1024, Err("it is larger than 1 KiB")),
            (&*fifo, 1024, Err("it is not a plain file")),
            (Path::new("/dev/zero"), 1024, Err("it is not a plain file")),
        ] {
            let found = read(path, max)
                .await
                .map(|bytes| bytes.len())
                .map_err(|error| error.to_string());
            assert_eq!(found, wanted.map_err(str::to_owned), "{path:?}");
        }
        let kind = |path: &Path| open(path).unwrap_err().kind();
        assert_eq!(kind(folder.path()), io::ErrorKind::IsADirectory);
        assert_eq!(kind(&folder.path().join("none")), io::ErrorKind::NotFound);
    }
}
