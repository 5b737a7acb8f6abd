//! The plane `podman`.

use super::table::Holds::{Section as In, Text};
use super::table::{Key, Section, keys};

/// Its place in an instance.
pub(super) const PLANE: Key = Key {
    name: "podman",
    holds: In(&PODMAN),
    default: "none",
    example: "podman: { container: palworld, user: games }",
    about: "It is a container or a pod of podman.",
    not_on: &[],
};

pub(crate) static PODMAN: Section = Section {
    name: "podman",
    place: "`podman`",
    about: "A container or a pod that was made already, by its name. Without `stop` it is stopped as the container says: by its stop signal, and within its grace period. `ready.log` means nothing here.",
    groups: &[keys! {
        "container": Text, "required, or `pod`", "container: palworld",
            "The name of the container.";
        "pod": Text, "none", "pod: dune",
            "The name of a pod, all of which is the instance.";
        "user": Text, "who runs gamectl", "user: games",
            "The user whose podman has it; root alone can ask that of another user.";
    }],
};
