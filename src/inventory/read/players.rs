//! The section `players`.

use super::address::address;
use super::collector::Collector;
use super::section::Fields;
use super::{http, kubectl, pattern};
use crate::inventory::model::address::HostPort;
use crate::inventory::model::channels::Channels;
use crate::inventory::model::http::{HttpCheck, HttpMethod};
use crate::inventory::model::instance::{Port, Protocol};
use crate::inventory::model::players::{PlayersCommand, PlayersLine, PlayersRequest, PlayersRule};
use crate::inventory::model::probe::{GamespyVersion, Probe};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Node, Scalar, Shape};

type Make = fn(HostPort) -> Probe;

const UDP: Protocol = Protocol::Udp;

/// The queries, each with the protocol of its port.
const QUERIES: [(&str, Protocol, Make); 7] = [
    ("a2s", UDP, Probe::A2s),
    ("minecraft", Protocol::Tcp, Probe::Minecraft),
    ("bedrock", UDP, Probe::Bedrock),
    ("quake3", UDP, Probe::Quake3),
    ("gamespy1", UDP, |server| Probe::Gamespy(GamespyVersion::One, server)),
    ("gamespy2", UDP, |server| Probe::Gamespy(GamespyVersion::Two, server)),
    ("gamespy3", UDP, |server| Probe::Gamespy(GamespyVersion::Three, server)),
];

/// The other ways.
const OTHERS: [&str; 3] = ["send", "http", "exec"];

/// Reads how the players of an instance with these ports and channels are counted. What only a
/// preset says counts where the instance has the port that it means.
pub(super) fn read(settings: &mut Fields, ports: &[Port], channels: &Channels, is_given: bool) -> Option<PlayersRule> {
    let node = &settings.entry("players")?.value;
    if !matches!(node.shape, Shape::Map(_)) && !node.is_null() {
        settings
            .check
            .mismatch("`players`", "a mapping", node)
            .hint("such as `players: { a2s: 127.0.0.1:28017 }`, or `{ send: list, pattern: '(?<online>\\d+)' }`");
        return None;
    }
    let mut players = settings.section("players", &keys::PLAYERS);
    let is_way = |key: &str| OTHERS.contains(&key) || QUERIES.iter().any(|(name, ..)| *name == key);
    let given: Vec<&str> = players
        .entries
        .iter()
        .map(|entry| entry.key.as_ref())
        .filter(|key| is_way(key))
        .collect();
    if given.len() != 1 {
        let message = match given.as_slice() {
            [] => "`players` names no way to count them".to_owned(),
            [one, other, ..] => format!("`players` has both `{one}` and `{other}`, and takes one of them"),
            [_] => String::new(),
        };
        if players.check.is_whole() {
            players
                .check
                .problem(node.span, message)
                .hint("such as `players: { a2s: 127.0.0.1:28017 }`");
        }
        return None;
    }
    // Each belongs to one way.
    for (key, ways) in [
        ("pattern", &["send", "exec"][..]),
        ("json", &["http"]),
        ("json_max", &["http"]),
    ] {
        let is_alone = !ways.iter().any(|way| given.contains(way));
        if let Some(entry) = players.entry(key).filter(|_| is_alone) {
            let ways: Vec<String> = ways.iter().map(|way| format!("`{way}`")).collect();
            let message = format!("`{key}` means nothing without {}", ways.join(" or "));
            players.check.problem(entry.at, message);
        }
    }
    for (name, protocol, make) in QUERIES {
        if players.entry(name).is_some() {
            let of = (ports, protocol, is_given);
            let server = players.get(name, |check, what, node| server(check, what, node, of));
            return server.map(|server| PlayersRule::Query(Box::new(make(server))));
        }
    }
    match given.first() {
        Some(&"send") => line(&mut players, node, channels),
        Some(&"exec") => command(&mut players, node),
        _ => request(&mut players, node, ports, is_given),
    }
}

/// Reads an address, or the name of one of these ports of the instance on this host, with this
/// protocol. One that is missing is a mistake of whoever has written the name down.
fn server(
    check: &mut Collector,
    what: &str,
    node: &Node,
    (ports, protocol, is_given): (&[Port], Protocol, bool),
) -> Option<HostPort> {
    let word = check.word(what, "HOST:PORT, or the name of a port", node)?;
    if word.contains(':') {
        return match address(&word) {
            Ok(address) => Some(address),
            Err(hint) => {
                check.problem(node.span, format!("{what} must be HOST:PORT")).hint(hint);
                None
            }
        };
    }
    let port = ports
        .iter()
        .find(|port| port.name == *word && port.protocol == protocol);
    if port.is_none() && is_given && check.is_whole() {
        let spoken = if protocol == Protocol::Udp { "udp" } else { "tcp" };
        check
            .problem(
                node.span,
                format!("{what} is neither HOST:PORT nor the name of a {spoken} port in `ports`"),
            )
            .hint(format!(
                "such as `127.0.0.1:28017`; or `ports: {{ query: 28017/{spoken} }}`, and `query` here"
            ));
    }
    port.map(|port| HostPort {
        host: "127.0.0.1".to_owned(),
        port: port.number,
    })
}

/// Reads the pattern of a way that needs one.
fn pattern_for(players: &mut Fields, node: &Node, way: &str) -> Option<String> {
    players.require(
        "pattern",
        node.span,
        &format!("`{way}` needs a `pattern`, which finds the number in the reply"),
        "such as `pattern: 'There are (?<online>\\d+) of a max of (?<max>\\d+)'`",
    );
    players.get("pattern", |check, what, node| {
        let pattern = pattern::read(check, what, node)?;
        if !["(?<online>", "(?P<online>"]
            .iter()
            .any(|group| pattern.contains(group))
        {
            check
                .problem(node.span, format!("{what} has no group `online`"))
                .hint("put `(?<online>...)` around the number, such as `(?<online>\\d+)`");
            return None;
        }
        Some(pattern)
    })
}

fn command(players: &mut Fields, node: &Node) -> Option<PlayersRule> {
    let argv = players.get("exec", |check, what, node| {
        let argv = check.words(what, node)?;
        if argv.first().is_none_or(String::is_empty) {
            check
                .problem(node.span, format!("{what} names no program"))
                .hint("it is a list: the program, then its arguments");
            return None;
        }
        Some(argv)
    });
    let pattern = pattern_for(players, node, "exec");
    Some(PlayersRule::Exec(Box::new(PlayersCommand {
        argv: argv?,
        pattern: pattern?,
    })))
}

fn line(players: &mut Fields, node: &Node, channels: &Channels) -> Option<PlayersRule> {
    let line = players.get("send", Collector::line);
    let pattern = pattern_for(players, node, "send");
    let remote = channels.get(channels.admin).cloned();
    if remote.is_none() && players.check.is_whole() {
        players
            .check
            .problem(
                node.span,
                "`send` needs a channel with replies, and standard input has none",
            )
            .hint("give the instance `rcon` or another channel over the network, or count by a query such as `a2s`");
    }
    Some(PlayersRule::Line(Box::new(PlayersLine {
        remote: remote?,
        line: line?,
        pattern: pattern?,
    })))
}

/// Splits a URL around its port, if that is a name and no number.
fn around_port_name(url: &str) -> Option<(&str, &str, &str)> {
    let host_at = url.find("://")? + 3;
    let end = url.get(host_at..)?.find('/').map_or(url.len(), |at| host_at + at);
    let name_at = url.get(host_at..end)?.rfind(':').map(|at| host_at + at + 1)?;
    let name = url.get(name_at..end)?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_name.then_some((url.get(..name_at)?, name, url.get(end..)?))
}

/// Reads a request, in whose URL the name of a port of the instance may be in the place
/// of the number.
fn request_of(check: &mut Collector, node: &Node, ports: &[Port], is_given: bool) -> Option<HttpCheck> {
    let url = match &node.shape {
        Shape::Scalar(scalar) => around_port_name(&scalar.text),
        _ => None,
    };
    let Some((before, name, after)) = url else {
        return http::read(check, HttpMethod::Get, node);
    };
    let named = |port: &&Port| port.name == name && port.protocol == Protocol::Tcp;
    let Some(port) = ports.iter().find(named) else {
        if is_given && check.is_whole() {
            check
                .problem(node.span, format!("`{name}` is not the name of a tcp port in `ports`"))
                .hint(format!(
                    "such as `ports: {{ {name}: 8080/tcp }}`, or a number in the URL"
                ));
        }
        return None;
    };
    let text = format!("{before}{}{after}", port.number).into();
    let shape = Shape::Scalar(Scalar { text, plain: true });
    http::read(check, HttpMethod::Get, &Node { span: node.span, shape })
}

fn request(players: &mut Fields, node: &Node, ports: &[Port], is_given: bool) -> Option<PlayersRule> {
    players.require(
        "json",
        node.span,
        "`http` needs `json`, the path of the number in the answer",
        "such as `json: .players.online`",
    );
    let online = players.get("json", kubectl::path);
    let max = players.get("json_max", kubectl::path);
    let request = players.get("http", |check, _, node| request_of(check, node, ports, is_given));
    Some(PlayersRule::Http(Box::new(PlayersRequest {
        request: request?,
        online: online?,
        max,
    })))
}

#[cfg(test)]
mod tests {
    use crate::inventory::{Inventory, PlayersRule, Probe, Problems, parse};

    fn read(text: &str) -> Result<Inventory, Problems> {
        parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None)
    }

    #[test]
    fn mistakes_have_their_places() {
        let rcon = "rcon: {port: 1, password: x}";
        for (keys, wanted) in [
            ("players: list", "1:26 `players` must be a mapping"),
            ("players: {}", "1:26 `players` names no way"),
            (
                "players: {a2s: 'h:1', http: 'http://h/'}",
                "1:26 `players` has both `a2s` and `http`",
            ),
            (
                "players: {a2s: query}",
                "1:32 `a2s` is neither HOST:PORT nor the name of a udp port",
            ),
            ("players: {a2s: 'h:0'}", "1:33 `a2s` must be HOST:PORT"),
            ("ports: {q: 1/tcp}, players: {quake3: q}", "1:54 `quake3` is neither"),
            ("players: {send: list}", "1:26 `send` needs a `pattern`"),
            (
                "players: {send: list, pattern: '(?<online>x)'}",
                "1:26 `send` needs a channel with replies",
            ),
            (
                &format!("{rcon}, players: {{send: list, pattern: '(x'}}"),
                "1:79 `pattern` is not a regular expression",
            ),
            (
                &format!("{rcon}, players: {{send: list, pattern: '(x)'}}"),
                "1:79 `pattern` has no group `online`",
            ),
            ("players: {http: 'http://h/'}", "1:26 `http` needs `json`"),
            ("players: {exec: [list]}", "1:26 `exec` needs a `pattern`"),
            (
                "players: {exec: [], pattern: '(?<online>x)'}",
                "1:33 `exec` names no program",
            ),
            (
                "players: {exec: [list], pattern: '(x)'}",
                "1:51 `pattern` has no group `online`",
            ),
            (
                "players: {a2s: 'h:1', pattern: x}",
                "1:39 `pattern` means nothing without `send` or `exec`",
            ),
            (
                "podman: {container: x}, players: {exec: [list], pattern: '(?<online>x)'}",
                "1:51 `players.exec` means nothing on the plane `podman`",
            ),
            (
                "players: {http: 'http://h/', json: 'a..b'}",
                "1:53 `json` is not the path of a field",
            ),
            (
                "players: {a2s: 'h:1', json: .a}",
                "1:39 `json` means nothing without `http`",
            ),
            (
                "ports: {q: 1/udp}, players: {http: 'http://h:q/', json: .n}",
                "1:53 `q` is not the name of a tcp port",
            ),
            ("players: {a2: 'h:1'}", "1:27 unknown key `a2` in `players`"),
        ] {
            let text = format!("instances: {{a: {{{keys}}}}}");
            let found = read(&text).expect_err(keys).told();
            assert!(found.iter().any(|one| one.starts_with(wanted)), "{keys}: {found:?}");
        }
    }

    #[test]
    fn an_own_way_replaces_that_of_the_preset_and_a_probe_does_too() {
        let counted = |keys: &str| {
            let read = read(&format!("instances: {{a: {{{keys}}}}}")).unwrap();
            match read.instances[0].counted_by() {
                Some(PlayersRule::Query(probe)) => probe.query().map(|(name, server)| format!("{name} {server}")),
                Some(PlayersRule::Http(asked)) => Some(format!("{}{}", asked.request.address, asked.request.path)),
                Some(_) => Some("another".to_owned()),
                None => None,
            }
        };
        let game = "game: minecraft-bedrock";
        for (keys, wanted) in [
            (game, Some("bedrock 127.0.0.1:19132")),
            (
                "game: minecraft-bedrock, ports: {game: 5/udp}",
                Some("bedrock 127.0.0.1:5"),
            ),
            ("game: minecraft-bedrock, players: {a2s: 'h:1'}", Some("a2s h:1")),
            (
                "game: minecraft-bedrock, healthy: {gamespy3: 'h:2'}",
                Some("gamespy3 h:2"),
            ),
            // What others have called differently until now is no mistake.
            ("game: openarena, ports: {game: 5/tcp}", None),
            ("game: openarena, ports: {game: 5/udp}", Some("quake3 127.0.0.1:5")),
            ("ready: {quake3: 'h:3'}", Some("quake3 h:3")),
            ("players: {http: 'http://h/', json: .n}", Some("h:80/")),
            (
                "ports: {web: 7/tcp}, players: {http: 'http://h:web/a', json: .n}",
                Some("h:7/a"),
            ),
            ("game: eco", Some("127.0.0.1:3001/frontpage")),
            ("game: eco, ports: {web: 4001/tcp}", Some("127.0.0.1:4001/frontpage")),
            ("game: eco, ports: {web: 4001/udp}", None),
            ("players: {exec: [list], pattern: '(?<online>n)'}", Some("another")),
            ("ready: {alive_for: 1s}", None),
        ] {
            assert_eq!(counted(keys).as_deref(), wanted, "{keys}");
        }
        assert!(Probe::AliveFor(std::time::Duration::ZERO).query().is_none());
    }
}
