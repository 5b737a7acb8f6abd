//! The code that every mode shares: output that never panics, the end of its
//! lifetime, waiting for a gate.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The time between two looks for a file.
const LOOK: Duration = Duration::from_millis(2);

/// The lifetime that the environment gives.
fn seconds() -> u32 {
    let given = std::env::var("AWKWARD_LIFETIME_SECS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// Ends the process by SIGALRM soon after its lifetime, wherever it hangs then.
/// What another mode of ours blocked before it started us is unblocked.
pub(crate) fn limit() {
    let _ = SigSet::all().thread_unblock();
    nix::unistd::alarm::set(seconds().saturating_add(2));
}

/// Prints bytes at once. A closed output is no reason to end.
pub(crate) fn print(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match nix::unistd::write(std::io::stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Prints one line at once, by one write.
pub(crate) fn say(line: &str) {
    print(format!("{line}\n").as_bytes());
}

/// Adds one line to a file, by one write.
pub(crate) fn append(path: &Path, line: &str) -> Result<(), String> {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    file.write_all(format!("{line}\n").as_bytes())
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The reason for the end of a wait.
pub(crate) enum Woken {
    /// One of the signals that are handled arrived.
    Signal(Signal),
    /// The descriptor at this place can be read, or its other end is closed.
    Readable(usize),
    /// The lifetime is over.
    LifetimeOver,
}

/// The signals and the lifetime of this process. Signals are blocked and read
/// from a descriptor: to those who look, the same as a handler.
pub(crate) struct Life {
    signals: SignalFd,
    end: Instant,
}

impl Life {
    /// From now on TERM and INT are handled here, and `also` these.
    pub(crate) fn new(also: &[Signal]) -> Result<Self, String> {
        let mut mask = SigSet::empty();
        for signal in [Signal::SIGTERM, Signal::SIGINT].iter().chain(also) {
            mask.add(*signal);
        }
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&mask), None).map_err(|error| error.to_string())?;
        let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .map_err(|error| error.to_string())?;
        let end = Instant::now() + Duration::from_secs(seconds().into());
        Ok(Self { signals, end })
    }

    /// Waits for a signal, for one of these descriptors, for the end, and, if
    /// given, not longer than `limit`: then the answer is `None`.
    pub(crate) fn wait(&self, descriptors: &[&dyn AsFd], limit: Option<Duration>) -> Option<Woken> {
        loop {
            if let Ok(Some(info)) = self.signals.read_signal() {
                let signal = i32::try_from(info.ssi_signo)
                    .ok()
                    .and_then(|n| Signal::try_from(n).ok());
                if let Some(signal) = signal {
                    return Some(Woken::Signal(signal));
                }
            }
            let left = self.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Woken::LifetimeOver);
            }
            let time = limit.unwrap_or(left).min(left).min(Duration::from_secs(30));
            let timeout = PollTimeout::try_from(time.max(Duration::from_millis(1))).unwrap_or(PollTimeout::MAX);
            let mut polled = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            polled.extend(descriptors.iter().map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN)));
            if poll(&mut polled, timeout).is_err() {
                continue;
            }
            let woken: Vec<bool> = polled.iter().map(|fd| fd.any().unwrap_or(false)).collect();
            if woken[0] {
                continue;
            }
            if let Some(place) = woken[1..].iter().position(|woken| *woken) {
                return Some(Woken::Readable(place));
            }
            if limit.is_some() {
                return None;
            }
        }
    }

    /// Waits until a gate is open. Anything that arrives before goes to `on`;
    /// what it returns ends the wait.
    pub(crate) fn wait_for_gate<T>(&self, gate: &Path, mut on: impl FnMut(Woken) -> Option<T>) -> Option<T> {
        loop {
            if let Ok(found) = fs::metadata(gate) {
                if !found.file_type().is_fifo() {
                    return None;
                }
                let fifo = OpenOptions::new()
                    .read(true)
                    .custom_flags(OFlag::O_NONBLOCK.bits())
                    .open(gate)
                    .ok()?;
                match self.wait(&[&fifo], None)? {
                    Woken::Readable(_) => return None,
                    other => {
                        if let Some(answer) = on(other) {
                            return Some(answer);
                        }
                    }
                }
            }
            if let Some(woken) = self.wait(&[], Some(LOOK))
                && let Some(answer) = on(woken)
            {
                return Some(answer);
            }
        }
    }
}
