//! Children and how they end: subreaping and `waitpid(2)`.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Code(i32),
    /// An end by this signal; true when it dumped core.
    Signal(i32, bool),
}

impl Ending {
    pub fn from_wait_status(status: i32) -> Self {
        if libc::WIFSIGNALED(status) {
            Self::Signal(libc::WTERMSIG(status), libc::WCOREDUMP(status))
        } else {
            Self::Code(libc::WEXITSTATUS(status))
        }
    }
}

/// The name of a signal, also of a real-time one: `SIGKILL`, `SIGRTMIN+3`.
pub fn signal_name(signal: i32) -> String {
    match Signal::try_from(signal) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) if signal >= libc::SIGRTMIN() && signal <= libc::SIGRTMAX() => {
            format!("SIGRTMIN+{}", signal - libc::SIGRTMIN())
        }
        Err(_) => format!("signal {signal}"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaped {
    pub pid: i32,
    pub ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reap {
    Child(Reaped),
    /// There are children, and none has ended.
    NoneEnded,
    /// There are no children: for a subreaper this proves that its whole tree
    /// is gone.
    NoChildren,
}

/// Reaps one ended child, without waiting.
pub fn reap() -> Reap {
    loop {
        let mut status = 0;
        // SAFETY: `status` is valid for writing for the duration of the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        match pid {
            0 => return Reap::NoneEnded,
            pid if pid > 0 => {
                return Reap::Child(Reaped {
                    pid,
                    ending: Ending::from_wait_status(status),
                });
            }
            _ if Errno::last() == Errno::EINTR => {}
            _ => return Reap::NoChildren,
        }
    }
}

/// Makes this process the reaper of its descendants: a process whose parent
/// ends becomes our child instead of init's. See `prctl(2)`,
/// `PR_SET_CHILD_SUBREAPER`.
pub fn become_subreaper() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true)?;
    Ok(())
}

/// Kills a child of this process that has not been reaped yet, and waits
/// until it is gone.
pub fn kill_and_reap(child: i32) {
    let child = Pid::from_raw(child);
    let _ = nix::sys::signal::kill(child, Signal::SIGKILL);
    while nix::sys::wait::waitpid(child, None) == Err(Errno::EINTR) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_statuses() {
        assert_eq!(Ending::from_wait_status(0), Ending::Code(0));
        assert_eq!(Ending::from_wait_status(3 << 8), Ending::Code(3));
        assert_eq!(Ending::from_wait_status(255 << 8), Ending::Code(255));
        assert_eq!(Ending::from_wait_status(9), Ending::Signal(9, false));
        assert_eq!(Ending::from_wait_status(11 | 0x80), Ending::Signal(11, true));
    }

    #[test]
    fn signal_names() {
        assert_eq!(signal_name(9), "SIGKILL");
        assert_eq!(signal_name(libc::SIGRTMIN() + 3), "SIGRTMIN+3");
        assert_eq!(signal_name(0), "signal 0");
    }
}
