//! The `link` section.

use super::address::address;
use super::channels;
use super::collector::Collector;
use super::section::{Fields, short};
use crate::inventory::model::channels::Password;
use crate::inventory::model::link::{
    ClientCertificate, DEFAULT_HEARTBEAT, NatsLink, NatsLogin, NatsServer, NatsTls, is_subject_token,
};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Node, Shape};

/// The port of a server whose URL has none.
const PORT: u16 = 4222;

/// Reads it; `None` where there is no link, or a problem was noted.
pub(super) fn read(check: &mut Collector, node: &Node) -> Option<NatsLink> {
    let before = check.problems();
    let mut link = check.section("`link`", &keys::LINK, node);
    if matches!(node.shape, Shape::Map(_)) {
        let hint = "such as `nats: { servers: ['nats://127.0.0.1:4222'] }`";
        link.require("nats", node.span, "`link` has no `nats`", hint);
    }
    let nats = link.get("nats", |check, what, node| Some(nats(check, what, node)))?;
    (check.problems() == before).then_some(nats)
}

fn nats(check: &mut Collector, what: &str, node: &Node) -> NatsLink {
    let mut nats = check.section(what, &keys::NATS, node);
    if matches!(node.shape, Shape::Map(_)) {
        let hint = "such as `servers: ['nats://127.0.0.1:4222']`";
        nats.require("servers", node.span, "`nats` has no `servers`", hint);
    }
    NatsLink {
        servers: nats.get("servers", servers).unwrap_or_default(),
        prefix: nats.get("prefix", prefix).unwrap_or_else(|| "gamectl".to_owned()),
        node: nats.get("node", token),
        login: login(&mut nats),
        tls: nats.get("tls", tls),
        accept: nats.choices("accept", "a verb of `accept`").unwrap_or_default(),
        heartbeat: nats.get("heartbeat", Collector::duration).unwrap_or(DEFAULT_HEARTBEAT),
        stream: nats.get("stream", Collector::flag).unwrap_or_default(),
    }
}

fn servers(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<NatsServer>> {
    let mut servers = Vec::new();
    for item in check.list(what, "a list of URLs", node)? {
        let Some(word) = check.word("a server", "a URL", item) else {
            continue;
        };
        match server(&word) {
            Ok(server) => servers.push(server),
            // It may carry a password, so it is not repeated.
            Err(hint) => drop(
                check
                    .problem(item.span, "this is not the URL of a server of NATS")
                    .hint(hint),
            ),
        }
    }
    if matches!(&node.shape, Shape::List(items) if items.is_empty()) {
        check
            .problem(node.span, "`servers` is empty")
            .hint("one server is enough");
    }
    Some(servers)
}

fn server(text: &str) -> Result<NatsServer, &'static str> {
    const FORM: &str = "write it like `nats://127.0.0.1:4222`, or `tls://HOST:PORT`";
    let (rest, tls) = match (text.strip_prefix("nats://"), text.strip_prefix("tls://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) if text.contains("://") => return Err(FORM),
        (None, None) => (text, false),
    };
    if rest.contains('@') {
        return Err("who connects has keys of its own: `user` and `password`, `token`, `nkey` or `credentials`");
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let has_port = rest.contains(':') && !rest.ends_with(']');
    let address = match has_port {
        true => address(rest)?,
        false => address(&format!("{rest}:{PORT}"))?,
    };
    Ok(NatsServer { address, tls })
}

fn prefix(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let prefix = check.word(what, "the beginning of a subject", node)?;
    if prefix.len() > 200 || !prefix.split('.').all(is_subject_token) {
        check
            .problem(node.span, format!("`{}` cannot begin a subject", short(&prefix)))
            .hint("words of letters, digits, `-` and `_`, with single dots between them");
        return None;
    }
    Some(prefix.into_owned())
}

fn token(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let token = check.word(what, "a name", node)?;
    if !is_subject_token(&token) {
        check
            .problem(node.span, format!("`{}` cannot be the name of a node", short(&token)))
            .hint("letters, digits, `-` and `_`; with a dot in it nobody who listens to `PREFIX.*.*.status` would hear of it");
        return None;
    }
    Some(token.into_owned())
}

fn login(nats: &mut Fields) -> Option<NatsLogin> {
    let user = nats.get("user", Collector::line);
    let password = nats.get("password", channels::password);
    let credentials = nats.get("credentials", |check, what, node| {
        match channels::password(check, what, node)? {
            Password::File(path) => Some(path),
            Password::Given(_) => {
                check
                    .problem(node.span, "`credentials` must name a file")
                    .hint("write `credentials: { file: PATH }`");
                None
            }
        }
    });
    let token = nats.get("token", channels::password);
    let nkey = nats.get("nkey", channels::password);
    let given = |key: &str| nats.entry(key).map(|entry| entry.at);
    let wrong = match (given("user"), given("password")) {
        (Some(at), None) => Some((at, "`user` needs a `password`")),
        (None, Some(at)) => Some((at, "`password` needs a `user`")),
        _ => None,
    };
    let mut ways = ["credentials", "user", "token", "nkey"].into_iter().filter_map(given);
    let second = ways.next().and(ways.next());
    let wrong = wrong.or_else(|| second.map(|at| (at, "`nats` has two ways to say who connects")));
    if let Some((at, message)) = wrong {
        nats.check
            .problem(at, message)
            .hint("give one: `credentials`, `user` and `password`, `token`, or `nkey`");
    }
    let by_password = user
        .zip(password)
        .map(|(user, password)| NatsLogin::User { user, password });
    by_password
        .or(credentials.map(NatsLogin::Credentials))
        .or(token.map(NatsLogin::Token))
        .or(nkey.map(NatsLogin::Nkey))
}

fn tls(check: &mut Collector, what: &str, node: &Node) -> Option<NatsTls> {
    let mut tls = check.section(what, &keys::NATS_TLS, node);
    let ca = tls.get("ca", Collector::path);
    let certificate = tls.get("certificate", Collector::path);
    let key = tls.get("key", Collector::path);
    for (one, other) in [("certificate", "key"), ("key", "certificate")] {
        if let Some(entry) = tls.entry(one).filter(|_| tls.entry(other).is_none()) {
            let message = format!("`{one}` needs a `{other}`");
            tls.check.problem(entry.at, message);
        }
    }
    let client = certificate
        .zip(key)
        .map(|(certificate, key)| ClientCertificate { certificate, key });
    Some(NatsTls { ca, client })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::inventory::{Inventory, LinkVerb, NatsLogin, Problems, parse};

    fn read(link: &str) -> Result<Inventory, Problems> {
        let text = format!("link: {link}\ninstances: {{}}");
        parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None)
    }

    #[test]
    fn a_whole_link() {
        let text = "{nats: {servers: ['nats://a:1', 'tls://[::1]', b], prefix: games.eu, node: box-1, user: u, \
                    password: {file: pw}, tls: {ca: ca.pem, certificate: c.pem, key: k.pem}, \
                    accept: [status, stop], heartbeat: 1s, stream: true}}";
        let link = read(text).unwrap().link.unwrap();
        let servers: Vec<String> = link
            .servers
            .iter()
            .map(|one| format!("{} {}", one.address, one.tls))
            .collect();
        assert_eq!(servers, ["a:1 false", "[::1]:4222 true", "b:4222 false"]);
        assert_eq!(
            (link.prefix.as_str(), link.node.as_deref()),
            ("games.eu", Some("box-1"))
        );
        assert!(matches!(&link.login, Some(NatsLogin::User { user, .. }) if user == "u"));
        assert_eq!(
            link.tls.clone().unwrap().client.unwrap().key.to_str(),
            Some("/srv/k.pem")
        );
        assert_eq!(link.accept, [LinkVerb::Status, LinkVerb::Stop]);
        assert_eq!((link.heartbeat, link.stream), (Duration::from_secs(1), true));
        let least = read("{nats: {servers: [a]}}").unwrap().link.unwrap();
        assert_eq!((least.prefix.as_str(), least.node.as_deref()), ("gamectl", None));
        assert!(least.accept.is_empty() && !least.stream && least.login.is_none());
        assert_eq!(least.heartbeat, Duration::from_secs(15));
        assert!(
            read("{}").is_err()
                && parse(b"instances: {}", "x", "/".as_ref(), &|_| None)
                    .unwrap()
                    .link
                    .is_none()
        );
    }

    #[test]
    fn mistakes_have_their_places() {
        let with = |rest: &str| format!("{{nats: {{servers: [a], {rest}}}}}");
        for (link, wanted) in [
            ("{}".to_owned(), "1:7 `link` has no `nats`"),
            (
                "{nats: {servers: [a]}, mqtt: {}}".into(),
                "1:30 unknown key `mqtt` in `link`",
            ),
            ("{nats: {}}".into(), "1:14 `nats` has no `servers`"),
            ("{nats: {servers: []}}".into(), "1:24 `servers` is empty"),
            (
                "{nats: {servers: ['http://a']}}".into(),
                "1:26 this is not the URL of a server of NATS",
            ),
            (
                "{nats: {servers: ['nats://u:geheim@a']}}".into(),
                "1:26 this is not the URL of a server of NATS / who connects has keys of its own",
            ),
            (with("node: a.b"), "1:35 `a.b` cannot be the name of a node"),
            (with("node: '*'"), "1:36 `*` cannot be the name of a node"),
            (with("prefix: a..b"), "1:37 `a..b` cannot begin a subject"),
            (with("prefix: a.>"), "1:37 `a.>` cannot begin a subject"),
            (with("user: u"), "1:29 `user` needs a `password`"),
            (with("password: p"), "1:29 `password` needs a `user`"),
            (
                with("token: t, nkey: n"),
                "1:39 `nats` has two ways to say who connects",
            ),
            (with("credentials: x"), "1:42 `credentials` must name a file"),
            (with("tls: {key: k}"), "1:35 `key` needs a `certificate`"),
            (with("accept: [send]"), "1:38 a verb of `accept` must be"),
            (with("heartbeat: often"), "1:40 `heartbeat`"),
        ] {
            let said = read(&link).unwrap_err().told().swap_remove(0);
            assert!(said.starts_with(wanted), "{said}\n{link}");
            assert!(!said.contains("geheim"), "{said}");
        }
    }
}
