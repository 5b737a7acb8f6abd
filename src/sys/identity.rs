//! A process that was identified once: finds out whether it is still there, and
//! sends signals that reach no other one.

use std::io;

use nix::errno::Errno;

use super::pidfd::Pidfd;
use super::procfs::{ProcessId, is_mounted, stat};

/// The fate of a process that was once identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    Alive,
    /// Its process is gone; the pid may belong to a stranger by now.
    Gone,
    /// The look failed for this reason. Nothing may be concluded from it.
    CannotTell(String),
}

pub fn presence(id: ProcessId) -> Presence {
    match stat(id.pid) {
        Ok(stat) if stat.start != id.start => Presence::Gone,
        // `Z` is also shown for a process whose first thread has ended while
        // others go on; only a pidfd knows which it is.
        Ok(stat) if matches!(stat.state, b'Z' | b'X' | b'x') => match Pidfd::open(id.pid) {
            Ok(fd) if fd.has_ended() => Presence::Gone,
            Ok(_) => Presence::Alive,
            // It is reaped by now; and without pidfds a zombie is taken at its
            // word.
            Err(_) => Presence::Gone,
        },
        Ok(_) => Presence::Alive,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if is_mounted() {
                Presence::Gone
            } else {
                Presence::CannotTell("/proc is not mounted".to_owned())
            }
        }
        Err(error) => Presence::CannotTell(format!("/proc/{}/stat: {error}", id.pid)),
    }
}

/// Signals a process only if it is still the one that was identified. Returns
/// whether it was there.
pub fn signal_identified(id: ProcessId, signal: i32) -> io::Result<bool> {
    match Pidfd::open_identified(id) {
        Ok(Some(fd)) => match fd.signal(signal) {
            Ok(()) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
            Err(error) => Err(error),
        },
        Ok(None) => Ok(false),
        // Before Linux 5.3 the window between look and signal stays open.
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => {
            // SAFETY: a system call without pointers.
            let send = || Errno::result(unsafe { libc::kill(id.pid, signal) });
            match (presence(id) == Presence::Alive).then(send) {
                None | Some(Err(Errno::ESRCH)) => Ok(false),
                Some(Err(errno)) => Err(errno.into()),
                Some(Ok(_)) => Ok(true),
            }
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::procfs::{self, identify};
    use crate::sys::reaper::Ending;
    use std::process::{Command, Stdio};

    #[test]
    fn only_the_identified_process_is_signalled() {
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().unwrap();
        let id = identify(child.id() as i32).unwrap();
        let stranger = ProcessId {
            start: id.start + 1,
            ..id
        };
        assert!(!signal_identified(stranger, libc::SIGKILL).unwrap());
        assert_eq!(child.try_wait().unwrap(), None, "a stranger's pid is left alone");
        let held = Pidfd::open(id.pid).unwrap();
        assert!(!held.has_ended());
        assert!(signal_identified(id, libc::SIGKILL).unwrap());
        held.wait();
        child.wait().unwrap();
        assert!(!signal_identified(id, libc::SIGKILL).unwrap());
        if let Some(ending) = held.ending() {
            assert_eq!(ending, Ending::Signal(libc::SIGKILL, false));
        }
    }

    #[test]
    fn presence_of_the_living_the_dead_and_a_stranger() {
        let me = identify(std::process::id() as i32).unwrap();
        assert_eq!(presence(me), Presence::Alive);
        let stranger = ProcessId {
            start: me.start + 1,
            ..me
        };
        assert_eq!(presence(stranger), Presence::Gone);
        let mut child = Command::new("/bin/sh").args(["-c", "exit 3"]).spawn().unwrap();
        let id = identify(child.id() as i32).unwrap();
        let pidfd = Pidfd::open(id.pid).unwrap();
        assert_eq!(procfs::zombie_status(me), None);
        pidfd.wait();
        assert_eq!(presence(id), Presence::Gone, "a zombie is gone");
        assert_eq!(procfs::zombie_status(id), Some(3 << 8));
        let stranger = ProcessId {
            start: id.start + 1,
            ..id
        };
        assert_eq!(procfs::zombie_status(stranger), None);
        child.wait().unwrap();
        assert_eq!(presence(id), Presence::Gone);
    }
}
