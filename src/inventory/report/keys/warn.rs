//! The warnings before a restart or a stop.

use super::table::Holds::{Text, Words};
use super::table::{Key, Section, keys};

pub(crate) static WARN: Section = Section {
    name: "warn",
    place: "`warn`",
    about: "How players are warned by `restart --warn`, `stop --warn`, and after `--when-empty --max-wait`. A restart or stop without these options does not wait.",
    groups: &[keys! {
        "at": Words, "[15m, 5m, 1m, 10s]", "at: [10m, 1m]",
            "How long before the end they are told: durations, each at least a second.";
        "say": Text, "'{what} in {time}'", "say: 'Restart in {time}'",
            "What they are told: `{time}` is the time that is left, as `15 minutes`, and `{what}` is `Restart` or `Shutdown`.";
        "cancelled": Text, "'{what} cancelled'", "cancelled: 'No restart after all'",
            "What they are told when nothing comes of it.";
    }],
};
