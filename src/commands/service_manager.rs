//! Reports to a service manager, by the protocol of `sd_notify(3)`: datagrams
//! to the socket that `$NOTIFY_SOCKET` names.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::sys::clock;

/// The service manager that started this process; without one, every report
/// goes nowhere.
#[derive(Debug, Default)]
pub(super) struct ServiceManager {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// Finds it by the environment.
    pub(super) fn of(env: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Self {
        let socket = env("NOTIFY_SOCKET").and_then(|name| connect(&name).ok());
        let number = |name: &str| env(name)?.to_str()?.parse::<u64>().ok();
        let ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|_| ours && socket.is_some());
        Self {
            socket,
            // Half of what it waits for, as sd_watchdog_enabled(3) says.
            watchdog: watchdog.map(|usec| Duration::from_micros(usec / 2)),
        }
    }

    /// Returns the interval at which it wants [`ServiceManager::alive`].
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    pub(super) fn ready(&self) {
        self.send("READY=1");
    }

    pub(super) fn reloading(&self) {
        let usec = clock::monotonic_ms().saturating_mul(1000);
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={usec}"));
    }

    pub(super) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Sets the line that `systemctl status` shows.
    pub(super) fn status(&self, text: &str) {
        self.send(&format!("STATUS={}", text.replace('\n', " ")));
    }

    pub(super) fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, text: &str) {
        if let Some((socket, address)) = &self.socket {
            // A manager that is gone or busy is no reason to stop.
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }
}

fn connect(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(name)?,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manager_hears() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let env = |name: &str| match name {
            "NOTIFY_SOCKET" => Some(path.clone().into_os_string()),
            "WATCHDOG_USEC" => Some("3000000".into()),
            _ => None,
        };
        let service = ServiceManager::of(&env);
        assert_eq!(service.watchdog(), Some(Duration::from_millis(1500)));
        service.ready();
        service.status("2 running\nof 3");
        service.reloading();
        service.alive();
        service.stopping();
        let hear = || {
            let mut buffer = [0; 200];
            let n = manager.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..n]).into_owned()
        };
        assert_eq!(hear(), "READY=1");
        assert_eq!(hear(), "STATUS=2 running of 3");
        assert!(hear().starts_with("RELOADING=1\nMONOTONIC_USEC="));
        assert_eq!(hear(), "WATCHDOG=1");
        assert_eq!(hear(), "STOPPING=1");
    }

    #[test]
    fn without_a_manager_nothing_is_said() {
        let nobody = ServiceManager::of(&|_| None);
        nobody.ready();
        assert_eq!(nobody.watchdog(), None);
        let elsewhere = ServiceManager::of(&|name| (name == "NOTIFY_SOCKET").then(|| "relative".into()));
        elsewhere.ready();
    }
}
