//! The plane `amp`.

use super::channel::PASSWORD;
use super::table::Holds::{Choice, Path, Section as In, SectionOr, Text};
use super::table::{Key, Section, keys};

/// Its place in an instance.
pub(super) const PLANE: Key = Key {
    name: "amp",
    holds: In(&AMP),
    default: "none",
    example: "amp: { url: 'http://127.0.0.1:8080', instance: Ark01, user: gamectl, password: { file: /etc/gamectl/amp.pw } }",
    about: "It is an instance of CubeCoders AMP.",
    not_on: &[],
};

pub(crate) static AMP: Section = Section {
    name: "amp",
    place: "`amp`",
    about: "An instance that was made in AMP already. AMP starts and stops the game as its own settings have it. It is ready when AMP calls it so, and the probes of `ready` succeed, if there are any.",
    groups: &[keys! {
        "manager": Choice(&["api", "ampinstmgr"]), "api", "manager: ampinstmgr",
            "The way in which AMP is asked: by the API of its controller, or by the program `ampinstmgr`, which starts and stops an instance with its game, and does not tell whether the game is ready: `ready` does. With it, only `instance` and `user` have a meaning.";
        "url": Text, "required", "url: http://127.0.0.1:8080",
            "The controller of AMP (ADS), whose panel has all instances. `https:` checks its certificate; a redirect is not followed.";
        "instance": Text, "required", "instance: Ark01",
            "The name of the instance in AMP, which its friendly name need not be, or its id.";
        "user": Text, "required", "user: gamectl",
            "A user of AMP, without a second factor, who may see, start and stop the instance. With `manager: ampinstmgr`: the user of the host that AMP runs as, by default `amp`, whom others than root become through `sudo -n`.";
        "password": SectionOr(&PASSWORD), "required", "password: { file: /etc/gamectl/amp.pw }",
            "The password of `user`.";
        "ca": Path, "the system's", "ca: /etc/gamectl/amp.pem",
            "The certificates that `https:` trusts, in PEM: the server's own, or its issuer's.";
        "layer": Choice(&["application", "instance"]), "application", "layer: instance",
            "What a stop ends: the game alone, or also the part of AMP that manages it. A start brings up both.";
    }],
};
