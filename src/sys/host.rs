//! Which boot of which machine this is, and as seen from which namespaces: the
//! frame in which a pid means anything.

use std::fs;
use std::io;

/// The frame in which a recorded pid is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
    /// `/etc/machine-id`; empty where there is none.
    pub machine: String,
    /// The pid and time namespaces. Start times are relative to the time
    /// namespace (`time_namespaces(7)`), pids to the pid namespace.
    pub namespaces: String,
}

impl Frame {
    /// Reads the frame of this process.
    ///
    /// # Errors
    /// When `/proc` is not mounted or not readable: without it nothing can be
    /// told of any process.
    pub fn here() -> io::Result<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        let namespace = |name: &str| {
            fs::read_link(format!("/proc/self/ns/{name}")).map_or_else(
                |_| "-".to_owned(),
                |link| {
                    let text = link.to_string_lossy();
                    text.chars().filter(char::is_ascii_digit).collect()
                },
            )
        };
        Ok(Self {
            boot: boot.trim().to_owned(),
            machine: machine_id(),
            namespaces: format!("pid:{} time:{}", namespace("pid"), namespace("time")),
        })
    }
}

/// `machine-id(5)`, or an empty string where there is none.
fn machine_id() -> String {
    fs::read_to_string("/etc/machine-id").map_or_else(|_| String::new(), |id| id.trim().to_owned())
}

/// A number that tells this boot of the host from others: the beginning of
/// its boot id. 0 when that cannot be read.
pub fn boot_tag() -> u32 {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.get(..8)
        .and_then(|start| u32::from_str_radix(start, 16).ok())
        .unwrap_or(0)
}

/// The effective user id of this process.
pub fn effective_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}
