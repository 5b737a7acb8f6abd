//! The plane `docker_compose`.

use super::table::Holds::{Choice, Path, Section as In, Text, Words};
use super::table::{Key, Section, keys};

/// Its place in an instance.
pub(super) const PLANE: Key = Key {
    name: "docker_compose",
    holds: In(&DOCKER_COMPOSE),
    default: "none",
    example: "docker_compose: { file: compose.yaml, project: dune }",
    about: "It is a stack of containers of a Docker Engine, or of podman.",
    not_on: &[],
};

pub(crate) static DOCKER_COMPOSE: Section = Section {
    name: "docker_compose",
    place: "`docker_compose`",
    about: "A file is needed. Services stop by the `stop_signal` and `stop_grace_period` of the compose file, and are healthy by its `healthcheck`; `stop` and `ready.log` mean nothing here.",
    groups: &[keys! {
        "file": Path, "required, or `files`", "file: /srv/dune/compose.yaml",
            "The compose file.";
        "files": Words, "none", "files: [compose.yaml, compose.local.yaml]",
            "Several; later ones override earlier ones.";
        "project": Text, "the id", "project: dune",
            "The project's name, by which its containers are known.";
        "profiles": Words, "none", "profiles: [maps]",
            "The profiles to enable.";
        "services": Words, "all", "services: [director, survival-1]",
            "The services that must run; others do not count.";
        "env_file": Path, "compose's own", "env_file: /srv/dune/dune.env",
            "The file that compose takes variables from.";
        "engine": Choice(&["docker", "podman"]), "docker", "engine: podman",
            "The engine of its containers. With `podman`, compose reaches it through its socket: that of `$CONTAINER_HOST`, else of whoever calls. Where there is no such socket, or no compose, it is `podman-compose`.";
        "context": Text, "docker's own", "context: host-2",
            "The docker context, and so the engine.";
        "console": Text, "the only one that can be meant", "console: game",
            "The service whose console and programs are the game's.";
        "send": Words, "its console", "send: [rcon-cli]",
            "The program in its container that takes what `gamectl send` sends on its standard input, and prints the reply.";
    }],
};
