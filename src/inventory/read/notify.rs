//! The `notify` list.

use std::sync::Arc;

use super::channels;
use super::collector::Collector;
use super::http;
use super::section::Fields;
use crate::event::EventKind;
use crate::inventory::model::channels::{Password, Secret};
use crate::inventory::model::notify::{DEFAULT_ON, Notify, NotifyTarget, NtfyTarget, WebhookTarget};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Node, Shape};

/// The services, each by its key.
const SERVICES: [&str; 3] = ["discord", "webhook", "ntfy"];

/// The longest topic of ntfy.
const TOPIC_MAX: usize = 64;

/// Reads it. Its files are of this machine, whatever host the instance is on.
pub(super) fn read(settings: &mut Fields) -> Vec<Notify> {
    let is_elsewhere = settings.check.is_elsewhere();
    settings.check.set_elsewhere(false);
    let read = settings.get("notify", |check, what, node| {
        let items = check.list(what, "a list of targets", node)?;
        Some(items.iter().filter_map(|item| notify(check, item)).collect())
    });
    settings.check.set_elsewhere(is_elsewhere);
    read.unwrap_or_default()
}

fn notify(check: &mut Collector, node: &Node) -> Option<Notify> {
    let mut notify = check.section("a target of `notify`", &keys::NOTIFY, node);
    let given: Vec<_> = SERVICES.iter().filter_map(|key| notify.entry(key)).collect();
    let hint = "such as `discord: { url: { file: /etc/gamectl/discord.url } }`";
    match given.as_slice() {
        [] if matches!(node.shape, Shape::Map(_)) => {
            let message = "this target of `notify` names no service";
            notify.check.problem(node.span, message).hint(hint);
        }
        [_, second, ..] => {
            let message = "a target of `notify` is one service";
            notify
                .check
                .problem(second.at, message)
                .hint("give each an item of its own in the list");
        }
        _ => {}
    }
    let on: Vec<EventKind> = notify.choices("on", "an event").unwrap_or_else(|| DEFAULT_ON.to_vec());
    let discord = notify.get("discord", discord);
    let webhook = notify.get("webhook", webhook);
    let ntfy = notify.get("ntfy", ntfy);
    let target = Arc::new(discord.or(webhook).or(ntfy)?);
    Some(Notify { target, on })
}

fn discord(check: &mut Collector, what: &str, node: &Node) -> Option<NotifyTarget> {
    let mut discord = check.section(what, &keys::DISCORD, node);
    require_url(&mut discord, node, "`discord` has no `url`");
    let url = discord.get("url", url)?;
    Some(NotifyTarget::Discord { url })
}

fn webhook(check: &mut Collector, what: &str, node: &Node) -> Option<NotifyTarget> {
    let mut webhook = check.section(what, &keys::WEBHOOK, node);
    require_url(&mut webhook, node, "`webhook` has no `url`");
    let headers = webhook.get("headers", http::headers).unwrap_or_default();
    let body = webhook.get("body", http::read_body);
    let ca = webhook.get("ca", Collector::path);
    let url = webhook.get("url", url)?;
    Some(NotifyTarget::Webhook(Box::new(WebhookTarget {
        url,
        headers,
        body,
        ca,
    })))
}

fn ntfy(check: &mut Collector, what: &str, node: &Node) -> Option<NotifyTarget> {
    let mut ntfy = check.section(what, &keys::NTFY, node);
    if matches!(node.shape, Shape::Map(_)) {
        ntfy.require("topic", node.span, "`ntfy` has no `topic`", "such as `topic: my-games`");
    }
    let token = ntfy.get("token", channels::password);
    let ca = ntfy.get("ca", Collector::path);
    let url = ntfy.get("url", url);
    let topic = ntfy.get("topic", topic)?;
    let default = || Password::Given(Secret::new("https://ntfy.sh".to_owned()));
    Some(NotifyTarget::Ntfy(Box::new(NtfyTarget {
        url: url.unwrap_or_else(default),
        topic,
        token,
        ca,
    })))
}

fn require_url(service: &mut Fields, node: &Node, message: &str) {
    if matches!(node.shape, Shape::Map(_)) {
        let hint = "write `url: { file: PATH }`, or the URL itself";
        service.require("url", node.span, message, hint);
    }
}

/// Reads a URL, or the file that it is in. It may be a secret as a whole, so it is not
/// repeated.
fn url(check: &mut Collector, what: &str, node: &Node) -> Option<Password> {
    let url = channels::password(check, what, node)?;
    if let Password::Given(given) = &url
        && let Err(hint) = http::parse(given.reveal())
    {
        check.problem(node.span, format!("{what} must be a URL")).hint(hint);
        return None;
    }
    Some(url)
}

fn topic(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let topic = check.word(what, "a topic", node)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if topic.is_empty() || topic.len() > TOPIC_MAX || !topic.bytes().all(is_plain) {
        check
            .problem(node.span, "this is not a topic of ntfy")
            .hint("letters, digits, `-` and `_`, 64 at most; the server has a key of its own: `url`");
        return None;
    }
    Some(topic.into_owned())
}

#[cfg(test)]
mod tests {
    use crate::event::EventKind;
    use crate::inventory::{Inventory, NotifyTarget, Password, Problems, parse};

    fn read(notify: &str) -> Result<Inventory, Problems> {
        let text = format!("instances: {{a: {{notify: {notify}, process: {{executable: /x}}}}}}");
        parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None)
    }

    #[test]
    fn every_service_is_read() {
        let read = read(
            "[{discord: {url: {file: d.url}}, on: [crashed, schedule]}, \
              {webhook: {url: 'https://a/x?token=t', headers: {X-Key: k}, body: '{}', ca: c.pem}}, \
              {ntfy: {topic: games, token: {file: t}}}]",
        );
        let read = read.unwrap();
        let [discord, webhook, ntfy] = read.instances[0].notify.as_slice() else {
            panic!()
        };
        assert_eq!(discord.on, [EventKind::Crashed, EventKind::Schedule]);
        assert_eq!(*discord.target.url(), Password::File("/srv/d.url".into()));
        assert!(!webhook.on.contains(&EventKind::Started) && webhook.on.contains(&EventKind::Hung));
        assert_eq!(webhook.target.ca().unwrap().to_str(), Some("/srv/c.pem"));
        assert!(webhook.target.is_told_in_the_inventory() && !discord.target.is_told_in_the_inventory());
        let NotifyTarget::Ntfy(ntfy) = &*ntfy.target else {
            panic!()
        };
        assert_eq!(ntfy.topic, "games");
        // Nothing of it is shown, the URL least of all.
        assert!(!format!("{webhook:?}").contains("token=t"), "{webhook:?}");
    }

    #[test]
    fn defaults_are_replaced_as_a_whole() {
        let text = "defaults: {notify: [{ntfy: {topic: x}}]}\n\
                    instances: {a: {process: {executable: /x}}, b: {notify: [], process: {executable: /x}}}";
        let read = parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None).unwrap();
        let counts: Vec<usize> = read.instances.iter().map(|one| one.notify.len()).collect();
        assert_eq!(counts, [1, 0]);
    }

    #[test]
    fn on_another_host_its_files_are_of_this_machine() {
        let text = "hosts: {box2: {ssh: b}}\ndefaults: {notify: [{discord: {url: {file: d.url}}}]}\n\
                    instances: {a: {host: box2, notify: [{discord: {url: {file: e.url}}}], process: {executable: /x}}}";
        let read = parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None).unwrap();
        let instance = &read.instances[0];
        assert_eq!(*instance.notify[0].target.url(), Password::File("/srv/e.url".into()));
        // The host is not told: an older gamectl there would not know the key.
        let hosted = instance.hosted.as_deref().unwrap();
        let sent = crate::inventory::definitions([("a", hosted)]);
        assert!(!sent.contains("notify") && !sent.contains("url"), "{sent}");
    }

    #[test]
    fn mistakes_have_their_places_and_show_no_secret() {
        for (notify, wanted) in [
            ("[{}]", "1:26 this target of `notify` names no service / such as"),
            (
                "[{discord: {url: 'http://a'}, ntfy: {topic: x}}]",
                "1:55 a target of `notify` is one service",
            ),
            ("[{discord: {}}]", "1:36 `discord` has no `url`"),
            ("[{discord: {url: geheim}}]", "1:42 `url` must be a URL"),
            ("[{webhook: {url: 'http://a/geheim#'}}]", "1:43 `url` must be a URL"),
            ("[{webhook: {uri: 'http://a/geheim'}}]", "1:36 `webhook` has no `url`"),
            ("[{ntfy: {topic: a/b}}]", "1:41 this is not a topic of ntfy"),
            ("[{ntfy: {}}]", "1:33 `ntfy` has no `topic`"),
            ("[{ntfy: {topic: x}, on: [reload]}]", "1:50 an event must be"),
            (
                "[{slack: {url: 'http://a/geheim'}}]",
                "1:26 this target of `notify` names no service",
            ),
        ] {
            let problems = read(notify).unwrap_err();
            let said = problems.told();
            assert!(said.iter().any(|one| one.starts_with(wanted)), "{said:?}\n{notify}");
            assert!(!problems.to_string().contains("geheim"), "{problems}");
        }
    }
}
