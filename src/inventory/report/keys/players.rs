//! The ways in which players are counted.

use super::http::HTTP;
use super::table::Holds::{SectionOr, Text, Words};
use super::table::{Key, Section, keys};

/// The ways, of which an instance has one: its own replaces that of the preset.
pub(super) const WAYS: &[Key] = keys! {
    "a2s": Text, "none", "a2s: 127.0.0.1:28017",
        "By the query of Steam's server list: HOST:PORT, or the name of one of its `ports`.";
    "minecraft": Text, "none", "minecraft: 127.0.0.1:25565",
        "By the query of Minecraft's server list, Java Edition.";
    "bedrock": Text, "none", "bedrock: 127.0.0.1:19132",
        "By the ping of Minecraft, Bedrock Edition.";
    "quake3": Text, "none", "quake3: 127.0.0.1:27960",
        "By `getinfo`, as Quake III and games made from it answer it; bots are left out where they are told apart.";
    "gamespy1": Text, "none", "gamespy1: 127.0.0.1:7778",
        "By the first query protocol of GameSpy.";
    "gamespy2": Text, "none", "gamespy2: 127.0.0.1:29900",
        "By the second one.";
    "gamespy3": Text, "none", "gamespy3: 127.0.0.1:6500",
        "By the third one.";
    "send": Text, "none", "send: list",
        "By this line over the admin channel, one over the network, whose reply `pattern` matches.";
    "exec": Words, "none", "exec: [rcon-cli, list]",
        "By this command, run in a container of the first pod, whose output `pattern` matches.",
        not on "process": "use a query such as `a2s`, or `send`",
        not on "docker_compose": "use a query such as `a2s`, or `send`, at a port that the service publishes",
        not on "podman": "use a query such as `a2s`, or `send`, at a port that the container publishes",
        not on "systemd": "use a query such as `a2s`, or `send`",
        not on "amp": "AMP counts the players itself; or use a query such as `a2s`";
    "pattern": Text, "required with `send` and `exec`", "pattern: 'There are (?<online>\\d+) of a max of (?<max>\\d+)'",
        "A regular expression with the group `online`, and perhaps `max`.";
    "http": SectionOr(&HTTP), "none", "http: http://127.0.0.1:8212/v1/api/metrics",
        "By a request, whose answer is JSON. In a URL alone the name of one of its `ports` may stand for the number.";
    "json": Text, "required with `http`", "json: .currentplayernum",
        "The path of the number of players in it, or of the list of them.";
    "json_max": Text, "none", "json_max: .maxplayernum",
        "The path of the number that there is room for.";
};

pub(crate) static PLAYERS: Section = Section {
    name: "players",
    place: "`players`",
    about: "How many play: one of `a2s`, `minecraft`, `bedrock`, `quake3`, `gamespy1` to `gamespy3`, `send`, `http` and `exec`. Without it the probes of `ready` and `healthy` that tell it are asked.",
    groups: &[WAYS],
};
