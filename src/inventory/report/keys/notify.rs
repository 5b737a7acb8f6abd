//! A target of `notify`.

use super::channel::PASSWORD;
use super::table::Holds::{ChoiceList, Map, Path, Section as In, SectionOr, Text};
use super::table::{Key, Section, keys};

pub(crate) static NOTIFY: Section = Section {
    name: "notify",
    place: "a target of `notify`",
    about: "One of `discord`, `webhook` and `ntfy`. An instance tells a target something once a minute at most; what happens meanwhile is counted, and told in the next message. Files are of the machine of `run`, whatever host the instance is on.",
    groups: &[keys! {
        "discord": In(&DISCORD), "none", "discord: { url: { file: /etc/gamectl/discord.url } }",
            "A channel of Discord, by its webhook.";
        "webhook": In(&WEBHOOK), "none", "webhook: { url: 'https://example.net/games' }",
            "A URL of anybody's, which gets JSON by POST.";
        "ntfy": In(&NTFY), "none", "ntfy: { topic: my-games }",
            "A topic of ntfy.";
        "on": ChoiceList(&["crashed", "start_failed", "hung", "gave_up", "restarted", "recovered", "started", "stopped", "not_ready", "schedule"]), "all but `restarted`, `started` and `stopped`", "on: [crashed, gave_up]",
            "What it is told of.";
    }],
};

const CA: &[Key] = keys! {
    "ca": Path, "the system's", "ca: /etc/gamectl/ca.pem",
        "The certificates that `https:` trusts, in PEM: the server's own, or its issuer's.";
};

pub(crate) static DISCORD: Section = Section {
    name: "discord",
    place: "`discord`",
    about: "The URL is a secret: whoever knows it may write there.",
    groups: &[keys! {
        "url": SectionOr(&PASSWORD), "required", "url: { file: /etc/gamectl/discord.url }",
            "The URL of the webhook, as the settings of the channel show it: text, or a file whose first line it is.";
    }],
};

pub(crate) static WEBHOOK: Section = Section {
    name: "webhook",
    place: "`webhook`",
    about: "It is asked again where it answers 429, 5xx or nothing, five times at most. Redirects are not followed.",
    groups: &[
        keys! {
            "url": SectionOr(&PASSWORD), "required", "url: 'https://example.net/games'",
                "Where to: text, or a file whose first line it is.";
            "headers": Map(&Text), "none", "headers: { Authorization: 'Bearer ${TOKEN}' }",
                "More headers; what they hold is never shown.";
            "body": Text, "an object with `event`, `id`, `host`, `level`, `text`, `at`, `held_back` and `message`", "body: '{\"text\": \"{message}\"}'",
                "What is sent, with `{message}`, `{id}`, `{host}`, `{event}`, `{level}`, `{text}` and `{at}` in it. Their values are escaped as within a string of JSON, unless a header says that it is `text/plain`.";
        },
        CA,
    ],
};

pub(crate) static NTFY: Section = Section {
    name: "ntfy",
    place: "`ntfy`",
    about: "See https://docs.ntfy.sh.",
    groups: &[
        keys! {
            "url": SectionOr(&PASSWORD), "https://ntfy.sh", "url: https://ntfy.example.net",
                "The server.";
            "topic": Text, "required", "topic: my-games",
                "The topic: letters, digits, `-` and `_`. On a public server whoever knows it may read it.";
            "token": SectionOr(&PASSWORD), "none", "token: { file: /etc/gamectl/ntfy.token }",
                "An access token.";
        },
        CA,
    ],
};
