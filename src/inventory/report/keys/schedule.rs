//! An entry of `schedule`.

use super::table::Holds::{Choice, Duration, Flag, SectionOrFlag, Text, Words};
use super::table::{Key, Section, keys};

pub(crate) static SCHEDULE: Section = Section {
    name: "schedule",
    place: "an entry of `schedule`",
    about: "Something that `gamectl run` does at given times. A time that is left out when the clocks change comes at the change, and a time that comes twice counts once. What was stopped by hand is not restarted.",
    groups: &[keys! {
        "cron": Text, "required", "cron: '0 5 * * *'",
            "When: minute, hour, day of the month, month and day of the week. With both days given, either is enough.";
        "timezone": Text, "that of the machine of `run`", "timezone: Europe/Berlin",
            "The place whose clocks count.";
        "do": Choice(&["restart", "stop", "start", "send", "exec"]), "required", "do: restart",
            "What is done. `run` does it from where it runs, for instances on other hosts, too.";
        "line": Text, "required for `send`", "line: save-all",
            "The line that is sent, as `gamectl send` does.";
        "command": Words, "required for `exec`", "command: [/srv/backup, eu-1]",
            "The program that is executed on the host of `run`, and its arguments; no shell reads them.";
        "timeout": Duration, "10m", "timeout: 1h",
            "How long the program may run.";
        "warn": SectionOrFlag(&SCHEDULE_WARN), "false", "warn: true",
            "Whether players are warned before a restart or stop; the time of `cron` is when the warnings begin.";
        "when_empty": SectionOrFlag(&WHEN_EMPTY), "false", "when_empty: { max_wait: 2h }",
            "Whether a restart or stop waits until nobody plays.";
        "jitter": Duration, "0s", "jitter: 2m",
            "By how much it is delayed at most, so that not all instances begin at once: always by the same for the same instance and time.";
        "grace": Duration, "1m", "grace: 15m",
            "How late it is still done, once, when nobody ran `gamectl run` at its time, or the machine slept.";
    }],
};

pub(crate) static SCHEDULE_WARN: Section = Section {
    name: "schedule_warn",
    place: "`warn` of a schedule",
    about: "What differs from the `warn` of the instance.",
    groups: &[keys! {
        "at": Words, "that of the instance", "at: [10m, 1m]",
            "How long before the end players are told.";
        "say": Text, "that of the instance", "say: 'Nightly restart in {time}'",
            "What they are told.";
    }],
};

pub(crate) static WHEN_EMPTY: Section = Section {
    name: "when_empty",
    place: "`when_empty`",
    about: "How long it waits for players to leave. A number that is not known counts as somebody.",
    groups: &[keys! {
        "max_wait": Duration, "as long as it takes", "max_wait: 2h",
            "The longest wait; then it is done all the same, after the warnings.";
        "or_skip": Flag, "false", "or_skip: true",
            "Whether it is left out instead after the longest wait.";
    }],
};
