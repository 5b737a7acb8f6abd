//! `http` of `ready`, `healthy` and `stop`: a URL, or a mapping with one.

use super::address::address;
use super::channels;
use super::collector::Collector;
use super::section::Fields;
use crate::inventory::model::channels::{Password, Secret};
use crate::inventory::model::http::{HttpAccess, HttpCheck, HttpLogin, HttpMethod, Tls};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Node, Shape};

/// The longest path, in bytes.
const PATH_MAX: usize = 2000;

/// The largest body, in bytes.
const BODY_MAX: usize = 64 * 1024;

/// Headers that the request has anyway.
const OUR_HEADERS: [&str; 4] = ["host", "connection", "content-length", "transfer-encoding"];

/// Reads it; `method` is used where none is given.
pub(super) fn read(check: &mut Collector, method: HttpMethod, node: &Node) -> Option<HttpCheck> {
    if !matches!(node.shape, Shape::Map(_)) {
        return url(check, "`http`", node).map(|request| HttpCheck { method, ..request });
    }
    let mut http = check.section("`http`", &keys::HTTP, node);
    let hint = "such as `http: { url: 'http://127.0.0.1:8212/', status: [200, 401] }`";
    http.require("url", node.span, "`http` has no `url`", hint);
    let status = http.numbers("status", "a status").unwrap_or_default();
    let method = http.choice("method").unwrap_or(method);
    let body = http.get("body", read_body).unwrap_or_default();
    let login = login(&mut http);
    let headers = http.get("headers", headers).unwrap_or_default();
    let ca = http.get("ca", Collector::path);
    let mut request = http.get("url", |check, _, node| url(check, "`http`", node))?;
    if let (Some(ca), Some(tls)) = (&ca, &mut request.tls) {
        tls.ca = Some(ca.clone());
    } else if let Some(entry) = http.entry("ca").filter(|_| ca.is_some()) {
        let message = "`ca` means nothing where the URL does not begin with `https:`";
        http.check.problem(entry.at, message);
    }
    let has_header = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let logins = [request.access.login.is_some(), login.is_some(), has_header];
    if logins.into_iter().filter(|given| *given).count() > 1 {
        http.check
            .problem(node.span, "`http` has two logins")
            .hint("give one: in the URL, by `user` and `password`, by `token`, or by a header");
    }
    let login = request.access.login.take().or(login);
    Some(HttpCheck {
        status,
        method,
        body,
        access: HttpAccess { login, headers },
        ..request
    })
}

fn login(http: &mut Fields) -> Option<HttpLogin> {
    let user = http.get("user", user);
    let password = http.get("password", channels::password);
    let token = http.get("token", channels::password);
    let given = |key: &str| http.entry(key).map(|entry| entry.at);
    let (wrong, at) = match (given("user"), given("password"), given("token")) {
        (Some(_), None, None) => ("`user` needs a `password`", given("user")),
        (None, Some(_), _) => ("`password` needs a `user`", given("password")),
        (Some(_), _, Some(_)) => ("`token` cannot be together with `user`", given("token")),
        _ => ("", None),
    };
    if let Some(at) = at {
        http.check.problem(at, wrong);
    }
    match (user, password, token) {
        (Some(user), Some(password), _) => Some(HttpLogin::Basic { user, password }),
        (_, _, Some(token)) => Some(HttpLogin::Bearer(token)),
        _ => None,
    }
}

pub(super) fn user(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let user = check.word(what, "a user's name", node)?;
    if !is_user(&user) {
        let message = format!("{what} cannot be empty, nor contain `:` or control characters");
        check.problem(node.span, message);
        return None;
    }
    Some(user.into_owned())
}

fn is_user(user: &str) -> bool {
    !user.is_empty() && !user.contains(|c: char| c == ':' || c.is_control())
}

pub(super) fn headers(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<(String, Secret)>> {
    let entries = check.mapping(what, "a mapping of names to values", node);
    let mut headers = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = entry.key.as_ref();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            check.problem(entry.at, "the name of a header is letters, digits and `-`");
            continue;
        }
        if OUR_HEADERS.contains(&&*name.to_ascii_lowercase()) {
            check.problem(
                entry.at,
                format!("the header `{name}` is not given: it follows from the rest"),
            );
            continue;
        }
        let Some(value) = check.word("the value of a header", "text", &entry.value) else {
            continue;
        };
        if value.contains(char::is_control) {
            check.problem(entry.value.span, "the value of a header must be a single line");
            continue;
        }
        headers.push((name.to_owned(), Secret::new(value.into_owned())));
    }
    Some(headers)
}

pub(super) fn read_body(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let body = check.word(what, "text", node)?;
    if body.len() > BODY_MAX {
        check.problem(node.span, "`body` must be at most 64KiB");
        return None;
    }
    Some(body.into_owned())
}

pub(super) fn url(check: &mut Collector, what: &str, node: &Node) -> Option<HttpCheck> {
    let word = check.word(what, "a URL", node)?;
    match parse(&word) {
        Ok(request) => Some(request),
        Err(hint) => {
            // It may carry a token, so it is not repeated.
            check.problem(node.span, format!("{what} must be a URL")).hint(hint);
            None
        }
    }
}

/// Reads a URL.
///
/// # Errors
/// With a hint; a URL may be a secret, so it is not in there.
pub fn parse(text: &str) -> Result<HttpCheck, &'static str> {
    const FORM: &str = "write it like `http://127.0.0.1:8212/health`";
    let (rest, tls, port) = match text.strip_prefix("https://") {
        Some(rest) => (rest, Some(Tls::default()), 443),
        None => (text.strip_prefix("http://").ok_or(FORM)?, None, 80),
    };
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let printable = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !printable || path.len() > PATH_MAX {
        return Err("what is not ASCII, and spaces, are written like `%20`; a fragment (`#`) has no meaning here");
    }
    let path = if path.starts_with('?') {
        format!("/{path}")
    } else {
        path.to_owned()
    };
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (Some(login_of_url(login)?), host),
        None => (None, authority),
    };
    let has_port = host.contains(':') && !host.ends_with(']');
    let address = if has_port {
        address(host)?
    } else {
        address(&format!("{host}:{port}"))?
    };
    Ok(HttpCheck {
        address,
        path,
        status: Vec::new(),
        method: HttpMethod::Get,
        body: String::new(),
        tls,
        access: HttpAccess {
            login,
            headers: Vec::new(),
        },
    })
}

/// Reads `USER:PASSWORD` of a URL.
fn login_of_url(text: &str) -> Result<HttpLogin, &'static str> {
    const FORM: &str = "a login is written like `http://USER:PASSWORD@127.0.0.1:8212/`, with `%40` for `@`, `%2F` for `/` and `%25` for `%`; or give `user` and `password`";
    let (user, password) = text.split_once(':').ok_or(FORM)?;
    let (user, password) = (decoded(user).ok_or(FORM)?, decoded(password).ok_or(FORM)?);
    if !is_user(&user) || password.is_empty() || password.contains(char::is_control) {
        return Err(FORM);
    }
    let password = Password::Given(Secret::new(password));
    Ok(HttpLogin::Basic { user, password })
}

/// Decodes what is written like `%20`.
fn decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let digits = piece
            .get(..2)
            .filter(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, wanted) in [
            ("http://a", "a:80 /"),
            ("http://127.0.0.1:8212/v1/api?x=1", "127.0.0.1:8212 /v1/api?x=1"),
            ("http://[::1]/x", "[::1]:80 /x"),
            ("http://[::1]:81?y", "[::1]:81 /?y"),
            ("https://a", "a:443 /"),
            ("https://[::1]:81", "[::1]:81 /"),
            ("http://u:p@a/@x", "a:80 /@x"),
            ("https://u:p@[::1]/", "[::1]:443 /"),
        ] {
            let request = parse(text).unwrap();
            assert_eq!(format!("{} {}", request.address, request.path), wanted);
            assert_eq!(request.tls.is_some(), text.starts_with("https:"));
            assert_eq!(request.access.login.is_some(), text.contains("u:p@"));
        }
        for text in [
            "",
            "a",
            "ftp://a",
            "http://",
            "http://a:0",
            "http://a/ b",
            "http://a/#b",
            "http://u@a/",
            "http://:p@a/",
            "http://u:@a/",
            "http://u:%zz@a/",
            "http://u:%1@a/",
            "http://u:%0a@a/",
            "http://u:%ff@a/",
            "http://a/\r\nX: y",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_login_of_a_url() {
        let login = |text: &str| match parse(text).unwrap().access.login {
            Some(HttpLogin::Basic {
                user,
                password: Password::Given(secret),
            }) => format!("{user} {}", secret.reveal()),
            other => panic!("{other:?}"),
        };
        assert_eq!(login("http://admin:s3cret@a"), "admin s3cret");
        assert_eq!(login("http://a%40b:p%3A%2f%25:@%C3%A9@a"), "a@b p:/%:@é");
    }

    /// Returns what is wrong with `http: {url: URL, MORE}`.
    fn wrong(scheme: &str, more: &str) -> String {
        let text = format!(
            "instances: {{a: {{process: {{executable: /x}}, ready: {{http: {{url: '{scheme}://a', {more}}}}}}}}}"
        );
        match crate::inventory::parse(text.as_bytes(), "", "/".as_ref(), &|_| None) {
            Ok(_) => String::new(),
            Err(problems) => problems.to_string(),
        }
    }

    #[test]
    fn logins_headers_and_certificates() {
        for (scheme, more) in [
            ("http", "user: u, password: p"),
            ("http", "user: u, password: {file: /p}"),
            ("http", "token: {file: /t}"),
            ("https", "token: t, ca: /c"),
            ("http", "headers: {X-Key: 'a b', Accept: text/html}"),
            ("http", "headers: {Authorization: x}"),
        ] {
            assert_eq!(wrong(scheme, more), "", "{more}");
        }
        for (scheme, more, told) in [
            ("http", "user: u", "`user` needs a `password`"),
            ("http", "password: SECRET", "`password` needs a `user`"),
            ("http", "user: 'a:b', password: SECRET", "`user` cannot be empty"),
            ("http", "user: u, password: SECRET, token: SECRET", "cannot be together"),
            ("http", "token: SECRET, headers: {authorization: SECRET}", "two logins"),
            ("http://u:SECRET@b/#", "token: x", "must be a URL"),
            ("http", "token: \"SE\\nCRET\"", "must be a single line"),
            ("http", "headers: {'a b': SECRET}", "the name of a header"),
            (
                "http",
                "headers: {Content-Length: SECRET}",
                "`Content-Length` is not given",
            ),
            ("http", "headers: {X: \"SECRET\\r\\nY: z\"}", "must be a single line"),
            ("http", "ca: /c", "`ca` means nothing"),
        ] {
            let problems = wrong(scheme, more);
            assert!(problems.contains(told), "{more}: {problems}");
            assert!(!problems.contains("SECRET"), "{more}: {problems}");
        }
    }
}
