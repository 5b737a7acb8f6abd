//! The one table of the inventory's keys: what each holds, its default, an
//! example and a sentence about it. The reader's allowed keys, the JSON Schema
//! and gamectl-inventory(5) come from it. Each part of the inventory has a file.

mod amp;
mod before_start;
mod channel;
mod docker_compose;
mod hook;
mod host;
mod http;
mod instance;
mod kubectl;
mod link;
mod notify;
mod players;
mod podman;
mod process;
mod ready;
mod restart;
mod schedule;
mod stop;
mod systemd;
mod table;
mod top;
mod warn;

use instance::PLANES;
use ready::{ALIVE_FOR, PROBES, READY_LOG};

pub(crate) use amp::AMP;
pub(crate) use before_start::BEFORE_START;
pub(crate) use channel::{PASSWORD, RCON, TELNET};
pub(crate) use docker_compose::DOCKER_COMPOSE;
pub(crate) use hook::HOOK;
pub(crate) use host::HOST;
pub(crate) use http::HTTP;
pub(crate) use instance::{DEFAULTS, INSTANCE};
pub(crate) use kubectl::{KUBECTL, UP};
pub(crate) use link::{LINK, NATS, NATS_TLS};
pub(crate) use notify::{DISCORD, NOTIFY, NTFY, WEBHOOK};
pub(crate) use players::PLAYERS;
pub(crate) use podman::PODMAN;
pub(crate) use process::{LIMITS, LOG, PROCESS};
pub(crate) use ready::{HEALTHY, READY};
pub(crate) use restart::{GIVE_UP, RESTART};
pub(crate) use schedule::{SCHEDULE, SCHEDULE_WARN, WHEN_EMPTY};
pub(crate) use stop::STEP;
pub(crate) use systemd::SYSTEMD;
pub use table::{Holds, Key, Section};
pub(crate) use top::TOP;
pub(crate) use warn::WARN;

/// The JSON Schema of the inventory, draft 2020-12, made from [`SECTIONS`].
pub const SCHEMA: &str = include_str!("../../instances.schema.json");

/// All sections; the first is the whole.
pub static SECTIONS: &[&Section] = &[
    &TOP,
    &HOST,
    &LINK,
    &NATS,
    &NATS_TLS,
    &DEFAULTS,
    &INSTANCE,
    &PROCESS,
    &DOCKER_COMPOSE,
    &PODMAN,
    &SYSTEMD,
    &KUBECTL,
    &UP,
    &AMP,
    &LOG,
    &LIMITS,
    &READY,
    &HEALTHY,
    &HTTP,
    &STEP,
    &RESTART,
    &GIVE_UP,
    &BEFORE_START,
    &HOOK,
    &NOTIFY,
    &DISCORD,
    &WEBHOOK,
    &NTFY,
    &WARN,
    &PLAYERS,
    &SCHEDULE,
    &SCHEDULE_WARN,
    &WHEN_EMPTY,
    &RCON,
    &TELNET,
    &PASSWORD,
];

/// Returns true when any section has this key.
pub(crate) fn is_known(key: &str) -> bool {
    section_with(key).is_some()
}

/// Returns the section that has this key.
pub(crate) fn section_with(key: &str) -> Option<&'static Section> {
    // What can have defaults belongs into an instance first of all.
    let mut sections = SECTIONS.iter().filter(|section| **section != &DEFAULTS);
    sections.find(|section| section.key(key).is_some()).copied()
}

/// Returns the example of the key that holds a section.
pub(crate) fn example_of(key: &str, section: &'static Section) -> Option<&'static str> {
    let keys = SECTIONS.iter().flat_map(|outer| outer.keys());
    let mut holding =
        keys.filter(|one| matches!(one.holds, Holds::Section(held) | Holds::SectionOr(held) | Holds::SectionOrFlag(held) if held == section));
    holding.find(|one| one.name == key).map(|one| one.example)
}

/// Returns true for a plane section.
pub(crate) fn is_plane(key: &str) -> bool {
    PLANES.iter().any(|plane| plane.name == key)
}

/// Returns true for a probe of `ready` or `healthy`, or a way to count players: one of an
/// instance takes the place of all that stand below.
pub(crate) fn is_probe(key: &Key) -> bool {
    [PROBES, READY_LOG, ALIVE_FOR, players::WAYS]
        .into_iter()
        .flatten()
        .any(|probe| probe == key)
}

/// Returns true when a key looks like one. What does not may be a value that
/// slipped, and a secret, so it is not repeated.
pub(crate) fn looks_like_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with('-')
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'<'))
}
