//! The plane `docker_compose`.

use std::path::PathBuf;

/// A docker-compose project. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeSpec {
    /// The compose files, at least one; later ones override earlier ones.
    pub files: Vec<PathBuf>,
    /// The name by which the engine knows the containers of the project.
    pub project: String,
    pub profiles: Vec<String>,
    /// The services that must run; all of the project when empty.
    pub services: Vec<String>,
    /// The file that compose takes variables from, instead of `.env`.
    pub env_file: Option<PathBuf>,
    /// The docker context; `None` for docker's own default.
    pub context: Option<String>,
}
