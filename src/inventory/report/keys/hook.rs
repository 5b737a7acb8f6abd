//! A hook of `on_event`.

use super::table::Holds::{ChoiceList, Duration, Words};
use super::table::{Key, Section, keys};

pub(crate) static HOOK: Section = Section {
    name: "hook",
    place: "a hook of `on_event`",
    about: "A command, and at which events.",
    groups: &[keys! {
        "command": Words, "required", "command: [/srv/tell, me]",
            "The program and its arguments; no shell reads them.";
        "events": ChoiceList(&["crashed", "restarted", "gave_up", "recovered", "started", "stopped", "not_ready"]), "all", "events: [crashed, gave_up]",
            "The events that it is run for.";
        "timeout": Duration, "10s", "timeout: 30s",
            "How long it may run.";
    }],
};
