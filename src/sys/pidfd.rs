//! Process file descriptors: the one way to signal a process that cannot hit a
//! stranger who got its pid. See `pidfd_open(2)`, `pidfd_send_signal(2)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::procfs::{self, ProcessId};
use super::reaper::Ending;

/// A descriptor that stands for one process for ever.
#[derive(Debug)]
pub struct Pidfd(OwnedFd);

impl Pidfd {
    /// Opens the process that has this pid now.
    ///
    /// # Errors
    /// `ESRCH` when there is none, `ENOSYS` before Linux 5.3, `EMFILE`.
    pub fn open(pid: i32) -> io::Result<Self> {
        let pid = Pid::from_raw(pid).ok_or(Errno::SRCH)?;
        Ok(Self(pidfd_open(pid, PidfdFlags::empty())?))
    }

    /// Opens an identified process, or nothing when it is gone: the identity
    /// is checked after the descriptor is held, when it can no longer change.
    pub fn open_identified(id: ProcessId) -> io::Result<Option<Self>> {
        let fd = match Self::open(id.pid) {
            Ok(fd) => fd,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
            Err(error) => return Err(error),
        };
        match procfs::stat(id.pid) {
            Ok(stat) if stat.start == id.start => Ok(Some(fd)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound && procfs::is_mounted() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// `ESRCH` when the process was reaped, `EPERM` when it is not ours.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        // SAFETY: a null `siginfo` is allowed and means the default one.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.0.as_raw_fd(),
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        nix::errno::Errno::result(result)?;
        Ok(())
    }

    /// Returns true when the process has ended; it may still be a zombie.
    pub fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|n| n > 0)
    }

    /// Returns true when the process has ended and its parent has reaped it.
    pub fn is_reaped(&self) -> bool {
        matches!(self.signal(0), Err(error) if error.raw_os_error() == Some(libc::ESRCH))
    }

    pub fn wait(&self) {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        while poll(&mut fds, PollTimeout::NONE) == Err(nix::errno::Errno::EINTR) {}
    }

    /// Returns how the process ended, when the kernel still knows: Linux 6.15 and
    /// later keep it for a holder of the descriptor at that time, once the
    /// parent has reaped the process. See `PIDFD_GET_INFO` in `linux/pidfd.h`.
    pub fn ending(&self) -> Option<Ending> {
        let info = self.info().ok()?;
        (info.mask & PIDFD_INFO_EXIT != 0).then(|| Ending::from_wait_status(info.exit_code))
    }

    /// Returns false where the kernel tells nothing by a descriptor: before Linux 6.13,
    /// and where a filter of system calls refuses it.
    pub fn tells_more(&self) -> bool {
        !matches!(
            self.info(),
            Err(Errno::NOTTY | Errno::INVAL | Errno::PERM | Errno::NOSYS | Errno::ACCESS)
        )
    }

    fn info(&self) -> Result<PidfdInfo, Errno> {
        let mut info = PidfdInfo {
            mask: PIDFD_INFO_EXIT,
            ..PidfdInfo::default()
        };
        // SAFETY: the kernel writes at most as many bytes as the request says
        // the structure has.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), PIDFD_GET_INFO, &mut info) };
        match result {
            0 => Ok(info),
            _ => Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::NOTTY)),
        }
    }
}

const PIDFD_INFO_EXIT: u64 = 1 << 3;

/// `_IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info)`.
const PIDFD_GET_INFO: libc::Ioctl = (3 << 30) | ((size_of::<PidfdInfo>() as libc::Ioctl) << 16) | (0xff << 8) | 11;

/// `struct pidfd_info`, its first published size, with the exit code.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroupid: u64,
    pid: u32,
    tgid: u32,
    ppid: u32,
    ruid: u32,
    rgid: u32,
    euid: u32,
    egid: u32,
    suid: u32,
    sgid: u32,
    fsuid: u32,
    fsgid: u32,
    exit_code: i32,
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
