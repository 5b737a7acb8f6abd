//! The whole inventory.

use super::host::HOST;
use super::instance::{DEFAULTS, INSTANCE};
use super::link::LINK;
use super::table::Holds::{Map, Section as In, Text};
use super::table::{Key, Section, keys};

pub(crate) static TOP: Section = Section {
    name: "top",
    place: "the top of the inventory",
    about: "The inventory is one mapping.",
    groups: &[keys! {
        "defaults": In(&DEFAULTS), "none", "defaults: { autostart: false }",
            "Merged under every instance; what an instance says itself wins.";
        "hosts": Map(&In(&HOST)), "none", "hosts: { box2: { ssh: games@box2.example.net }, shared: { sudo: games } }",
            "The hosts where instances are managed, by name.";
        "owner": Text, "none", "owner: games",
            "The user whose servers these are: whoever else reads the inventory reaches all instances without a `host` through `sudo -n -u games`.";
        "link": In(&LINK), "none", "link: { nats: { servers: ['nats://127.0.0.1:4222'] } }",
            "A message system that states and events go out to.";
        "instances": Map(&In(&INSTANCE)), "required", "instances: { rust-main: { game: rust } }",
            "The game servers, by id: `[a-z0-9][a-z0-9_-]{0,62}`. May be empty.";
    }],
};
