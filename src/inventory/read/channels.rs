//! The sections of admin channels: `rcon`, `webrcon`, `telnet`, and `admin`.

use super::check::Check;
use super::section::{did_you_mean, written};
use crate::inventory::model::address::HostPort;
use crate::inventory::model::channels::{ChannelKind, Channels, Password, Remote, Secret};
use crate::inventory::report::keys;
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::{Node, Shape, Span};

/// The kinds over the network, in the order in which one is chosen.
const REMOTES: [ChannelKind; 3] = [ChannelKind::Rcon, ChannelKind::Webrcon, ChannelKind::Telnet];

/// The settings of all channels that were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RawChannels {
    /// In the order of [`REMOTES`].
    remotes: [Option<RawRemote>; REMOTES.len()],
    admin: Option<ChannelKind>,
}

/// The settings of one section that were given.
#[derive(Debug, Clone, Default, PartialEq)]
struct RawRemote {
    host: Option<String>,
    port: Option<u16>,
    password: Option<Password>,
    greeting: Option<String>,
    /// True when only a preset speaks of it.
    hearsay: bool,
}

fn remote(check: &mut Check, kind: ChannelKind, node: &Node) -> RawRemote {
    let section = if kind == ChannelKind::Telnet {
        &keys::TELNET
    } else {
        &keys::RCON
    };
    let mut raw = RawRemote::default();
    for entry in check.section(&format!("`{kind}`"), section, node) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "host" => raw.host = host(check, value),
            "port" => raw.port = check.port("`port`", value),
            "password" => raw.password = password(check, value),
            "greeting" if kind == ChannelKind::Telnet => {
                raw.greeting = check.word("`greeting`", "text", value).map(Into::into);
            }
            _ => {}
        }
    }
    raw
}

fn admin(check: &mut Check, node: &Node) -> Option<ChannelKind> {
    let word = check.word("`admin`", "the name of a channel", node)?;
    let kind = ChannelKind::of_name(&word);
    if kind.is_none() {
        let near = nearest(&word, ["stdin", "rcon", "webrcon", "telnet"]);
        check
            .problem(node.span, format!("there is no channel{}", written(node)))
            .hint(did_you_mean(near, "there are `stdin`, `rcon`, `webrcon` and `telnet`"));
    }
    kind
}

fn host(check: &mut Check, node: &Node) -> Option<String> {
    let word = check.word("`host`", "a host's name or address", node)?;
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

fn password(check: &mut Check, node: &Node) -> Option<Password> {
    const WANTS: &str = "text or `{ file: PATH }`";
    if !matches!(node.shape, Shape::Map(_)) {
        let word = check.word("`password`", WANTS, node)?;
        if word.is_empty() || word.contains(['\n', '\r', '\0']) {
            check
                .problem(node.span, "`password` must be a single line, and not empty")
                .hint("leave the key out if the server wants none");
            return None;
        }
        return Some(Password::Given(Secret::new(word.into_owned())));
    }
    let entries = check.section("`password`", &keys::PASSWORD, node);
    let Some(file) = entries.iter().find(|entry| entry.key == "file") else {
        check
            .problem(node.span, "`password` names no file")
            .hint("write `password: { file: PATH }`, or `password: ${VARIABLE}`");
        return None;
    };
    check.path("`file`", &file.value).map(Password::File)
}

impl RawRemote {
    fn over(self, below: &Self) -> Self {
        Self {
            host: self.host.or_else(|| below.host.clone()),
            port: self.port.or(below.port),
            password: self.password.or_else(|| below.password.clone()),
            greeting: self.greeting.or_else(|| below.greeting.clone()),
            hearsay: self.hearsay && below.hearsay,
        }
    }

    fn is_complete(&self, kind: ChannelKind) -> bool {
        self.port.is_some() && (self.password.is_some() || kind == ChannelKind::Telnet)
    }
}

impl RawChannels {
    /// Reads the section of that name, if it is one of a channel.
    pub(crate) fn read(&mut self, check: &mut Check, key: &str, node: &Node) {
        if key == "admin" {
            self.admin = admin(check, node);
        }
        for (kind, place) in REMOTES.into_iter().zip(&mut self.remotes) {
            if kind.as_str() == key {
                *place = Some(remote(check, kind, node));
            }
        }
    }

    /// Returns these settings as those of a preset: its passwords are examples.
    pub(crate) fn of_preset(mut self) -> Self {
        for remote in self.remotes.iter_mut().flatten() {
            remote.password = None;
            remote.hearsay = true;
        }
        self
    }

    /// Returns these settings, and where they are silent, those below.
    pub(crate) fn over(mut self, below: &Self) -> Self {
        for (own, below) in self.remotes.iter_mut().zip(&below.remotes) {
            if let Some(below) = below {
                *own = Some(own.take().map_or_else(|| below.clone(), |own| own.over(below)));
            }
        }
        self.admin = self.admin.or(below.admin);
        self
    }

    /// Returns the channels with nothing left open. `needed` are the kinds that
    /// the stop chain and the probes use. What is missing is noted at `at`.
    pub(crate) fn finish(self, check: &mut Check, needed: &[ChannelKind], at: Span) -> Channels {
        let mut remotes = Vec::new();
        for (kind, raw) in REMOTES.into_iter().zip(&self.remotes) {
            let wanted = needed.contains(&kind) || self.admin == Some(kind);
            match raw {
                Some(raw) if raw.hearsay && !wanted && !raw.is_complete(kind) => {}
                Some(raw) => remotes.extend(complete(check, kind, raw, at)),
                None if wanted => {
                    let what = format!("`{kind}` is used here, but there is no section `{kind}`");
                    check.problem(at, what).hint(example(kind));
                }
                None => {}
            }
        }
        let only = match remotes.as_slice() {
            [only] => Some(only.kind),
            _ => None,
        };
        let admin = self.admin.or(only).unwrap_or(ChannelKind::Stdin);
        Channels { remotes, admin }
    }
}

fn example(kind: ChannelKind) -> String {
    match kind {
        ChannelKind::Telnet => "such as `telnet: { port: 8081 }`".to_owned(),
        kind => format!("such as `{kind}: {{ port: 28016, password: {{ file: /path/to/it }} }}`"),
    }
}

fn complete(check: &mut Check, kind: ChannelKind, raw: &RawRemote, at: Span) -> Option<Remote> {
    let mut lacks = Vec::new();
    if raw.port.is_none() {
        lacks.push("port");
    }
    if raw.password.is_none() && kind != ChannelKind::Telnet {
        lacks.push("password");
    }
    if !lacks.is_empty() {
        let message = format!("`{kind}` has no {}", lacks.join(" and no "));
        check.problem(at, message).hint(example(kind));
        return None;
    }
    Some(Remote {
        kind,
        address: HostPort {
            host: raw.host.clone().unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: raw.port?,
        },
        password: raw.password.clone(),
        greeting: raw.greeting.clone(),
    })
}
