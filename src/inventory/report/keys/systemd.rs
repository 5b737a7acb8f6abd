//! The plane `systemd`.

use super::table::Holds::{Choice, Section as In, Text};
use super::table::{Key, Section, keys};

/// Its place in an instance.
pub(super) const PLANE: Key = Key {
    name: "systemd",
    holds: In(&SYSTEMD),
    default: "none",
    example: "systemd: { unit: palworld.service }",
    about: "It is a service of systemd; a quadlet is one.",
    not_on: &[],
};

pub(crate) static SYSTEMD: Section = Section {
    name: "systemd",
    place: "`systemd`",
    about: "A unit is needed. It stops as its own `ExecStop=`, `KillSignal=` and `TimeoutStopSec=` have it, after the steps of `stop`, if there are any. What has a `Restart=` of its own is restarted by systemd, and `restart` means nothing to it.",
    groups: &[keys! {
        "unit": Text, "required", "unit: palworld.service",
            "Its name; `.service` may be left out.";
        "scope": Choice(&["system", "user"]), "system, or user where there is a `user`", "scope: user",
            "Whether the service manager of the system has it, or that of a user.";
        "user": Text, "who runs gamectl", "user: games",
            "The user whose service manager has it; another user's needs root.";
    }],
};
