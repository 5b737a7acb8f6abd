//! The restarts by `run`.

use super::table::Holds::{Choice, Duration, Number, Numbers, Section as In};
use super::table::{Key, Section, keys};

pub(crate) static RESTART: Section = Section {
    name: "restart",
    place: "`restart`",
    about: "What `gamectl run` does when an instance ends by itself.",
    groups: &[keys! {
        "policy": Choice(&["always", "on-failure", "never"]), "always", "policy: on-failure",
            "When it is started again. With `on-failure` a success exit code is a stop on purpose.";
        "delay": Duration, "1s", "delay: 5s",
            "The wait before the first restart; it doubles with each crash.";
        "max_delay": Duration, "60s", "max_delay: 5m",
            "The longest wait before a restart.";
        "reset_after": Duration, "60s", "reset_after: 10m",
            "How long it must run before the wait begins at `delay` again.";
        "success_exit_codes": Numbers(0, 255), "[0]", "success_exit_codes: [0, 143]",
            "The exit codes that count as a stop on purpose.";
        "give_up": In(&GIVE_UP), "never", "give_up: { times: 10, within: 10m }",
            "When to give up restarting it.";
    }],
};

pub(crate) static GIVE_UP: Section = Section {
    name: "give_up",
    place: "`restart.give_up`",
    about: "Both are needed.",
    groups: &[keys! {
        "times": Number(1, 4_294_967_295), "required", "times: 10",
            "How many crashes are too many: with the last of them it stays down.";
        "within": Duration, "required", "within: 10m",
            "The time in which these crashes must come.";
    }],
};
