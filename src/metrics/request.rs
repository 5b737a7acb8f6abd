//! The request to the server of metrics, and the head of the answer: as much of
//! HTTP/1.1 as that takes.

/// The longest head of a request, in bytes.
pub(super) const HEAD_MAX: usize = 8 << 10;

/// A form of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextForm {
    OpenMetrics,
    /// The older one of Prometheus.
    Plain,
}

/// The answer that a request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetricsReply {
    Metrics { form: TextForm, with_body: bool },
    NotFound,
    NotAllowed,
    Malformed,
}

/// Returns the length of the head of a request, once all of it is there.
pub(super) fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// Decides about the head of a request.
pub(super) fn reply(head: &[u8]) -> MetricsReply {
    let Ok(head) = std::str::from_utf8(head) else {
        return MetricsReply::Malformed;
    };
    let mut lines = head.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let &[method, target, version] = words.as_slice() else {
        return MetricsReply::Malformed;
    };
    if !version.starts_with("HTTP/1.") {
        return MetricsReply::Malformed;
    }
    let accept = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("accept"));
    let mut wanted = accept.map(|(_, value)| value.to_ascii_lowercase());
    let form = match wanted.any(|value| value.contains("application/openmetrics-text")) {
        true => TextForm::OpenMetrics,
        false => TextForm::Plain,
    };
    let path = target.split('?').next().unwrap_or_default();
    match method {
        _ if !matches!(path, "/metrics" | "/") => MetricsReply::NotFound,
        "GET" => MetricsReply::Metrics { form, with_body: true },
        "HEAD" => MetricsReply::Metrics { form, with_body: false },
        _ => MetricsReply::NotAllowed,
    }
}

/// Returns an answer with this text.
pub(super) fn answer(reply: MetricsReply, metrics: &str) -> String {
    let (status, kind, body) = match reply {
        MetricsReply::Metrics {
            form: TextForm::OpenMetrics,
            ..
        } => (
            "200 OK",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            metrics,
        ),
        MetricsReply::Metrics {
            form: TextForm::Plain, ..
        } => ("200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics),
        MetricsReply::NotFound => ("404 Not Found", "text/plain", "the metrics are at /metrics\n"),
        MetricsReply::NotAllowed => ("405 Method Not Allowed\r\nAllow: GET, HEAD", "text/plain", "only GET\n"),
        MetricsReply::Malformed => ("400 Bad Request", "text/plain", "this is not HTTP/1.1\n"),
    };
    let length = body.len();
    let body = match reply {
        MetricsReply::Metrics { with_body: false, .. } => "",
        _ => body,
    };
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_their_answers() {
        let metrics = |form, with_body| MetricsReply::Metrics { form, with_body };
        let open = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.3\r\n";
        for (request, wanted) in [
            (
                "GET /metrics HTTP/1.1\r\n\r\n".to_owned(),
                metrics(TextForm::Plain, true),
            ),
            (
                format!("GET /metrics?x=1 HTTP/1.1\r\n{open}\r\n"),
                metrics(TextForm::OpenMetrics, true),
            ),
            (
                format!("GET / HTTP/1.0\r\n{}\r\n", open.to_uppercase()),
                metrics(TextForm::OpenMetrics, true),
            ),
            (
                "HEAD /metrics HTTP/1.1\r\n\r\n".to_owned(),
                metrics(TextForm::Plain, false),
            ),
            ("POST /metrics HTTP/1.1\r\n\r\n".to_owned(), MetricsReply::NotAllowed),
            ("GET /../etc/passwd HTTP/1.1\r\n\r\n".to_owned(), MetricsReply::NotFound),
            ("GET /metrics HTTP/2\r\n\r\n".to_owned(), MetricsReply::Malformed),
            ("GET  /metrics HTTP/1.1\r\n\r\n".to_owned(), MetricsReply::Malformed),
            ("nonsense\r\n\r\n".to_owned(), MetricsReply::Malformed),
            ("\r\n\r\n".to_owned(), MetricsReply::Malformed),
        ] {
            assert_eq!(reply(request.as_bytes()), wanted, "{request:?}");
        }
        assert_eq!(reply(b"GET /\xff HTTP/1.1\r\n\r\n"), MetricsReply::Malformed);
    }

    #[test]
    fn an_answer_has_the_length_of_its_body() {
        let all = answer(reply(b"GET /metrics HTTP/1.1\r\n\r\n"), "abc\n");
        assert!(
            all.contains("Content-Length: 4\r\n") && all.ends_with("\r\n\r\nabc\n"),
            "{all}"
        );
        let head = answer(reply(b"HEAD /metrics HTTP/1.1\r\n\r\n"), "abc\n");
        assert!(
            head.contains("Content-Length: 4\r\n") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
        let refused = answer(MetricsReply::NotAllowed, "abc");
        assert!(refused.starts_with("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"));
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        assert_eq!(head_length(b"GET / HTTP/1.1\r\n\r\nrest"), Some(18));
        assert_eq!(head_length(b"GET / HTTP/1.1\r\nA: b\r\n"), None);
    }
}
