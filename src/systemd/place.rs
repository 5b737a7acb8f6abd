//! The places where service managers are reached.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::bus::Bus;
use super::bus_failure::BusFailure;
use crate::inventory::UnitScope;
use crate::sys::{host, user_socket};
use crate::user;

/// A service manager, by its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ManagerPlace {
    Host,
    User(u32),
}

impl ManagerPlace {
    /// Finds the one that a scope means.
    ///
    /// # Errors
    /// When there is no such user, or he may not be acted for.
    pub(super) fn of(scope: &UnitScope) -> Result<Self, BusFailure> {
        let own = host::effective_uid();
        let UnitScope::User(name) = scope else {
            return Ok(Self::Host);
        };
        let Some(name) = name else { return Ok(Self::User(own)) };
        match user::uid_of(name) {
            None => Err(BusFailure::NoUser(name.clone())),
            Some(uid) if own == 0 || own == uid => Ok(Self::User(uid)),
            Some(_) => Err(BusFailure::OtherUser(name.clone())),
        }
    }

    /// Begins a conversation.
    pub(super) async fn open(self) -> Result<Bus, BusFailure> {
        match self {
            Self::Host => Bus::of_host().await,
            Self::User(uid) => Bus::of_user(uid, connect(uid).await?).await,
        }
    }
}

/// Connects to the bus of a user. It lets in nobody but him, not even root.
async fn connect(uid: u32) -> Result<UnixStream, BusFailure> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|_| uid == host::effective_uid());
    let folder = own.map_or_else(|| host::runtime_dir(uid), PathBuf::from);
    let (socket, manager) = (folder.join("bus"), folder.join("systemd/private"));
    let connected = tokio::task::spawn_blocking(move || user_socket::connect_as(uid, &socket)).await;
    let connected = connected.unwrap_or_else(|error| Err(io::Error::other(error)));
    let usable = connected.and_then(|stream| stream.set_nonblocking(true).map(|()| stream));
    usable.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if manager.exists() => BusFailure::NoBus,
        _ => BusFailure::from(&error),
    })
}
