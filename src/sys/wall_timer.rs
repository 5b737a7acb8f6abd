//! A timer on the wall clock. See `timerfd_create(2)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

struct RawTimer(TimerFd);

impl AsRawFd for RawTimer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// A timer that counts the time while the machine is suspended, too, and that is over at
/// once when somebody sets the clock.
pub struct WallTimer(AsyncFd<RawTimer>);

impl WallTimer {
    /// # Errors
    /// Fails where no descriptor is left. To be called in a runtime.
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_REALTIME, flags)?;
        // SAFETY: the descriptor is owned by what is registered, and open as
        // long as that lives.
        let fd = unsafe { AsyncFd::register_with_interest(RawTimer(timer), Interest::READABLE) };
        Ok(Self(fd?))
    }

    /// Waits until the clock shows this time, in seconds since 1970, or was set.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn until(&self, at: i64) -> io::Result<()> {
        // A time of zero would be none at all.
        let at = Expiration::OneShot(TimeSpec::new(at.max(1), 0));
        let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        self.0.get_ref().0.set(at, flags)?;
        loop {
            let mut ready = self.0.readable().await?;
            let mut count = [0; 8];
            match nix::unistd::read(&self.0.get_ref().0, &mut count) {
                Ok(_) | Err(Errno::ECANCELED) => return Ok(()),
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock;

    #[tokio::test]
    async fn it_is_over_when_the_clock_shows_the_time() {
        let timer = WallTimer::new().unwrap();
        let now = clock::wall_seconds();
        timer.until(0).await.unwrap();
        timer.until(now).await.unwrap();
        timer.until(now + 1).await.unwrap();
        assert!(clock::wall_seconds() > now);
        // Set anew while it runs: what it was set for before does not count.
        let later = tokio::time::timeout(std::time::Duration::from_millis(1), timer.until(now + 3600)).await;
        assert!(later.is_err());
        timer.until(now).await.unwrap();
    }
}
