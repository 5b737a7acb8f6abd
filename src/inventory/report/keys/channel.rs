//! The admin channels.

use super::table::Holds::{Number, Path, SectionOr, Text};
use super::table::{Key, Section, keys};

const CHANNEL: &[Key] = keys! {
    "host": Text, "127.0.0.1", "host: 10.0.0.2",
        "Where it listens.";
    "port": Number(1, 65_535), "the preset's", "port: 28016",
        "At which port.";
    "password": SectionOr(&PASSWORD), "none", "password: { file: rcon.pw }",
        "What opens it: text, better a `${VARIABLE}`, or a file.";
};

const GREETING: &[Key] = keys! {
    "greeting": Text, "none", "greeting: Press 'help'",
        "What the server prints before it accepts commands.";
};

pub(crate) static RCON: Section = Section {
    name: "rcon",
    place: "`rcon`, `webrcon`, `battleye_rcon`, `goldsrc_rcon` or `quake_rcon`",
    about: "An admin channel that wants a password.",
    groups: &[CHANNEL],
};

pub(crate) static TELNET: Section = Section {
    name: "telnet",
    place: "`telnet`",
    about: "An admin channel that may want a password.",
    groups: &[CHANNEL, GREETING],
};

pub(crate) static PASSWORD: Section = Section {
    name: "password",
    place: "`password` or `token`",
    about: "Or the password itself as text.",
    groups: &[keys! {
        "file": Path, "required", "file: /srv/rust/rcon.pw",
            "A file whose first line is the password, read whenever it is needed.";
    }],
};
