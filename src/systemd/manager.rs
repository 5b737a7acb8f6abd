//! The service manager that is asked for scopes.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::sys::host;

/// The manager of the host, or of a user, that outlives whoever asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Manager {
    Host,
    /// By the socket of its bus.
    User(PathBuf),
}

impl Manager {
    /// Finds the one to ask: that of the host for root, that of a user who lingers for
    /// others. That of other users ends with their last session, and its scopes with it.
    ///
    /// # Errors
    /// The reason why there is none, for a sentence.
    pub(super) fn find() -> Result<Self, &'static str> {
        let uid = host::effective_uid();
        if uid == 0 && std::env::var_os("DBUS_SYSTEM_BUS_ADDRESS").is_some() {
            return Ok(Self::Host);
        }
        match (has_booted(), uid) {
            (false, _) => Err("this host has no systemd"),
            (true, 0) => Ok(Self::Host),
            (true, _) if !lingers(uid) => Err("systemd does it for root, and for users with lingering"),
            (true, _) => {
                let folder = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(|| host::runtime_dir(uid), PathBuf::from);
                let socket = folder.join("bus");
                let is_ours = socket.metadata().is_ok_and(|meta| meta.uid() == uid);
                is_ours
                    .then_some(Self::User(socket))
                    .ok_or("this user has no D-Bus, which dbus-user-session brings")
            }
        }
    }
}

/// Returns true if a game that is started now gets a scope.
pub fn makes_scopes() -> bool {
    Manager::find().is_ok()
}

/// Returns true if systemd is what this host has booted. See sd_booted(3).
pub fn has_booted() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Returns true when the service manager of a user runs from boot to shutdown.
pub fn lingers(uid: u32) -> bool {
    host::user_name(uid).is_some_and(|name| name_lingers(&name))
}

/// Does the same by the name of the user.
pub fn name_lingers(user: &str) -> bool {
    Path::new("/var/lib/systemd/linger").join(user).exists()
}
