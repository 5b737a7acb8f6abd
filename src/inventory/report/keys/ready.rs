//! The probes of `ready` and `healthy`.

use super::http::HTTP;
use super::table::Holds::{Address, Choice, Duration, Flag, Number, SectionOr, Text, Words};
use super::table::{Key, Section, keys};

pub(super) const PROBES: &[Key] = keys! {
    "tcp": Address, "none", "tcp: 127.0.0.1:25565",
        "A TCP connection is accepted there.";
    "http": SectionOr(&HTTP), "none", "http: http://127.0.0.1:8212/health",
        "A request is answered with a wanted status.";
    "a2s": Address, "none", "a2s: 127.0.0.1:28017",
        "The query of Steam's server list is answered there.";
    "rcon": Flag, "false", "rcon: true",
        "A login over `rcon`, or the other channel that there is, works.";
    "minecraft": Address, "none", "minecraft: 127.0.0.1:25565",
        "The query of Minecraft's server list is answered there.";
    "bedrock": Address, "none", "bedrock: 127.0.0.1:19132",
        "The ping of Minecraft, Bedrock Edition, is answered there.";
    "quake3": Address, "none", "quake3: 127.0.0.1:27960",
        "`getinfo` is answered there, as by Quake III and games made from it.";
    "gamespy1": Address, "none", "gamespy1: 127.0.0.1:7778",
        "The first query protocol of GameSpy is answered there.";
    "gamespy2": Address, "none", "gamespy2: 127.0.0.1:29900",
        "The second query protocol of GameSpy is answered there.";
    "gamespy3": Address, "none", "gamespy3: 127.0.0.1:6500",
        "The third query protocol of GameSpy is answered there.";
    "exec": Words, "none", "exec: [/srv/is-up]",
        "A command exits with 0.";
};

pub(super) const READY_LOG: &[Key] = keys! {
    "log": Text, "none", "log: '^Server ready'",
        "A regular expression that a line of this launch matches, as `logs` shows it. One with `$` or `\\b` in it waits for the end of the line.",
        not on "docker_compose": "give the service a `healthcheck` in the compose file, or use `tcp`, `a2s`, `http` or `exec`",
        not on "podman": "give the container a health check, or use `tcp`, `a2s`, `http` or `exec`",
        not on "systemd": "have the unit say when it is ready, with `Type=notify`, or use `tcp`, `a2s`, `http` or `exec`",
        not on "kubectl": "give the container a `readinessProbe`, or use `tcp`, `a2s`, `http` or `exec`",
        not on "amp": "AMP reads the output, and says when the game is ready";
    "log_file": Text, "none", "log_file: Game/Saved/Logs/Game.log",
        "A log file that the game writes itself, in which a line of this launch matches `pattern`. A relative path begins at the folder that the game runs in.",
        not on "docker_compose": "give the service a `healthcheck` in the compose file, or use `tcp`, `a2s`, `http` or `exec`",
        not on "podman": "give the container a health check, or use `tcp`, `a2s`, `http` or `exec`",
        not on "systemd": "have the unit say when it is ready, with `Type=notify`, or use `tcp`, `a2s`, `http` or `exec`",
        not on "kubectl": "give the container a `readinessProbe`, or use `tcp`, `a2s`, `http` or `exec`",
        not on "amp": "AMP reads the output, and says when the game is ready";
    "pattern": Text, "none", "pattern: '^Server ready'",
        "The regular expression for `log_file`.",
        not on "docker_compose": "it goes with `log_file`, which is not for this plane",
        not on "podman": "it goes with `log_file`, which is not for this plane",
        not on "systemd": "it goes with `log_file`, which is not for this plane",
        not on "kubectl": "it goes with `log_file`, which is not for this plane",
        not on "amp": "it goes with `log_file`, which is not for this plane";
};

pub(super) const ALIVE_FOR: &[Key] = keys! {
    "alive_for": Duration, "1s, where there is no other probe", "alive_for: 10s",
        "It stays alive for this long.";
};

const READY_REST: &[Key] = keys! {
    "timeout": Duration, "5m", "timeout: 15m",
        "How long `start` waits; `run` then says that it is not ready.";
    "on_timeout": Choice(&["wait", "restart"]), "wait", "on_timeout: restart",
        "What `run` does then: `restart` ends it by its stop chain, and starts it again as after a crash.";
    "interval": Duration, "each probe's own", "interval: 500ms",
        "How often to try the probes; at least 10ms.";
    "attempt_timeout": Duration, "each probe's own", "attempt_timeout: 2s",
        "How long to wait for an answer; at least 10ms.";
};

const HEALTHY_REST: &[Key] = keys! {
    "start_grace": Duration, "60s", "start_grace: 5m",
        "How long to wait with the first check after it became ready.";
    "interval": Duration, "15s", "interval: 30s",
        "How often to check.";
    "attempt_timeout": Duration, "5s", "attempt_timeout: 2s",
        "How long to wait for an answer.";
    "failures": Number(1, 64), "3", "failures: 3",
        "How many of the last `of` probes must fail before it counts as hung.";
    "of": Number(1, 64), "`failures`", "of: 5",
        "How many recent probes to look at.";
};

pub(crate) static READY: Section = Section {
    name: "ready",
    place: "`ready`",
    about: "All probes that are given must hold. Own probes replace all of the preset's.",
    groups: &[READY_LOG, PROBES, ALIVE_FOR, READY_REST],
};

pub(crate) static HEALTHY: Section = Section {
    name: "healthy",
    place: "`healthy`",
    about: "Off unless it is given. When `failures` of the last `of` checks have failed, the game counts as hung, and `run` restarts it.",
    groups: &[PROBES, HEALTHY_REST],
};
