//! The sections of admin channels: `rcon`, `webrcon`, `telnet`, and `admin`.

use super::channels::{ChannelKind, Channels, Password, Remote, Secret};
use super::check::{Check, short};
use super::fields::Section;
use super::model::HostPort;
use super::nearest::nearest;
use super::node::{Node, Shape, Span};
use super::value::weight;

/// What one section says; the rest is inherited.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RawRemote {
    host: Option<String>,
    port: Option<u16>,
    password: Option<Password>,
    greeting: Option<String>,
    /// Only a preset speaks of it.
    hearsay: bool,
}

/// What all of them say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RawChannels {
    rcon: Option<RawRemote>,
    webrcon: Option<RawRemote>,
    telnet: Option<RawRemote>,
    admin: Option<ChannelKind>,
}

/// The kinds over the network, in the order in which one is chosen.
const REMOTES: [ChannelKind; 3] = [ChannelKind::Rcon, ChannelKind::Webrcon, ChannelKind::Telnet];

/// Reads the section of a kind.
pub(super) fn read(check: &mut Check, channels: &mut RawChannels, kind: ChannelKind, node: &Node) {
    let what = format!("`{kind}`");
    let section = if kind == ChannelKind::Telnet {
        Section::Telnet
    } else {
        Section::Rcon
    };
    let entries = check.mapping(&what, "a mapping", node);
    check.known_keys(entries, section);
    let mut raw = RawRemote::default();
    for entry in entries.iter().filter(|entry| !entry.void) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "host" => raw.host = host(check, value),
            "port" => raw.port = port(check, "`port`", value),
            "password" => raw.password = password(check, value),
            "greeting" if section == Section::Telnet => {
                raw.greeting = check.word("`greeting`", "text", value).map(Into::into);
            }
            _ => {}
        }
    }
    if let Some(place) = channels.place(kind) {
        *place = Some(raw);
    }
}

/// Reads `admin`.
pub(super) fn admin(check: &mut Check, channels: &mut RawChannels, node: &Node) {
    let Some(word) = check.word("`admin`", "the name of a channel", node) else {
        return;
    };
    channels.admin = ChannelKind::of_name(&word);
    if channels.admin.is_none() {
        let names = ["stdin", "rcon", "webrcon", "telnet"];
        let hint = match nearest(&word, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "there are `stdin`, `rcon`, `webrcon` and `telnet`".to_owned(),
        };
        let shown = match &node.shape {
            Shape::Scalar(scalar) => format!(" `{}`", short(&scalar.text)),
            _ => String::new(),
        };
        check
            .problem(node.span, format!("there is no channel{shown}"))
            .hint(hint);
    }
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

/// A port.
pub(super) fn port(check: &mut Check, what: &str, node: &Node) -> Option<u16> {
    let number = check.number(what, 1..=u32::from(u16::MAX), node)?;
    u16::try_from(number).ok()
}

fn password(check: &mut Check, node: &Node) -> Option<Password> {
    const WANTS: &str = "text or `{ file: PATH }`";
    let Shape::Map(entries) = &node.shape else {
        let word = check.word("`password`", WANTS, node)?;
        if word.is_empty() || word.contains(['\n', '\r', '\0']) {
            check
                .problem(node.span, "`password` must be a single line, and not empty")
                .hint("leave the key out if the server wants none");
            return None;
        }
        return Some(Password::Given(Secret::new(word.into_owned())));
    };
    check.known_keys(entries, Section::Password);
    let file = entries.iter().find(|entry| !entry.void && entry.key == "file");
    let Some(file) = file else {
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

    fn weight(&self) -> usize {
        let texts = [self.host.as_deref(), self.greeting.as_deref()];
        let password = match &self.password {
            Some(Password::Given(secret)) => weight(secret.reveal()),
            Some(Password::File(path)) => weight(&path.to_string_lossy()),
            None => 0,
        };
        1 + password + texts.into_iter().flatten().map(weight).sum::<usize>()
    }
}

impl RawChannels {
    fn place(&mut self, kind: ChannelKind) -> Option<&mut Option<RawRemote>> {
        match kind {
            ChannelKind::Stdin => None,
            ChannelKind::Rcon => Some(&mut self.rcon),
            ChannelKind::Webrcon => Some(&mut self.webrcon),
            ChannelKind::Telnet => Some(&mut self.telnet),
        }
    }

    fn get(&self, kind: ChannelKind) -> Option<&RawRemote> {
        match kind {
            ChannelKind::Stdin => None,
            ChannelKind::Rcon => self.rcon.as_ref(),
            ChannelKind::Webrcon => self.webrcon.as_ref(),
            ChannelKind::Telnet => self.telnet.as_ref(),
        }
    }

    /// See [`super::common::Common::of_preset`].
    pub(super) fn of_preset(mut self) -> Self {
        for remote in [&mut self.rcon, &mut self.webrcon, &mut self.telnet]
            .into_iter()
            .flatten()
        {
            remote.password = None;
            remote.hearsay = true;
        }
        self
    }

    /// These settings, and where they are silent, those.
    pub(super) fn over(self, below: &Self) -> Self {
        let merged = |own: Option<RawRemote>, below: &Option<RawRemote>| match (own, below) {
            (Some(own), Some(below)) => Some(own.over(below)),
            (own, below) => own.or_else(|| below.clone()),
        };
        Self {
            rcon: merged(self.rcon, &below.rcon),
            webrcon: merged(self.webrcon, &below.webrcon),
            telnet: merged(self.telnet, &below.telnet),
            admin: self.admin.or(below.admin),
        }
    }

    /// How many values these are.
    pub(super) fn weight(&self) -> usize {
        let all = REMOTES.iter().filter_map(|kind| self.get(*kind));
        all.map(RawRemote::weight).sum()
    }

    /// The channels with nothing left open. `needed` are the kinds that the
    /// stop chain and the probes use. What is missing is noted at `at`.
    pub(super) fn finish(self, check: &mut Check, needed: &[ChannelKind], at: Span) -> Channels {
        let mut remotes = Vec::new();
        for kind in REMOTES {
            let wanted = needed.contains(&kind) || self.admin == Some(kind);
            match self.get(kind) {
                Some(raw) if raw.hearsay && !wanted && !raw.is_complete(kind) => {}
                Some(raw) => remotes.extend(complete(check, kind, raw, at)),
                None if wanted => {
                    let what = format!("`{kind}` is used here, but there is no section `{kind}`");
                    check.problem(at, what).hint(how(kind));
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

fn how(kind: ChannelKind) -> String {
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
        check.problem(at, message).hint(how(kind));
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
