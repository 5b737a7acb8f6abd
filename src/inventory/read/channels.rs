//! The sections of admin channels, such as `rcon`, and `admin`.

use std::borrow::Cow;

use super::collector::Collector;
use super::section::{Fields, did_you_mean, written};
use crate::inventory::model::address::HostPort;
use crate::inventory::model::channels::{ChannelKind, Channels, Password, Remote, Secret};
use crate::inventory::report::keys;
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::{Node, Shape, Span};

/// Reads the channels. `needed` are the kinds that the stop chain and the
/// probes use. What is missing is noted at `at`, but not of a section that only
/// a preset has and nothing uses.
pub(super) fn read(
    settings: &mut Fields,
    needed: &[ChannelKind],
    is_given: &dyn Fn(&str) -> bool,
    at: Span,
) -> Channels {
    let admin = settings.get("admin", admin);
    let mut remotes = Vec::new();
    for kind in ChannelKind::REMOTES {
        let is_needed = needed.contains(&kind) || admin == Some(kind);
        let must_be_complete = settings.check.is_whole() && (is_needed || is_given(kind.as_str()));
        let remote = settings.get(kind.as_str(), |check, what, node| Some(remote(check, kind, what, node)));
        let lacks = match remote {
            Some(Ok(remote)) => {
                remotes.push(remote);
                continue;
            }
            Some(Err(Some(lacks))) => format!("`{kind}` has no {lacks}"),
            Some(Err(None)) => continue,
            None if is_needed => format!("`{kind}` is used here, but there is no section `{kind}`"),
            None => continue,
        };
        if must_be_complete {
            settings.check.problem(at, lacks).hint(example(kind));
        }
    }
    let only = match remotes.as_slice() {
        [only] => Some(only.kind),
        _ => None,
    };
    let admin = admin.or(only).unwrap_or(ChannelKind::Stdin);
    Channels { remotes, admin }
}

/// Returns the channel that `rcon: true` means: `rcon`, or the other one that there
/// is.
pub(super) fn of_login(settings: &Fields) -> ChannelKind {
    let there = ChannelKind::REMOTES
        .into_iter()
        .find(|kind| settings.entry(kind.as_str()).is_some());
    there.unwrap_or(ChannelKind::Rcon)
}

/// Reads the section of a kind. The error is what it lacks; `None` where all is given,
/// and some of it is wrong.
fn remote(check: &mut Collector, kind: ChannelKind, what: &str, node: &Node) -> Result<Remote, Option<&'static str>> {
    let is_telnet = kind == ChannelKind::Telnet;
    let section = if is_telnet { &keys::TELNET } else { &keys::RCON };
    let mut channel = check.section(what, section, node);
    let host = channel.get("host", host).unwrap_or_else(|| "127.0.0.1".to_owned());
    let is_missing = |key: &str| channel.entry(key).is_none();
    let lacks = match (is_missing("port"), is_missing("password") && !is_telnet) {
        (false, false) => None,
        (false, true) => Some("password"),
        (true, false) => Some("port"),
        (true, true) => Some("port and no password"),
    };
    let port = channel.number("port").and_then(|port| u16::try_from(port).ok());
    let password = channel.get("password", password);
    let greeting = channel.get("greeting", |check, what, node| check.word(what, "text", node));
    let greeting = greeting.filter(|_| is_telnet).map(Cow::into_owned);
    match port {
        Some(port) if password.is_some() || is_telnet => Ok(Remote {
            kind,
            address: HostPort { host, port },
            password,
            greeting,
        }),
        _ => Err(lacks),
    }
}

fn admin(check: &mut Collector, what: &str, node: &Node) -> Option<ChannelKind> {
    let word = check.word(what, "the name of a channel", node)?;
    let kind = ChannelKind::of_name(&word);
    if kind.is_none() {
        let names = std::iter::once("stdin").chain(ChannelKind::REMOTES.map(ChannelKind::as_str));
        let near = nearest(&word, names);
        check
            .problem(node.span, format!("there is no channel{}", written(node)))
            .hint(did_you_mean(
                near,
                "there are `stdin`, `rcon`, `webrcon`, `telnet`, `battleye_rcon`, `goldsrc_rcon` and `quake_rcon`",
            ));
    }
    kind
}

fn host(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "a host's name or address", node)?;
    let bare = word.trim_start_matches('[').trim_end_matches(']');
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@');
    let v6 = bare.split('%').next().unwrap_or(bare).parse::<std::net::Ipv6Addr>();
    if bare.is_empty() || bare.contains(odd) || (bare.contains(':') && v6.is_err()) {
        check
            .problem(node.span, "`host` must be a host's name or address, without a port")
            .hint("such as `127.0.0.1`; the port has a key of its own");
        return None;
    }
    Some(bare.to_owned())
}

pub(super) fn password(check: &mut Collector, what: &str, node: &Node) -> Option<Password> {
    const WANTS: &str = "text or `{ file: PATH }`";
    if !matches!(node.shape, Shape::Map(_)) {
        let word = check.word(what, WANTS, node)?;
        if word.is_empty() || word.contains(['\n', '\r', '\0']) {
            check
                .problem(node.span, format!("{what} must be a single line, and not empty"))
                .hint("leave the key out if the server wants none");
            return None;
        }
        return Some(Password::Given(Secret::new(word.into_owned())));
    }
    let mut password = check.section(what, &keys::PASSWORD, node);
    let hint = "write `{ file: PATH }`, or the text, such as `${VARIABLE}`";
    password.require("file", node.span, &format!("{what} names no file"), hint);
    password.get("file", Collector::path).map(Password::File)
}

fn example(kind: ChannelKind) -> String {
    match kind {
        ChannelKind::Telnet => "such as `telnet: { port: 8081 }`".to_owned(),
        kind => format!("such as `{kind}: {{ port: 28016, password: {{ file: /path/to/it }} }}`"),
    }
}

#[cfg(test)]
mod tests {
    use crate::inventory::parse;

    /// A channel of a preset takes no port and needs no password before it is set up; nor is a
    /// step of its stop there.
    #[test]
    fn a_channel_of_a_preset_is_there_when_it_is_used() {
        let half_life = "game: half-life, process: {executable: /x}";
        for (keys, wanted) in [
            (half_life, "stdin"),
            (
                &format!("{half_life}, admin: goldsrc_rcon, goldsrc_rcon: {{password: x}}"),
                "goldsrc_rcon 127.0.0.1:27015",
            ),
            (
                &format!("{half_life}, goldsrc_rcon: {{port: 5, password: x}}"),
                "stdin, goldsrc_rcon 127.0.0.1:5",
            ),
            (
                "game: dayz, process: {executable: /x}, battleye_rcon: {password: x}",
                "battleye_rcon 127.0.0.1:2305",
            ),
            ("game: dayz, process: {executable: /x}", "stdin"),
            ("quake_rcon: {port: 5, password: x}", "quake_rcon 127.0.0.1:5"),
        ] {
            let text = format!("instances: {{a: {{{keys}}}}}");
            let read = parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None);
            let read = read.unwrap_or_else(|problems| panic!("{problems}"));
            let channels = &read.instances[0].channels;
            let remotes = channels.remotes.iter();
            let mut told: Vec<String> = remotes
                .map(|remote| format!("{} {}", remote.kind, remote.address))
                .collect();
            if channels.get(channels.admin).is_none() {
                told.insert(0, channels.admin.to_string());
            }
            assert_eq!(told.join(", "), wanted, "{keys}");
            let first = read.instances[0].stop[0].action.to_string();
            assert_eq!(
                first == "battleye_rcon: #shutdown",
                wanted.contains("2305"),
                "{keys}: {first}"
            );
        }
    }
}
