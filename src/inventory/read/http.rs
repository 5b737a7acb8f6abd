//! `http` of `ready`, `healthy` and `stop`: a URL, or a mapping with one.

use super::address::address;
use super::collector::Collector;
use crate::inventory::model::probe::{HttpCheck, HttpMethod};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Node, Shape};

/// The longest path, in bytes.
const PATH_MAX: usize = 2000;

/// The largest body, in bytes.
const BODY_MAX: usize = 64 * 1024;

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
    let request = http.get("url", |check, _, node| url(check, "`http`", node))?;
    Some(HttpCheck {
        status,
        method,
        body,
        ..request
    })
}

fn read_body(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let body = check.word(what, "text", node)?;
    if body.len() > BODY_MAX {
        check.problem(node.span, "`body` must be at most 64KiB");
        return None;
    }
    Some(body.into_owned())
}

fn url(check: &mut Collector, what: &str, node: &Node) -> Option<HttpCheck> {
    let word = check.word(what, "a URL", node)?;
    match parse(&word) {
        Ok(request) => Some(request),
        Err(hint) => {
            // It may carry a token, so it is not repeated.
            check.problem(node.span, "`http` must be a URL").hint(hint);
            None
        }
    }
}

fn parse(text: &str) -> Result<HttpCheck, &'static str> {
    const FORM: &str = "write it like `http://127.0.0.1:8212/health`";
    if text.starts_with("https:") {
        return Err("TLS is not spoken here; ask with `exec` and a program such as curl");
    }
    let rest = text.strip_prefix("http://").ok_or(FORM)?;
    let (host, path) = match rest.find(['/', '?']) {
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
    let has_port = host.contains(':') && !host.ends_with(']');
    let address = if has_port {
        address(host)?
    } else {
        address(&format!("{host}:80"))?
    };
    Ok(HttpCheck {
        address,
        path,
        status: Vec::new(),
        method: HttpMethod::Get,
        body: String::new(),
    })
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
        ] {
            let request = parse(text).unwrap();
            assert_eq!(format!("{} {}", request.address, request.path), wanted);
        }
        for text in [
            "",
            "a",
            "https://a",
            "http://",
            "http://a:0",
            "http://a/ b",
            "http://a/#b",
            "http://u@a/",
            "http://a/\r\nX: y",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
