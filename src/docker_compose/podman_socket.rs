//! The socket by which compose reaches podman: that of `$CONTAINER_HOST`, as for podman
//! itself, else the usual one of whoever calls.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixStream;

use crate::sys::host::{effective_uid, runtime_dir};

/// The time within which a socket takes a connection.
const CONNECTS: Duration = Duration::from_secs(2);

const UNIX: &str = "unix://";

/// Returns the address, for `DOCKER_HOST`.
pub(super) fn address() -> String {
    let variable = |name: &str| std::env::var_os(name);
    address_of(&variable, effective_uid())
}

fn address_of(variable: &dyn Fn(&str) -> Option<OsString>, uid: u32) -> String {
    let given = |name: &str| {
        let value = variable(name)?.into_string().ok()?;
        (!value.is_empty()).then_some(value)
    };
    if let Some(address) = given("CONTAINER_HOST") {
        return address;
    }
    let folder = match uid {
        0 => PathBuf::from("/run"),
        _ => given("XDG_RUNTIME_DIR").map_or_else(|| runtime_dir(uid), PathBuf::from),
    };
    format!("{UNIX}{}/podman/podman.sock", folder.display())
}

/// Returns true if somebody listens there, as far as that can be told.
pub(super) async fn answers(address: &str) -> bool {
    let Some(path) = address.strip_prefix(UNIX) else {
        return true;
    };
    let connected = tokio::time::timeout(CONNECTS, UnixStream::connect(path)).await;
    matches!(connected, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_that_of_whoever_calls() {
        for (host, runtime, uid, expected) in [
            (None, None, 0, "unix:///run/podman/podman.sock"),
            (None, Some("/run/user/0"), 0, "unix:///run/podman/podman.sock"),
            (None, Some("/tmp/r"), 7, "unix:///tmp/r/podman/podman.sock"),
            (None, None, 7, "unix:///run/user/7/podman/podman.sock"),
            (Some(""), Some(""), 7, "unix:///run/user/7/podman/podman.sock"),
            (Some("unix:///p.sock"), Some("/tmp/r"), 7, "unix:///p.sock"),
            (
                Some("ssh://games@box2/run/p.sock"),
                None,
                0,
                "ssh://games@box2/run/p.sock",
            ),
        ] {
            let variable = |name: &str| match name {
                "CONTAINER_HOST" => host.map(OsString::from),
                _ => runtime.map(OsString::from),
            };
            assert_eq!(address_of(&variable, uid), expected);
        }
    }

    #[tokio::test]
    async fn a_socket_is_there_when_somebody_listens() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("p.sock");
        let address = format!("{UNIX}{}", path.display());
        assert!(!answers(&address).await);
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(answers(&address).await);
        drop(listener);
        assert!(!answers(&address).await, "the file alone is no answer");
    }
}
