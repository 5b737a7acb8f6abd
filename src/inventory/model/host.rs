//! Hosts: where an instance is managed, if not on this machine as this user.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The `linger` of a host that has none.
pub const DEFAULT_LINGER: Duration = Duration::from_secs(3600);

/// Another host, or this one as another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSpec {
    /// Its name in the inventory.
    pub name: String,
    pub way: WayIn,
    /// The program there; when absent the one on PATH, or that of `host install`.
    pub gamectl: Option<String>,
    /// The time for which its instances are kept there without the `run` that asked for it.
    pub linger: Duration,
}

/// The way to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayIn {
    Ssh(SshAccess),
    /// This machine as this user, through `sudo`.
    Sudo(String),
}

/// A login over SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshAccess {
    /// A destination as `ssh` accepts it: a name, `USER@NAME`, an alias of its configuration.
    pub destination: String,
    pub port: Option<u16>,
    pub identity: Option<PathBuf>,
    /// Options of `ssh`, in the order of their names.
    pub options: Vec<(String, String)>,
    /// The user that it becomes there through `sudo`.
    pub sudo: Option<String>,
}

impl HostSpec {
    /// Returns true for this machine, as another user.
    pub fn is_this_machine(&self) -> bool {
        matches!(self.way, WayIn::Sudo(_))
    }
}

/// The part of an instance that is managed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    pub host: Arc<HostSpec>,
    pub definition: Definition,
    /// The defaults of the inventory, which the host lays under it. A preset comes between.
    pub defaults: Definition,
}

/// A part of an inventory as another host reads it: JSON, with the variables expanded.
/// It may hold secrets, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Definition(Arc<str>);

impl Definition {
    pub(crate) fn new(json: &str) -> Self {
        Self(json.into())
    }

    fn json(&self) -> &str {
        &self.0
    }
}

/// Returns an inventory of instances of one host, by their ids, as JSON.
pub fn definitions<'a>(instances: impl IntoIterator<Item = (&'a str, &'a Hosted)>) -> String {
    let mut defaults = "{}";
    let mut list = Vec::new();
    for (id, hosted) in instances {
        defaults = hosted.defaults.json();
        // An id needs no escape.
        list.push(format!("\"{id}\":{}", hosted.definition.json()));
    }
    format!("{{\"defaults\":{defaults},\"instances\":{{{}}}}}", list.join(","))
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}
