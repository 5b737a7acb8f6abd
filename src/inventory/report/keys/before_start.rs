//! The command before a start.

use super::table::Holds::{Duration, Words};
use super::table::{Key, Section, keys};

pub(crate) static BEFORE_START: Section = Section {
    name: "before_start",
    place: "`before_start`",
    about: "A command that must succeed before each start, such as an update.",
    groups: &[keys! {
        "command": Words, "required", "command: [/srv/update, rust]",
            "The program and its arguments; no shell reads them. It runs as the game's `user`, in the folder of the inventory.";
        "timeout": Duration, "30m", "timeout: 1h",
            "How long it may run; it is killed then, and the start is refused.";
    }],
};
