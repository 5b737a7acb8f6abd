//! The plane `process`.

use super::table::Holds::{Flag, Map, Number, Path, Section as In, Signed, Size, Text, Words};
use super::table::{Holds, Key, Section, keys};

/// Its place in an instance.
pub(super) const PLANE: Key = Key {
    name: "process",
    holds: In(&PROCESS),
    default: "none",
    example: "process: { executable: ./RustDedicated }",
    about: "It is a process of this host.",
    not_on: &[],
};

pub(crate) static PROCESS: Section = Section {
    name: "process",
    place: "`process`",
    about: "Relative paths begin at the inventory's folder.",
    groups: &[keys! {
        "executable": Path, "none: it is unmanaged", "executable: /srv/rust/RustDedicated",
            "The program. A bare name is looked for in that folder, then on PATH: that of `run` while it watches, else that of who types.";
        "args": Words, "none", "args: [\"-batchmode\", \"+server.port\", \"28015\"]",
            "Its arguments; no shell reads them.";
        "cwd": Path, "the inventory's folder", "cwd: /srv/rust",
            "The folder that it runs in.";
        "env": Map(&Holds::Text), "none", "env: { LD_LIBRARY_PATH: /srv/rust }",
            "Variables for it; they win over `env_file`.";
        "env_file": Path, "none", "env_file: /srv/rust/secrets.env",
            "A file of NAME=value lines, read at each launch as docker compose reads it: comments, quotes, escapes, `$NAME`.";
        "inherit_env": Words, "none", "inherit_env: [JAVA_HOME, 'WINE*']",
            "Variables of who starts it that it gets too (of `run`, while one watches); `*` stands for any rest. Without it, it gets PATH, HOME, USER, LOGNAME, SHELL, LANG, TZ and LC_*, and TERM with `tty`.";
        "umask": Text, "022", "umask: \"027\"",
            "The permissions that its new files do not get.";
        "user": Text, "who runs gamectl", "user: rust",
            "The user that it runs as; needs root.";
        "tty": Flag, "false", "tty: true",
            "Whether to give it a terminal of its own.";
        "log": In(&LOG), "50MiB, 5 kept", "log: { max_size: 10MiB, keep: 2 }",
            "How its console log is rotated.";
        "limits": In(&LIMITS), "none", "limits: { memory: 8GiB, cpu: 200% }",
            "What it may use, with all that it starts.";
        "main": Text, "the process that was started", "main: 'PalServer-Linux'",
            "A regular expression that the path or first word of the real game matches, below a launcher.";
    }],
};

pub(crate) static LOG: Section = Section {
    name: "log",
    place: "`process.log`",
    about: "How the console log is rotated.",
    groups: &[keys! {
        "max_size": Size, "50MiB", "max_size: 10MiB",
            "The size at which a new file is begun.";
        "keep": Number(0, 1000), "5", "keep: 2",
            "How many files are kept beside the present one.";
    }],
};

pub(crate) static LIMITS: Section = Section {
    name: "limits",
    place: "`process.limits`",
    about: "`memory`, `cpu`, `tasks` and `io_weight` need systemd, and root or a user with lingering: they are limits of the game's scope. `start` and `check` say which limit does not hold.",
    groups: &[keys! {
        "memory": Size, "none", "memory: 8GiB",
            "How much memory it may use; more, and the kernel kills it.";
        "cpu": Text, "none", "cpu: 200%",
            "How much of the processors it may use: in percent of one core, or as a number of cores.";
        "tasks": Number(1, 4_194_304), "systemd's", "tasks: 500",
            "How many processes and threads it may have.";
        "nofile": Number(16, 1_073_741_816), "that of who starts it", "nofile: 100000",
            "How many files each of its processes may have open.";
        "nice": Signed(-20, 19), "that of who starts it", "nice: 5",
            "How far it gives way to other programs; only root may go below 0.";
        "io_weight": Number(1, 10_000), "100", "io_weight: 50",
            "Its share of a busy disk. A disk heeds it that has the scheduler bfq, or io.cost.qos.";
    }],
};
