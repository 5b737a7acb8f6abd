//! A host of `hosts`.

use super::table::Holds::{Duration, Map, Number, Path, Text};
use super::table::{Key, Section, keys};

pub(crate) static HOST: Section = Section {
    name: "host",
    place: "a host of `hosts`",
    about: "One way in is needed: `ssh`, or `sudo` alone for this machine as another user. gamectl must be installed there.",
    groups: &[keys! {
        "ssh": Text, "none", "ssh: games@box2.example.net",
            "What `ssh` accepts, an alias of ~/.ssh/config too.";
        "port": Number(1, 65_535), "ssh's own", "port: 2222",
            "The port of ssh there.";
        "identity": Path, "ssh's own", "identity: ~/.ssh/id_ed25519",
            "The private key to log in with.";
        "options": Map(&Text), "none", "options: { ProxyJump: bastion }",
            "More options of ssh_config(5).";
        "gamectl": Text, "the one on PATH there, or in ~/.local/bin: whichever came last", "gamectl: /usr/bin/gamectl",
            "The program there, as an absolute path.";
        "sudo": Text, "false", "sudo: games",
            "The user that it becomes there through `sudo -n`; `true` is root.";
        "linger": Duration, "1h", "linger: 0s",
            "How long `run` goes on there, restarting what crashes, when the connection to it is lost, or the `run` here was killed; `0s`: not at all.";
    }],
};
