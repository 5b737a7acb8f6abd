//! The head of an answer over HTTP/1, as far as it has come. See RFC 9112, section 2,
//! <https://www.rfc-editor.org/rfc/rfc9112#section-2>. The body is not read.

/// The longest first line, in bytes.
const LINE_MAX: usize = 1024;

/// The longest head, and the most that informational answers may take before the
/// final one, in bytes.
pub(super) const HEAD_MAX: usize = 64 * 1024;

/// The longest address of a redirect that is shown, in characters.
const LOCATION_MAX: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotHttp;

/// The head of a final answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// The address of a redirect, without what may be secret in it.
    pub(super) location: Option<String>,
    /// False while more of it may come.
    pub(super) is_whole: bool,
}

/// Reads the head of the final answer, behind those that are informational. Returns
/// `None` if its first line is not here yet.
pub(super) fn head(bytes: &[u8]) -> Result<Option<Head>, NotHttp> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(status) = status(rest)? else {
            return Ok(None);
        };
        let end = end(rest);
        // 101 is an answer: nothing else follows it.
        if !matches!(status, 100 | 102..=199) {
            let lines = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            return Ok(Some(Head {
                status,
                location: location(lines),
                is_whole: end.is_some(),
            }));
        }
        match end {
            Some(end) => at += end,
            None if rest.len() < HEAD_MAX => return Ok(None),
            None => return Err(NotHttp),
        }
        if at >= HEAD_MAX {
            return Err(NotHttp);
        }
    }
}

/// Reads the status in a first line; `None` if that is not whole yet.
fn status(bytes: &[u8]) -> Result<Option<u16>, NotHttp> {
    let Some(end) = bytes.iter().take(LINE_MAX + 1).position(|byte| *byte == b'\n') else {
        return if bytes.len() > LINE_MAX { Err(NotHttp) } else { Ok(None) };
    };
    let line = std::str::from_utf8(bytes.get(..end).unwrap_or_default()).unwrap_or_default();
    let code = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split_ascii_whitespace().nth(1))
        .filter(|code| code.len() == 3)
        .and_then(|code| code.parse().ok());
    code.map(Some).ok_or(NotHttp)
}

/// Returns where a head ends: behind its empty line.
fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes
        .get(..HEAD_MAX)
        .unwrap_or(bytes)
        .split_inclusive(|byte| *byte == b'\n')
    {
        at += line.len();
        if at > line.len() && matches!(line, b"\n" | b"\r\n") {
            return Some(at);
        }
    }
    None
}

/// Returns where a head redirects to. User, password and query may be secrets, and are
/// left out.
fn location(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(name, _)| name.eq_ignore_ascii_case("location"))?;
    let value = value.trim().split(['?', '#']).next().unwrap_or_default();
    let shown = match value.split_once("//") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}//{host}{path}")
        }
        None => value.to_owned(),
    };
    let shown: String = shown.chars().filter(|c| !c.is_control()).take(LOCATION_MAX).collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// However an answer is cut into pieces.
    #[test]
    fn a_first_line_that_is_too_long_is_none() {
        for (padding, wanted) in [(LINE_MAX - 12, Ok(Some(200))), (LINE_MAX - 11, Err(NotHttp))] {
            let line = format!("HTTP/1.1 200{}\nX: y", " ".repeat(padding));
            let status = |bytes: &[u8]| head(bytes).map(|head| head.map(|head| head.status));
            assert_eq!(status(line.as_bytes()), wanted);
            let first = (0..=line.len()).map(|n| status(&line.as_bytes()[..n]));
            assert_eq!(first.into_iter().find(|found| *found != Ok(None)), Some(wanted));
        }
    }

    #[test]
    fn final_answers() {
        for (text, wanted) in [
            ("HTTP/1.1 200 OK\r\nX: y", Some((200, None, false))),
            ("HTTP/1.0 503\r\n", Some((503, None, false))),
            ("HTTP/1.0 403 No\n\nbody", Some((403, None, true))),
            ("HTTP/1.1 404 No\r\nX: y\r\n\r\n", Some((404, None, true))),
            ("HTTP/1.1 20", None),
            ("HTTP/1.1 100 Continue\r\n\r\n", None),
            ("HTTP/1.1 100 Continue\r\nX: y\r\n", None),
            (
                "HTTP/1.1 100\r\n\r\nHTTP/1.1 102 Wait\r\nX: y\r\n\r\nHTTP/1.1 204 OK\r\n\r\n",
                Some((204, None, true)),
            ),
            ("HTTP/1.1 101 Switching\r\n\r\n", Some((101, None, true))),
            (
                "HTTP/1.1 301 Moved\r\nlocation:  /new?token=x\r\n\r\n",
                Some((301, Some("/new"), true)),
            ),
            (
                "HTTP/1.1 308 Moved\r\nA: b\r\nLocation: https://me:pw@host:1/a/b#c\r\n\r\n",
                Some((308, Some("https://host:1/a/b"), true)),
            ),
            (
                "HTTP/1.1 302 Found\r\nLocation: //host?x\r\n\r\n",
                Some((302, Some("//host"), true)),
            ),
        ] {
            let found = head(text.as_bytes()).unwrap();
            let found = found
                .as_ref()
                .map(|head| (head.status, head.location.as_deref(), head.is_whole));
            assert_eq!(found, wanted, "{text:?}");
        }
        for bad in [&b"HTTP/2 200\r\n"[..], b"hello\n", b"HTTP/1.1 2000 OK\n", &[b'x'; 2000]] {
            assert_eq!(head(bad), Err(NotHttp), "{bad:?}");
        }
    }

    #[test]
    fn informational_answers_have_an_end() {
        for flood in [
            "HTTP/1.1 102 Wait\r\n\r\n".repeat(10_000),
            format!("HTTP/1.1 102 Wait\r\n{}", "X: y\r\n".repeat(20_000)),
        ] {
            assert_eq!(head(flood.as_bytes()), Err(NotHttp));
        }
    }

    proptest! {
        #[test]
        fn a_verdict_stays_when_more_comes(pieces in prop::collection::vec(prop::sample::select(vec![
            "HTTP/1.1 100 C", "HTTP/1.1 200 OK", "HTTP/1.0 404", "\r\n", "\n", "\r", "Location: /x", "X: y", "\u{fc}",
        ]), 0..12)) {
            let text = pieces.concat();
            let bytes = text.as_bytes();
            let status = |bytes: &[u8]| head(bytes).map(|head| head.map(|head| head.status));
            let first = (0..=bytes.len()).map(|n| status(&bytes[..n])).find(|found| *found != Ok(None));
            prop_assert_eq!(first.unwrap_or(Ok(None)), status(bytes));
        }
    }
}
