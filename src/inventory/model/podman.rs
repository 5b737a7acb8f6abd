//! The plane `podman`.

use std::fmt;
use std::path::PathBuf;

/// A container or a pod of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodmanSpec {
    pub object: PodmanObject,
    /// The user whose podman has it; `None` for the one who calls.
    pub user: Option<String>,
    /// The inventory's folder, where commands are run.
    pub folder: PathBuf,
}

/// The thing that podman has, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodmanObject {
    Container(String),
    Pod(String),
}

impl PodmanObject {
    pub fn name(&self) -> &str {
        match self {
            Self::Container(name) | Self::Pod(name) => name,
        }
    }
}

impl fmt::Display for PodmanObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(name) => write!(f, "container `{name}`"),
            Self::Pod(name) => write!(f, "pod `{name}`"),
        }
    }
}
