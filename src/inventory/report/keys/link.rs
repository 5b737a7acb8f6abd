//! The link.

use super::channel::PASSWORD;
use super::table::Holds::{ChoiceList, Duration, Flag, Path, Section as In, SectionOr, Text, Words};
use super::table::{Key, Section, keys};

pub(crate) static LINK: Section = Section {
    name: "link",
    place: "`link`",
    about: "Carried out by `run`.",
    groups: &[keys! {
        "nats": In(&NATS), "none", "nats: { servers: ['nats://127.0.0.1:4222'] }",
            "States, heartbeats and events go out over NATS, and verbs may come in.";
    }],
};

pub(crate) static NATS: Section = Section {
    name: "nats",
    place: "`nats`",
    about: "Subjects: PREFIX.NODE.ID.status at each transition, PREFIX.NODE.ID.heartbeat, PREFIX.NODE.events, and PREFIX.NODE.ID.cmd for requests.",
    groups: &[keys! {
        "servers": Words, "required", "servers: ['nats://127.0.0.1:4222']",
            "The servers, of which one is enough: `nats://HOST:PORT`, or `tls://HOST:PORT`.";
        "prefix": Text, "gamectl", "prefix: games.eu",
            "The beginning of each subject.";
        "node": Text, "the name of this host, up to its first dot", "node: box1",
            "The name of this host in subjects: letters, digits, `-` and `_`, and no dot.";
        "credentials": In(&PASSWORD), "none", "credentials: { file: /etc/gamectl/run.creds }",
            "A file of credentials: a JWT and the seed of its key.";
        "user": Text, "none", "user: gamectl",
            "Who connects; with `password`.";
        "password": SectionOr(&PASSWORD), "none", "password: { file: /etc/gamectl/nats.pw }",
            "The password of `user`.";
        "token": SectionOr(&PASSWORD), "none", "token: { file: /etc/gamectl/nats.token }",
            "A token, in place of a user and a password.";
        "nkey": SectionOr(&PASSWORD), "none", "nkey: { file: /etc/gamectl/nats.nk }",
            "The seed of a user's key, in place of a user and a password.";
        "tls": In(&NATS_TLS), "what the server asks for, with the system's certificates", "tls: { ca: /etc/gamectl/ca.pem }",
            "TLS, whatever the server asks for.";
        "accept": ChoiceList(&["status", "start", "stop", "restart"]), "none", "accept: [status, restart]",
            "The verbs that may be asked for over PREFIX.NODE.ID.cmd.";
        "heartbeat": Duration, "15s", "heartbeat: 5s",
            "How often each instance is told of, whether it has changed or not; `0s`: never.";
        "stream": Flag, "false", "stream: true",
            "Has the server keep the last status and heartbeat of each instance, in a stream of JetStream, for whoever comes later.";
    }],
};

pub(crate) static NATS_TLS: Section = Section {
    name: "nats_tls",
    place: "`tls`",
    about: "May be empty.",
    groups: &[keys! {
        "ca": Path, "the system's", "ca: /etc/gamectl/ca.pem",
            "The certificates that are trusted, in PEM.";
        "certificate": Path, "none", "certificate: /etc/gamectl/run.pem",
            "The certificate of this client, in PEM; with `key`.";
        "key": Path, "none", "key: /etc/gamectl/run.key",
            "The private key of `certificate`, in PEM.";
    }],
};
