//! The shim's socket, with its clients.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::sys::signal::Signal;

use super::event_source;
use super::wire::{Report, Request};
use crate::store::InstanceDir;
use crate::store::folder::temporary;
use crate::sys::{clock, host, socket};

/// The socket's name in the instance's folder.
pub(super) const NAME: &str = "ctl";

/// The signal for a shim to listen anew, because its socket was removed. A shim that
/// does not know it has it blocked.
pub(super) const LISTEN_AGAIN: Signal = Signal::SIGUSR1;

/// The most connections at a time. When another comes, the oldest that has not
/// subscribed makes room, so that an idle one cannot keep a stop out. When all have
/// subscribed, the new one waits.
const CLIENTS_MAX: usize = 32;

/// The fewest connections, however few descriptors are allowed.
const CLIENTS_MIN: usize = 4;

/// The descriptors for the shim itself: those that it holds, and those that it
/// takes to find a tree and to signal it.
const OWN: u64 = 20;

/// The pause after a connection for which no descriptor was left, in
/// milliseconds.
const PAUSE_MS: u64 = 100;

#[derive(Debug)]
struct Client {
    fd: OwnedFd,
    subscribed: bool,
}

/// A request, and the client to answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: Result<Request, String>,
    /// Its descriptor. Its place would not do: others may be dropped before it
    /// is answered.
    client: RawFd,
}

impl Asked {
    fn is_of(&self, client: &Client) -> bool {
        self.client == client.fd.as_raw_fd()
    }
}

/// The listening socket with its connections.
#[derive(Debug)]
pub(super) struct Server {
    listener: OwnedFd,
    clients: Vec<Client>,
    clients_max: usize,
    paused_until: u64,
    /// True while no client is listened to.
    deaf: bool,
}

impl Server {
    /// Listens, in place of an earlier shim.
    ///
    /// # Errors
    /// What `bind(2)` and `rename(2)` said.
    pub(super) fn open(dir: &InstanceDir) -> io::Result<Self> {
        // Under another name first: a client that finds `ctl` finds a socket that
        // listens.
        let new = temporary(NAME);
        dir.remove(&new)?;
        let listener = match socket::listen(dir.as_fd(), &new) {
            // What a dead shim has left makes room for one that lives.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT)) => {
                dir.remove(NAME)?;
                socket::listen(dir.as_fd(), &new)?
            }
            listening => listening?,
        };
        nix::fcntl::renameat(dir.as_fd(), new.as_str(), dir.as_fd(), NAME)?;
        Ok(Self {
            listener,
            clients: Vec::new(),
            clients_max: clients_max(host::open_files_limit().ok()),
            paused_until: 0,
            deaf: false,
        })
    }

    /// Returns the descriptors to wait on: the clients, and the listener unless it
    /// is paused.
    pub(super) fn wanted(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let accepts = self.has_room() && self.paused_until == 0;
        let listener = accepts.then(|| self.listener.as_fd());
        let clients = self.clients.iter().filter(|_| !self.deaf);
        clients.map(|client| client.fd.as_fd()).chain(listener)
    }

    /// Returns the time at which to come back without a request, on the monotonic
    /// clock.
    pub(super) fn deadline(&self) -> Option<u64> {
        (self.paused_until > 0).then_some(self.paused_until)
    }

    /// Listens to no client for a moment: there is no memory to listen with.
    pub(super) fn pause(&mut self) {
        self.deaf = true;
        self.paused_until = clock::monotonic_ms() + PAUSE_MS;
    }

    /// Accepts new connections, and returns the next request; `None` when there is
    /// none.
    pub(super) fn next(&mut self, buffer: &mut [u8]) -> Option<Asked> {
        self.deaf = false;
        self.accept();
        let mut client = 0;
        while let Some(from) = self.clients.get_mut(client) {
            match socket::receive(&from.fd, buffer) {
                Ok(Some(n @ 1..)) => {
                    let message = buffer.get(..n).unwrap_or_default();
                    let request = Request::from_message(message).map_err(|error| error.to_string());
                    from.subscribed |= request == Ok(Request::Subscribe);
                    return Some(Asked {
                        request,
                        client: from.fd.as_raw_fd(),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => client += 1,
                Ok(_) | Err(_) => {
                    self.clients.remove(client);
                }
            }
        }
        None
    }

    fn has_room(&self) -> bool {
        self.clients.len() < self.clients_max || self.clients.iter().any(|client| !client.subscribed)
    }

    fn accept(&mut self) {
        let now = clock::monotonic_ms();
        if now < self.paused_until {
            return;
        }
        self.paused_until = 0;
        while self.has_room() {
            match socket::accept(&self.listener) {
                Ok(Some(fd)) => {
                    if self.clients.len() >= self.clients_max
                        && let Some(idle) = self.clients.iter().position(|client| !client.subscribed)
                    {
                        self.clients.remove(idle);
                    }
                    // The directory is closed to others already; this is the
                    // second lock on the same door.
                    let allowed = [0, host::effective_uid()];
                    let peer = socket::peer(&fd).ok().filter(|peer| allowed.contains(&peer.uid));
                    self.clients.extend(peer.map(|_| Client { fd, subscribed: false }));
                }
                Ok(None) => return,
                // A soft limit that was lowered from outside is raised, once.
                Err(error)
                    if error.raw_os_error() == Some(libc::EMFILE) && event_source::raise_open_files().is_some() => {}
                Err(_) => {
                    self.paused_until = now + PAUSE_MS;
                    return;
                }
            }
        }
    }

    /// Answers a request. A client that takes no answer is dropped.
    pub(super) fn answer(&mut self, asked: &Asked, report: &Report) {
        let message = report.to_message();
        self.clients
            .retain(|client| !asked.is_of(client) || socket::send(&client.fd, message.as_bytes()).is_ok());
    }

    /// Reports to all subscribers. One that does not read is dropped: it can come
    /// back and ask.
    pub(super) fn notify(&mut self, report: &Report) {
        if !self.clients.iter().any(|client| client.subscribed) {
            return;
        }
        let message = report.to_message();
        self.clients
            .retain(|client| !client.subscribed || socket::send(&client.fd, message.as_bytes()).is_ok());
    }

    /// Listens on a new socket; earlier connections stay. Where none can be made,
    /// all stays as it was.
    pub(super) fn listen_again(&mut self, dir: &InstanceDir) {
        if let Ok(new) = Self::open(dir) {
            self.listener = new.listener;
        }
    }

    /// Takes the socket's name away.
    pub(super) fn close(&self, dir: &InstanceDir) {
        let _ = dir.remove(NAME);
    }
}

/// Returns the most connections under this soft limit of open files.
fn clients_max(limit: Option<(u64, u64)>) -> usize {
    let left = limit.map_or(u64::MAX, |(soft, _)| soft.saturating_sub(OWN));
    usize::try_from(left)
        .unwrap_or(usize::MAX)
        .clamp(CLIENTS_MIN, CLIENTS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StateDir;

    #[test]
    fn connections_leave_descriptors_for_the_shim() {
        for (soft, max) in [(1024, 32), (52, 32), (30, 10), (21, 4), (0, 4)] {
            assert_eq!(clients_max(Some((soft, 4096))), max, "{soft}");
        }
        assert_eq!(clients_max(None), 32);
    }
    use crate::store::status_table::Phase;
    use crate::sys::procfs::ProcessId;

    #[test]
    fn a_request_is_answered_also_when_other_clients_are_dropped_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::create(&folder.path().join("state")).unwrap();
        let dir = state.create_instance("a").unwrap();
        let mut server = Server::open(&dir).unwrap();
        let mut buffer = [0; 1024];
        let connect = |request: Request| {
            let fd = socket::connect(dir.as_fd(), NAME).unwrap();
            socket::send(&fd, request.to_message().as_bytes()).unwrap();
            fd
        };
        let gone = connect(Request::Subscribe);
        assert_eq!(server.next(&mut buffer).unwrap().request, Ok(Request::Subscribe));
        let asker = connect(Request::Status);
        let asked = server.next(&mut buffer).unwrap();
        drop(gone);
        let report = Report {
            phase: Phase::Alive,
            generation: 7,
            main: ProcessId { pid: 5, start: 6 },
            ready: None,
            step: String::new(),
            step_elapsed_ms: 0,
            step_limit_ms: 0,
            offered: None,
            refusal: String::new(),
            note: String::new(),
        };
        server.notify(&report);
        server.answer(&asked, &report);
        let n = socket::receive(&asker, &mut buffer).unwrap().unwrap();
        assert_eq!(Report::from_message(&buffer[..n]).unwrap(), report);
    }
}
