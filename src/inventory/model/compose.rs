//! The plane `docker_compose`.

use std::path::PathBuf;

use serde::Deserialize;

/// The engine of the containers of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComposeEngine {
    #[default]
    Docker,
    /// Podman, which compose reaches through its socket, or `podman-compose`.
    Podman,
}

/// A docker-compose project. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeSpec {
    pub engine: ComposeEngine,
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
    /// The service whose console and programs are the game's; `None` for the only one that can be
    /// meant.
    pub console: Option<String>,
    /// The program in its container that takes a line for the game on its standard input.
    pub send: Vec<String>,
}
