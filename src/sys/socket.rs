//! Local sockets that keep message boundaries, in a directory that may lie
//! deeper than a socket address is long. See `unix(7)`.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, sockopt,
};

/// The longest message on a control socket, in bytes. The longest HTTP body that
/// a stop step may have fits in it, escaped.
pub const MESSAGE_MAX: usize = 128 * 1024;

/// The address of a socket in an open directory. A socket address holds 108
/// bytes; by way of `/proc/self/fd` the directory's own path does not count.
fn address(dir: BorrowedFd<'_>, name: &str) -> io::Result<UnixAddr> {
    let path = format!("/proc/self/fd/{}/{name}", dir.as_raw_fd());
    Ok(UnixAddr::new(path.as_str())?)
}

fn new_socket() -> io::Result<OwnedFd> {
    Ok(nix::sys::socket::socket(
        AddressFamily::Unix,
        SockType::SeqPacket,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )?)
}

/// Binds and listens under a name that must be free.
pub fn listen(dir: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let socket = new_socket()?;
    nix::sys::socket::bind(socket.as_raw_fd(), &address(dir, name)?)?;
    nix::sys::socket::listen(&socket, Backlog::new(16)?)?;
    Ok(socket)
}

/// Accepts a waiting connection; `None` when there is none.
pub fn accept(listener: &OwnedFd) -> io::Result<Option<OwnedFd>> {
    match nix::sys::socket::accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK) {
        // SAFETY: just returned by the kernel, and has no other owner.
        Ok(fd) => Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) })),
        Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNABORTED) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// # Errors
/// `NotFound` and `ConnectionRefused` when no process listens, `WouldBlock` when
/// the listener does not accept.
pub fn connect(dir: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let socket = new_socket()?;
    nix::sys::socket::connect(socket.as_raw_fd(), &address(dir, name)?)?;
    Ok(socket)
}

/// The process at the other end: the one that connected, or that made a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub pid: i32,
    pub uid: u32,
}

pub fn peer(socket: impl AsFd) -> io::Result<Peer> {
    let credentials = nix::sys::socket::getsockopt(&socket, sockopt::PeerCredentials)?;
    Ok(Peer {
        pid: credentials.pid(),
        uid: credentials.uid(),
    })
}

/// Receives one message. `None` when the other end is closed.
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    loop {
        match nix::sys::socket::recv(socket.as_fd().as_raw_fd(), buffer, MsgFlags::empty()) {
            Ok(0) | Err(Errno::ECONNRESET) => return Ok(None),
            Ok(n) => return Ok(Some(n)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Sends one message, whole or not at all, without a SIGPIPE.
///
/// # Errors
/// `WouldBlock` when the other end does not read, `BrokenPipe` when it is
/// closed.
pub fn send(socket: impl AsFd, message: &[u8]) -> io::Result<()> {
    loop {
        match nix::sys::socket::send(socket.as_fd().as_raw_fd(), message, MsgFlags::MSG_NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

pub fn stream_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    pair(SockType::Stream)
}

/// A connected pair of sockets that keep message boundaries, and wait.
pub fn message_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    pair(SockType::SeqPacket)
}

fn pair(kind: SockType) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC;
    Ok(nix::sys::socket::socketpair(AddressFamily::Unix, kind, None, flags)?)
}

/// Sends bytes with descriptors attached to the first of them. Returns how
/// many bytes were taken.
pub fn send_with_descriptors(socket: impl AsFd, bytes: &[u8], descriptors: &[RawFd]) -> io::Result<usize> {
    let attached = [ControlMessage::ScmRights(descriptors)];
    Ok(nix::sys::socket::sendmsg::<UnixAddr>(
        socket.as_fd().as_raw_fd(),
        &[IoSlice::new(bytes)],
        &attached,
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?)
}

/// Receives bytes and the descriptors that came with them; no bytes when the
/// other end is closed.
pub fn receive_with_descriptors(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    loop {
        match try_receive_with_descriptors(socket.as_fd().as_raw_fd(), buffer) {
            Err(Errno::ECONNRESET) => return Ok((0, Vec::new())),
            Err(Errno::EINTR) => {}
            received => return Ok(received?),
        }
    }
}

fn try_receive_with_descriptors(socket: RawFd, buffer: &mut [u8]) -> nix::Result<(usize, Vec<OwnedFd>)> {
    let mut space = nix::cmsg_space!([RawFd; 4]);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = nix::sys::socket::recvmsg::<UnixAddr>(socket, &mut parts, Some(&mut space), flags)?;
    let mut descriptors = Vec::new();
    for attached in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = attached {
            for fd in received {
                // SAFETY: the kernel just made this descriptor for us.
                descriptors.push(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
    }
    Ok((message.bytes, descriptors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_socket_deeper_than_an_address_is_long() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("d".repeat(100)).join("e".repeat(100));
        std::fs::create_dir_all(&deep).unwrap();
        let dir = File::open(&deep).unwrap();
        let listener = listen(dir.as_fd(), "ctl").unwrap();
        let client = connect(dir.as_fd(), "ctl").unwrap();
        let server = accept(&listener).unwrap().unwrap();
        assert_eq!(peer(&server).unwrap().uid, crate::sys::host::effective_uid());
        assert_eq!(peer(&client).unwrap().pid, std::process::id() as i32);
        send(&client, b"one").unwrap();
        send(&client, b"two").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(receive(&server, &mut buffer).unwrap(), Some(3));
        assert_eq!(receive(&server, &mut buffer).unwrap(), Some(3));
        assert_eq!(&buffer[..3], b"two");
        drop(client);
        assert_eq!(receive(&server, &mut buffer).unwrap(), None);
        drop(listener);
        let refused = connect(dir.as_fd(), "ctl").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn descriptors_travel() {
        let (one, two) = stream_pair().unwrap();
        let file = tempfile::tempfile().unwrap();
        let sent = send_with_descriptors(&one, b"x", &[file.as_raw_fd()]).unwrap();
        assert_eq!(sent, 1);
        let mut buffer = [0; 4];
        let (n, descriptors) = receive_with_descriptors(&two, &mut buffer).unwrap();
        assert_eq!((n, descriptors.len()), (1, 1));
    }
}
