//! An instance, and what instances have by default.

use super::before_start::BEFORE_START;
use super::channel::{RCON, TELNET};
use super::hook::HOOK;
use super::notify::NOTIFY;
use super::players::PLAYERS;
use super::ready::{HEALTHY, READY};
use super::restart::RESTART;
use super::schedule::SCHEDULE;
use super::stop::STEP;
use super::table::Holds::{Choice, Flag, List, Map, Section as In, Text, Words};
use super::table::{Holds, Key, Section, keys};
use super::warn::WARN;
use super::{amp, docker_compose, kubectl, podman, process, systemd};

const IDENTITY: &[Key] = keys! {
    "game": Text, "none", "game: rust",
        "The preset that it is merged over; `gamectl games` lists them.";
    "tags": Words, "none", "tags: [pvp, eu]",
        "Words to choose instances by: `tag:pvp`.";
    "host": Text, "this machine, or the `owner`", "host: box2",
        "The host, of those in `hosts`, where it is managed. Its paths and files are of that host, and must be absolute; variables are expanded here.";
    "autostart": Flag, "true", "autostart: false",
        "Whether `gamectl run` starts it, unless somebody stopped it.";
};

const RELATIONS: &[Key] = keys! {
    "needs": Words, "none", "needs: [db]",
        "The instances that must run before it is started, and that are stopped after it.";
};

const SETTINGS: &[Key] = keys! {
    "ready": In(&READY), "alive for 1 s", "ready: { log: 'Server startup complete' }",
        "When it counts as ready for players: when all probes succeed. An answer at a port of this host counts only if the game itself has the port, so behind a proxy of the host probe the port of the game.";
    "healthy": In(&HEALTHY), "off", "healthy: { a2s: 127.0.0.1:28017, failures: 3 }",
        "When `gamectl run` counts it as hung, and restarts it.";
    "stop": List(&STEP), "TERM, then 60 s", "stop: [{ stdin: quit, wait: 30s }, { signal: TERM }]",
        "The steps that end it politely, each with its wait. A kill follows, written or not.",
        not on "docker_compose": "services stop by the `stop_signal` and `stop_grace_period` of the compose file",
        not on "amp": "AMP stops the game, as its settings of the application have it";
    "rcon": In(&RCON), "none", "rcon: { port: 28016, password: { file: rcon.pw } }",
        "Source RCON, over TCP.";
    "webrcon": In(&RCON), "none", "webrcon: { port: 28016, password: \"${RCON}\" }",
        "WebRCON, as Rust has it.";
    "telnet": In(&TELNET), "none", "telnet: { port: 8081 }",
        "Lines over TCP.";
    "battleye_rcon": In(&RCON), "none", "battleye_rcon: { port: 2305, password: { file: rcon.pw } }",
        "The RCon of BattlEye, as DayZ and Arma have it, over UDP.";
    "goldsrc_rcon": In(&RCON), "none", "goldsrc_rcon: { port: 27015, password: { file: rcon.pw } }",
        "The RCON of Half-Life and the games made from its engine, over UDP.";
    "quake_rcon": In(&RCON), "none", "quake_rcon: { port: 27960, password: { file: rcon.pw } }",
        "The RCON of Quake, Call of Duty and the games made from their engines, over UDP.";
    "admin": Choice(&["stdin", "rcon", "webrcon", "telnet", "battleye_rcon", "goldsrc_rcon", "quake_rcon"]), "the preset's, else the only one given, else stdin", "admin: rcon",
        "The channel that `gamectl send` uses.";
    "restart": In(&RESTART), "always", "restart: { policy: on-failure }",
        "What `gamectl run` does when it ends by itself.";
    "before_start": In(&BEFORE_START), "none", "before_start: { command: [/srv/update, rust], timeout: 1h }",
        "A command that must succeed before each start, whoever asks for it: without that, nothing is started.";
    "on_event": List(&HOOK), "none", "on_event: [{ command: [/srv/tell], events: [crashed] }]",
        "Commands that `gamectl run` executes when something happens.";
    "notify": List(&NOTIFY), "none", "notify: [{ discord: { url: { file: /etc/gamectl/discord.url } } }]",
        "Who is told by `gamectl run` when something happens; `gamectl notify ID` sends a test.";
    "ports": Map(&Holds::PortSpec), "the preset's", "ports: { game: 28015/udp }",
        "The ports that it takes, by name, for `gamectl check`.";
    "schedule": List(&SCHEDULE), "none", "schedule: [{ cron: '0 5 * * *', timezone: Europe/Berlin, do: restart }]",
        "What `gamectl run` does with it at given times; `gamectl schedule` shows what comes next.";
    "broadcast": Text, "the preset's", "broadcast: 'say {message}'",
        "The line that tells all players something, sent as `gamectl send` does, with `{message}` in it; or with `{message_}`, where `_` stands for each space, for games that show one word.";
    "warn": In(&WARN), "none", "warn: { at: [15m, 5m, 1m, 10s], say: 'Restart in {time}' }",
        "How its players are warned.";
    "players": In(&PLAYERS), "the probe that tells it", "players: { a2s: 127.0.0.1:28017 }",
        "How its players are counted.";
};

/// The plane sections: an instance has one of them, and none has defaults.
pub(super) const PLANES: &[Key] = &[
    process::PLANE,
    docker_compose::PLANE,
    podman::PLANE,
    systemd::PLANE,
    kubectl::PLANE,
    amp::PLANE,
];

pub(crate) static DEFAULTS: Section = Section {
    name: "defaults",
    place: "`defaults`",
    about: "The keys of an instance, except for those of planes.",
    groups: &[IDENTITY, SETTINGS],
};

pub(crate) static INSTANCE: Section = Section {
    name: "instance",
    place: "an instance",
    about: "What one game server is. With no plane section, or no executable in it, it is shown and not managed.",
    groups: &[IDENTITY, RELATIONS, PLANES, SETTINGS],
};
