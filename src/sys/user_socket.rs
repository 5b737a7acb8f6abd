//! A connection to a socket in the name of another user.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::libc;

use super::host;

/// Connects to a socket as a user, as whom the other end then knows us. Only root can do
/// that for another user. It may have to wait.
///
/// # Errors
/// When nobody listens there, or that user may not connect.
pub fn connect_as(uid: u32, path: &Path) -> io::Result<UnixStream> {
    if uid == host::effective_uid() {
        return UnixStream::connect(path);
    }
    let connect = || {
        let unchanged = libc::uid_t::MAX;
        // SAFETY: the call takes numbers, and by itself, past the C library, it changes
        // the user of this thread alone, which ends below.
        let changed = unsafe { libc::syscall(libc::SYS_setresuid, unchanged, uid, unchanged) };
        match changed {
            0 => UnixStream::connect(path),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // The other end knows the user by who connects.
    let connected = std::thread::scope(|scope| scope.spawn(connect).join());
    connected.unwrap_or_else(|_| Err(io::Error::other("the thread has ended")))
}
