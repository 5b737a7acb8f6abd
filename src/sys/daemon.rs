//! Leaving the process that started us: the first steps of a process that is to
//! outlive commands, sessions and terminals. See `daemon(7)`.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::unistd::ForkResult;

/// Makes a session of its own, without a controlling terminal, unless it leads
/// one already; leaves the working directory, so that no filesystem is kept
/// busy.
pub fn leave_session() -> io::Result<()> {
    if nix::unistd::getsid(None)? != nix::unistd::getpid() {
        nix::unistd::setsid()?;
    }
    nix::unistd::chdir("/")?;
    Ok(())
}

/// Forks this process. Returns the child's process id, and `None` in the child.
///
/// To be called while this process has a single thread: the child goes on to
/// allocate memory and must not find a lock held by a thread it lacks.
pub fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the caller's promise of a single thread makes everything sound
    // that the child does.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child.as_raw())),
        ForkResult::Child => Ok(None),
    }
}

/// Takes descriptor 0 away under another number that is closed on exec, closes
/// every other descriptor, and puts `/dev/null` in the place of the three
/// standard streams.
///
/// To be called before anything else is opened.
pub fn take_only_descriptor() -> io::Result<OwnedFd> {
    let kept = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    // The lowest free one above the standard streams, so all others are above
    // it or, when they came open from our parent, below.
    let number = kept.as_raw_fd();
    for fd in 3..number {
        // SAFETY: inherited, and known to nothing in this process.
        unsafe { libc::close(fd) };
    }
    super::child::close_above(number)?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(kept)
}

/// Names this process for `ps` and `top`; cut at 15 bytes by the kernel.
pub fn set_name(name: &str) {
    if let Ok(name) = CString::new(name) {
        let _ = nix::sys::prctl::set_name(&name);
    }
}

/// Sets the file mode creation mask; returns the one before.
pub fn set_umask(mask: u32) -> u32 {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mask)).bits()
}
