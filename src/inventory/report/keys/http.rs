//! A request over HTTP.

use super::channel::PASSWORD;
use super::table::Holds::{Choice, Map, Numbers, Path, SectionOr, Text};
use super::table::{Key, Section, keys};

pub(crate) static HTTP: Section = Section {
    name: "http",
    place: "`http`",
    about: "Or the URL alone.",
    groups: &[keys! {
        "url": Text, "required", "url: http://127.0.0.1:8212/health",
            "What to ask for. `https:` checks the server's certificate. A login may stand in it: `http://USER:PASSWORD@...`.";
        "status": Numbers(100, 599), "200 to 299", "status: [200, 401]",
            "The wanted answers.";
        "method": Choice(&["GET", "POST", "PUT"]), "GET; in a step, POST", "method: PUT",
            "What is asked for.";
        "body": Text, "none", "body: '{\"waittime\": 10}'",
            "What is sent along.";
        "user": Text, "none", "user: admin",
            "Who asks, by basic authentication; with `password`.";
        "password": SectionOr(&PASSWORD), "none", "password: { file: /srv/pal/admin.pw }",
            "The password of `user`.";
        "token": SectionOr(&PASSWORD), "none", "token: { file: /srv/satisfactory/token }",
            "A bearer token, in place of a user and a password.";
        "headers": Map(&Text), "none", "headers: { X-Api-Key: '${API_KEY}' }",
            "More headers; what they hold is never shown.";
        "ca": Path, "the system's", "ca: /srv/satisfactory/cert.pem",
            "The certificates that `https:` trusts, in PEM: the server's own, or its issuer's.";
    }],
};
