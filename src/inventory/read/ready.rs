//! The `ready` section, and the probes that `healthy` has as well.

use std::path::PathBuf;
use std::time::Duration;

use super::address::address;
use super::collector::Collector;
use super::section::Fields;
use super::{http, pattern};
use crate::inventory::model::address::HostPort;
use crate::inventory::model::channels::Remote;
use crate::inventory::model::http::HttpMethod;
use crate::inventory::model::probe::{GamespyVersion, LogFile, Probe, Ready};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node, Shape, find};

/// The shortest interval; asking more often is a burden only.
const SHORTEST: Duration = Duration::from_millis(10);

/// Reads when an instance counts as ready.
pub(super) fn read(settings: &mut Fields, login: Option<&Remote>) -> Ready {
    let mut ready = settings.section("ready", &keys::READY);
    let usual = Ready::default();
    let mut probes = probes(&mut ready, login);
    probes.splice(0..0, log_file(&mut ready));
    Ready {
        probes: if probes.is_empty() { usual.probes } else { probes },
        timeout: ready.get("timeout", Collector::duration).unwrap_or(usual.timeout),
        on_timeout: ready.choice("on_timeout").unwrap_or(usual.on_timeout),
        interval: ready.get("interval", interval),
        attempt_timeout: ready.get("attempt_timeout", interval),
    }
}

/// Returns true if the probes of a section log in.
pub(super) fn needs_login(settings: &mut Fields, section: &str) -> bool {
    let Some(Shape::Map(map)) = settings.entry(section).map(|entry| &entry.value.shape) else {
        return false;
    };
    let flag = find(&map.entries, "rcon").and_then(|entry| settings.check.flag("`rcon`", &entry.value));
    flag == Some(true)
}

/// Reads the probes of a section, in the order of the file; a login comes last.
pub(super) fn probes(section: &mut Fields, login: Option<&Remote>) -> Vec<Probe> {
    let given = section.entries.iter();
    let mut probes: Vec<Probe> = given.filter_map(|entry| probe(section.check, entry)).collect();
    if section.get("rcon", Collector::flag) == Some(true) {
        probes.extend(login.cloned().map(Box::new).map(Probe::Login));
    }
    probes
}

fn probe(check: &mut Collector, entry: &Entry) -> Option<Probe> {
    let value = &entry.value;
    match entry.key.as_ref() {
        "log" => pattern::read(check, "`log`", value).map(Probe::Log),
        "tcp" => host_port(check, "`tcp`", value).map(Probe::Tcp),
        "a2s" => host_port(check, "`a2s`", value).map(Probe::A2s),
        "minecraft" => host_port(check, "`minecraft`", value).map(Probe::Minecraft),
        "bedrock" => host_port(check, "`bedrock`", value).map(Probe::Bedrock),
        "quake3" => host_port(check, "`quake3`", value).map(Probe::Quake3),
        "gamespy1" => gamespy(check, GamespyVersion::One, value),
        "gamespy2" => gamespy(check, GamespyVersion::Two, value),
        "gamespy3" => gamespy(check, GamespyVersion::Three, value),
        "http" => http::read(check, HttpMethod::Get, value).map(Probe::Http),
        "exec" => check.command("`exec`", value).map(Probe::Exec),
        "alive_for" => check.duration("`alive_for`", value).map(Probe::AliveFor),
        _ => None,
    }
}

/// Reads the log file of a game, and the pattern for its lines: neither says anything alone.
fn log_file(ready: &mut Fields) -> Option<Probe> {
    let path = ready.get("log_file", path_of_game);
    let pattern = ready.get("pattern", pattern::read);
    match (ready.entry("log_file"), ready.entry("pattern")) {
        (Some(file), None) => {
            ready
                .check
                .problem(file.at, "`log_file` has no `pattern`")
                .hint("add `pattern: '...'`: a regular expression that a line of the file matches");
        }
        (None, Some(pattern)) => {
            ready
                .check
                .problem(pattern.at, "`pattern` has no `log_file`")
                .hint("add `log_file: PATH`; for what the game prints, say `log: '...'`");
        }
        _ => {}
    }
    Some(Probe::LogFile(LogFile {
        path: path?,
        pattern: pattern?,
    }))
}

/// Reads a path that begins at the folder of the game, which is not known here.
fn path_of_game(check: &mut Collector, what: &str, node: &Node) -> Option<PathBuf> {
    let word = check.word(what, "a path", node)?;
    let (why, hint) = match &*word {
        "" => ("is empty", "leave the key out if there is nothing to say"),
        word if word == "~" || word.starts_with("~/") => (
            "begins with `~`, which only a shell expands",
            "write the whole path, or `${HOME}/...`",
        ),
        word if word.ends_with('/') => ("is a folder", "name the file in it"),
        _ => return Some(PathBuf::from(&*word)),
    };
    check.problem(node.span, format!("{what} {why}")).hint(hint);
    None
}

fn gamespy(check: &mut Collector, version: GamespyVersion, node: &Node) -> Option<Probe> {
    let server = host_port(check, &format!("`{}`", version.key()), node);
    server.map(|server| Probe::Gamespy(version, server))
}

/// Reads a time that is worth waiting.
pub(super) fn interval(check: &mut Collector, what: &str, node: &Node) -> Option<Duration> {
    let time = check.duration(what, node)?;
    if time < SHORTEST {
        check.problem(node.span, format!("{what} must be at least 10ms"));
        return None;
    }
    Some(time)
}

fn host_port(check: &mut Collector, what: &str, node: &Node) -> Option<HostPort> {
    let word = check.word(what, "HOST:PORT", node)?;
    match address(&word) {
        Ok(address) => Some(address),
        Err(hint) => {
            check.problem(node.span, format!("{what} must be HOST:PORT")).hint(hint);
            None
        }
    }
}
