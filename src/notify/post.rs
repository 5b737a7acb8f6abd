//! Messages in the shapes of the services: the request for each. Pure.
//!
//! Discord: <https://discord.com/developers/docs/resources/webhook#execute-webhook>.
//! ntfy: <https://docs.ntfy.sh/publish/#publish-as-json>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::notice::Notification;
use crate::event::Level;
use crate::inventory::{NotifyTarget, Password, Secret};

/// The most characters that Discord takes.
const DISCORD_MAX: usize = 2000;

/// The most bytes that ntfy takes as a message, and not as a file.
const NTFY_MAX: usize = 4000;

/// The most characters of a webhook's message.
const WORDS_MAX: usize = 8000;

/// Returns the body of the request for a target.
pub(super) fn body(target: &NotifyTarget, notification: &Notification) -> Secret {
    Secret::new(match target {
        NotifyTarget::Discord { .. } => discord(notification).to_string(),
        NotifyTarget::Ntfy(ntfy) => of_ntfy(&ntfy.topic, notification).to_string(),
        NotifyTarget::Webhook(webhook) => match &webhook.body {
            None => own(notification).to_string(),
            Some(template) => filled(template, notification, !is_plain_text(&webhook.headers)),
        },
    })
}

/// Returns the token of a target that has one.
pub(super) fn token(target: &NotifyTarget) -> Option<&Password> {
    match target {
        NotifyTarget::Ntfy(ntfy) => ntfy.token.as_ref(),
        NotifyTarget::Discord { .. } | NotifyTarget::Webhook(_) => None,
    }
}

/// Returns the further headers of the request.
pub(super) fn headers(target: &NotifyTarget) -> Vec<(String, Secret)> {
    match target {
        NotifyTarget::Webhook(webhook) => webhook.headers.clone(),
        NotifyTarget::Discord { .. } | NotifyTarget::Ntfy(_) => Vec::new(),
    }
}

fn discord(notification: &Notification) -> Value {
    json!({
        "content": shortened(&without_markup(&notification.in_words()), DISCORD_MAX),
        // Nobody is called by what a game has printed.
        "allowed_mentions": { "parse": [] },
    })
}

/// Returns a text in which Discord finds no markup.
fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '#' | '[' | ']' | '@'
        ) {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

fn of_ntfy(topic: &str, notification: &Notification) -> Value {
    let notice = &notification.notice;
    let (priority, tag) = match notice.level {
        Level::Error => (4, "rotating_light"),
        Level::Warning => (3, "warning"),
        Level::Info => (3, "information_source"),
    };
    let mut message = notification.in_words();
    while message.len() > NTFY_MAX {
        message.pop();
    }
    json!({
        "topic": topic,
        "title": format!("{} {}", notice.id, notice.kind.as_str().replace('_', " ")),
        "message": message,
        "priority": priority,
        "tags": [tag],
    })
}

fn own(notification: &Notification) -> Value {
    let notice = &notification.notice;
    let held: BTreeMap<&str, u64> = notification
        .held_back
        .iter()
        .map(|(kind, count)| (kind.as_str(), *count))
        .collect();
    json!({
        "schema": 1,
        "event": notice.kind,
        "id": notice.id,
        "host": notice.host,
        "level": notice.level.as_str(),
        "text": notice.text,
        "at": notice.at,
        "held_back": held,
        "lost": notification.lost,
        "message": shortened(&notification.in_words(), WORDS_MAX),
    })
}

/// Returns true where a header says that the body is plain text.
fn is_plain_text(headers: &[(String, Secret)]) -> bool {
    let mut types = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    types.any(|(_, value)| value.reveal().trim_start().starts_with("text/plain"))
}

/// Returns a body of the inventory with the words in their places, each once: words in
/// which such a place stands stay as they are.
fn filled(template: &str, notification: &Notification, escaped: bool) -> String {
    let notice = &notification.notice;
    let message = shortened(&notification.in_words(), WORDS_MAX);
    let words = [
        ("{message}", message.as_str()),
        ("{id}", &notice.id),
        ("{host}", notice.host.as_deref().unwrap_or_default()),
        ("{event}", notice.kind.as_str()),
        ("{level}", notice.level.as_str()),
        ("{text}", &notice.text),
        ("{at}", &notice.at),
    ];
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let found = words.iter().find(|(place, _)| from.starts_with(place));
        let taken = match found {
            Some((place, word)) if escaped => {
                let quoted = Value::from(*word).to_string();
                out.push_str(quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default());
                place.len()
            }
            Some((place, word)) => {
                out.push_str(word);
                place.len()
            }
            None => {
                out.push('{');
                1
            }
        };
        rest = from.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::notice;
    use super::*;
    use crate::event::EventKind;
    use crate::inventory::{NtfyTarget, WebhookTarget};

    fn notification(text: &str) -> Notification {
        Notification {
            notice: notice("rust_main", EventKind::GaveUp, text),
            held_back: BTreeMap::from([(EventKind::Crashed, 2)]),
            lost: 0,
        }
    }

    fn given(text: &str) -> Password {
        Password::Given(Secret::new(text.to_owned()))
    }

    fn webhook(body: Option<&str>, content_type: Option<&str>) -> NotifyTarget {
        let header = |value: &str| ("content-type".to_owned(), Secret::new(value.to_owned()));
        NotifyTarget::Webhook(Box::new(WebhookTarget {
            url: given("http://a"),
            headers: content_type.into_iter().map(header).collect(),
            body: body.map(str::to_owned),
            ca: None,
        }))
    }

    fn sent(target: &NotifyTarget, text: &str) -> String {
        body(target, &notification(text)).reveal().to_owned()
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn discord_gets_plain_text_that_calls_nobody() {
        let target = NotifyTarget::Discord { url: given("http://a") };
        let body = read(&sent(&target, "@everyone **x** <@1>"));
        assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
        let content = body["content"].as_str().unwrap();
        assert!(
            content.starts_with("rust\\_main: \\@everyone \\*\\*x\\*\\* \\<\\@1\\>\nand before it"),
            "{content}"
        );
        let long = read(&sent(&target, &"*".repeat(5000)));
        assert_eq!(long["content"].as_str().unwrap().chars().count(), DISCORD_MAX);
    }

    #[test]
    fn ntfy_gets_a_topic_a_title_and_a_priority() {
        let target = NotifyTarget::Ntfy(Box::new(NtfyTarget {
            url: given("http://a"),
            topic: "games".to_owned(),
            token: None,
            ca: None,
        }));
        let body = read(&sent(&target, "given up"));
        assert_eq!(
            (&body["topic"], &body["title"], &body["priority"]),
            (&json!("games"), &json!("rust_main gave up"), &json!(4))
        );
        let long = read(&sent(&target, &"ü".repeat(5000)));
        assert!(long["message"].as_str().unwrap().len() <= NTFY_MAX);
    }

    #[test]
    fn a_webhook_gets_the_whole_notice() {
        let body = read(&sent(&webhook(None, None), "given up"));
        assert_eq!(
            (&body["event"], &body["id"], &body["held_back"]["crashed"]),
            (&json!("gave_up"), &json!("rust_main"), &json!(2))
        );
    }

    #[test]
    fn a_body_of_ones_own_is_filled_once_and_stays_json() {
        let target = webhook(Some(r#"{"text": "{message}", "who": {"id": "{id}"}, "x": {}}"#), None);
        let body = read(&sent(&target, "a \"quoted\" {id}\\ \u{1}"));
        assert_eq!(body["who"]["id"], json!("rust_main"));
        let text = body["text"].as_str().unwrap();
        assert!(text.starts_with("rust_main: a \"quoted\" {id}\\ \u{1}\n"), "{text}");
        // It may begin or end with a quote.
        let target = webhook(Some(r#"["{text}"]"#), None);
        assert_eq!(read(&sent(&target, "\"x\"")), json!(["\"x\""]));
        let plain = webhook(Some("{event}: {text}"), Some("text/plain; charset=utf-8"));
        assert_eq!(sent(&plain, "a \"b\""), "gave_up: a \"b\"");
    }
}
